import pytest

from nnbench.core.keys import STORAGE, hyperparameter, is_hyperparameter, is_part_of_setting, is_within, key_of, short_name


@pytest.mark.parametrize("key", ["seed", "study", "optimizer.name", "training.checkpoints", "tracking.uri", "mlflow.source"])
def test_keys_that_are_not_part_of_a_setting(key: str) -> None:
    assert not is_part_of_setting(key)


@pytest.mark.parametrize("key", ["optimizer.name_scope", "optimizer.algorithm", "training.epochs", "seeds", "dataset.noise"])
def test_keys_of_a_setting(key: str) -> None:
    assert is_part_of_setting(key)


def test_hyperparameters_and_sections() -> None:
    keys = ["optimizer.name", "optimizer.algorithm", "optimizer.rho", "dataset.rho", "network.hidden", "networks.hidden"]
    keys += ["training.epochs", "training.checkpoints", "seed"]
    assert [key for key in keys if is_hyperparameter(key)] == ["optimizer.rho", "network.hidden", "training.epochs"]
    assert is_within("report.folder", STORAGE)
    assert is_within("report", STORAGE)
    assert not is_within("reporter.x", STORAGE)


@pytest.mark.parametrize(
    ("key", "name", "short"),
    [
        ("optimizer.learning_rate", "learning_rate", "lr"),
        ("optimizer.network", "network", "network"),
        ("optimizer.network.hidden", "optimizer.network.hidden", "optimizer.network.hidden"),
        ("network.hidden", "network.hidden", "network.hidden"),
        ("network.learning_rate", "network.learning_rate", "network.learning_rate"),
    ],
)
def test_the_key_of_a_hyperparameter_follows_from_its_name(key: str, name: str, short: str) -> None:
    assert (hyperparameter(key), short_name(key)) == (name, short)
    assert key_of(name) == key
