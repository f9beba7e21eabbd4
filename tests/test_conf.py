"""Every YAML in conf/ composes and holds what it says: a new one is tested with no new test."""

from pathlib import Path
from typing import Any

import pytest

from nnbench import datasets, optimizers
from nnbench.app import CONF
from nnbench.validation import parse
from tests.conftest import composed

GROUPS = ("optimizer", "space", "dataset", "network", "training", "tracking", "report", "sweep", "experiment")


def _options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


CHOICES = [(group, option) for group in GROUPS for option in _options(group)]


def test_every_folder_is_a_group_that_is_tested() -> None:
    assert {path.name for path in Path(CONF).iterdir() if path.is_dir()} == set(GROUPS)


@pytest.mark.parametrize(("group", "option"), CHOICES)
def test_option_composes_and_is_valid(group: str, option: str) -> None:
    words = [f"{group}={option}"]
    if (group, option) == ("optimizer", "custom"):
        words.append("optimizer.algorithm=nnbench.optimizers.sgd:SGD")
    if (group, option) == ("experiment", "notebook"):
        words.append("optimizer=sgd")
    parse(composed(*words))


@pytest.mark.parametrize("name", optimizers.known())
def test_every_optimizer_has_a_yaml(name: str) -> None:
    assert name in _options("optimizer")
    assert composed(f"optimizer={name}")["optimizer"]["algorithm"] == name


@pytest.mark.parametrize("name", datasets.known())
def test_every_dataset_has_a_yaml(name: str) -> None:
    assert name in _options("dataset")


@pytest.mark.parametrize("option", [option for option in _options("optimizer") if option != "custom"])
def test_a_label_is_the_name_of_its_yaml(option: str) -> None:
    assert composed(f"optimizer={option}")["optimizer"]["name"] == option


# The settings of the notebook's printed study.
STUDY: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 1.0, "decay": 1e-3, "momentum": 0.9},
    "adagrad": {"learning_rate": 1.0, "decay": 1e-4, "epsilon": 1e-7},
    "rmsprop": {"learning_rate": 0.02, "decay": 1e-5, "rho": 0.999, "epsilon": 1e-7},
    "rmsprop_default": {"learning_rate": 0.001, "decay": 1e-4, "rho": 0.9, "epsilon": 1e-7},
    "adam": {"learning_rate": 0.05, "decay": 5e-7, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
}


@pytest.mark.parametrize("option", STUDY)
def test_the_study_has_the_notebooks_settings(option: str) -> None:
    config = parse(composed(f"optimizer={option}"))
    assert config.optimizer.hyperparameters == STUDY[option]
    assert config.training.epochs == 10001


def test_an_experiment_has_the_last_word() -> None:
    config = parse(composed("experiment=notebook", "optimizer=sgd"))
    assert (config.study, config.draws.kind, config.training.iterations_per) == ("notebook", "chain", "layer")
    assert "printed" in config.report.pages
