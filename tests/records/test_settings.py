from collections.abc import Hashable

import pytest

from nnbench.records.settings import settings


def test_an_optimizer_without_varied_keys_is_one_setting() -> None:
    params = [{"seed": seed, "optimizer.name": "adam", "optimizer.learning_rate": 0.05} for seed in range(3)]
    assert [name for name, _ in settings(["adam"] * 3, params)] == ["adam"] * 3


def test_keys_that_vary_within_an_optimizer_are_reported() -> None:
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


def test_a_missing_parameter_is_not_in_the_name() -> None:
    params: list[dict[str, float]] = [{"optimizer.rho": 0.9}, {"optimizer.rho": 0.99}, {}]
    assert [name for name, _ in settings(["rmsprop"] * 3, params)] == ["rmsprop rho=0.9", "rmsprop rho=0.99", "rmsprop"]


def test_irrelevant_edits_are_not_reported() -> None:
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


def test_a_long_name_is_shortened_and_stays_unique() -> None:
    names = [name for name, _ in settings(["sgd"] * 2, [{"network.hidden": "1" * 5000}, {"network.hidden": "1" * 4999}])]
    assert len(set(names)) == 2
    assert max(map(len, names)) < 200


@pytest.mark.parametrize(
    "values",
    [
        (0.3, 0.30000000000000004),
        (1, 1.0, "1", "1.0"),
        ("a b", "ab"),
        ("[1, 2]", "[1,2]"),
        ("x" * 500, "x" * 501),
        (1e-300, 1.0000000000000002e-300),
        (None, "null"),
    ],
)
def test_distinct_configurations_are_distinct_settings(values: tuple[Hashable, ...]) -> None:
    params = [{"optimizer.rate": value, "seed": seed} for value in values for seed in range(3)]
    named = settings(["sgd"] * len(params), params)
    assert len({name for name, _ in named}) == len(values)
    assert sorted(key for _, key in named), "they can be ordered"
    for at in range(0, len(named), 3):
        assert len(set(named[at : at + 3])) == 1, "seeds make no settings"


def test_equal_configurations_are_one_setting_in_any_study() -> None:
    params = [{"training.checkpoints": text, "tracking.spool": text, "seed": seed} for seed, text in enumerate(("[]", "[1]"))]
    assert len(set(settings(["sgd"] * 2, params))) == 1
    told: list[dict[str, Hashable]] = [{"draws.chain": "[a]"}, {"draws.chain": "[b]"}]
    assert len(set(settings(["sgd"] * 2, told, configurations=["same", "same"]))) == 1
