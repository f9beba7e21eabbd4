import pytest

from nnbench.core.keys import STORAGE, is_hyperparameter, is_part_of_setting, is_within


@pytest.mark.parametrize("key", ["seed", "study", "optimizer.name", "training.checkpoints", "tracking.uri", "mlflow.source"])
def test_what_does_not_belong_to_a_setting(key: str) -> None:
    assert not is_part_of_setting(key)


@pytest.mark.parametrize("key", ["optimizer.name_scope", "optimizer.algorithm", "training.epochs", "seeds", "dataset.noise"])
def test_what_belongs_to_a_setting(key: str) -> None:
    assert is_part_of_setting(key)


def test_hyperparameters_and_sections() -> None:
    keys = ["optimizer.name", "optimizer.algorithm", "optimizer.rho", "dataset.rho"]
    assert [key for key in keys if is_hyperparameter(key)] == ["optimizer.rho"]
    assert is_within("report.folder", STORAGE)
    assert is_within("report", STORAGE)
    assert not is_within("reporter.x", STORAGE)
