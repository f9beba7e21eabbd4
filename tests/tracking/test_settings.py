from collections.abc import Hashable

from nnbench.tracking.settings import settings


def test_an_optimizer_that_does_not_vary_is_its_own_setting() -> None:
    params = [{"seed": seed, "optimizer.name": "adam", "optimizer.learning_rate": 0.05} for seed in range(3)]
    assert [name for name, _ in settings(["adam"] * 3, params)] == ["adam"] * 3


def test_what_varies_within_an_optimizer_is_told() -> None:
    params: list[dict[str, Hashable]] = [
        {"optimizer.learning_rate": 0.05, "optimizer.beta_1": 0.9, "dataset.noise": 0.1, "network.hidden": "[64]"},
        {"optimizer.learning_rate": 0.1, "optimizer.beta_1": 0.9, "dataset.noise": 0.2, "network.hidden": "[64, 64]"},
        {"optimizer.learning_rate": 1.0, "optimizer.beta_1": None, "dataset.noise": 0.2, "network.hidden": "[64]"},
    ]
    assert [name for name, _ in settings(["adam", "adam", "sgd"], params)] == [
        "adam lr=0.05 dataset.noise=0.1 network.hidden=[64]",
        "adam lr=0.1 dataset.noise=0.2 network.hidden=[64,64]",
        "sgd",
    ]


def test_a_run_that_lacks_a_parameter_does_not_name_it() -> None:
    params: list[dict[str, float]] = [{"optimizer.rho": 0.9}, {"optimizer.rho": 0.99}, {}]
    assert [name for name, _ in settings(["rmsprop"] * 3, params)] == ["rmsprop rho=0.9", "rmsprop rho=0.99", "rmsprop"]


def test_what_cannot_change_the_numbers_is_not_told() -> None:
    params = [
        {"study": name, "seed": seed, "tracking.uri": name, "report.title": name, "resume": name, "optimizer.name": name}
        for seed, name in enumerate("ab")
    ]
    assert [name for name, _ in settings(["sgd", "sgd"], params)] == ["sgd", "sgd"]


def test_settings_sort_by_their_numbers() -> None:
    rates = [0.05, 1.0, 0.5, 10.0, 5e-07]
    named = settings(["sgd"] * 5, [{"optimizer.learning_rate": rate} for rate in rates])
    ordered = [name for name, _ in sorted(named, key=lambda setting: setting[1])]
    assert ordered == ["sgd lr=5e-07", "sgd lr=0.05", "sgd lr=0.5", "sgd lr=1", "sgd lr=10"]


def test_numbers_sort_before_words() -> None:
    named = settings(["sgd"] * 3, [{"optimizer.schedule": value} for value in ("linear", 2, 1)])
    assert [name for name, _ in sorted(named, key=lambda setting: setting[1])] == [
        "sgd schedule=1",
        "sgd schedule=2",
        "sgd schedule=linear",
    ]


def test_a_name_too_long_to_read_is_cut_and_still_its_own() -> None:
    names = [name for name, _ in settings(["sgd"] * 2, [{"network.hidden": "1" * 5000}, {"network.hidden": "1" * 4999}])]
    assert len(set(names)) == 2
    assert max(map(len, names)) < 200
