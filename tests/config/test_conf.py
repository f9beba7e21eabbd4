"""Every YAML file in conf/ composes and is valid; new files are included automatically."""

import dataclasses
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from nnbench import __version__, datasets, optimizers, schedules
from nnbench.config.folder import CONF
from nnbench.config.launchers import LauncherConfig
from nnbench.config.sections import TuningConfig
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from nnbench.core.keys import ADDED
from nnbench.records import tasks
from nnbench.sweep.base_sweeper import BaseSweeper
from tests.conftest import CommandOutput, composed

Command = Callable[..., CommandOutput]

GROUPS = (
    "optimizer",
    "schedule",
    "space",
    "dataset",
    "problem",
    "network",
    "training",
    "tracking",
    "report",
    "sweep",
    "experiment",
)


def _options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


HELD_OUT = sorted(path.stem for path in (CONF / "problem" / "held_out").glob("*.yaml"))
# A space is composed with its optimizer, see `_words`.
CHOICES = [(group, option) for group in GROUPS if group != "space" for option in _options(group)]


def test_every_folder_is_a_group_that_is_tested() -> None:
    assert {path.name for path in Path(CONF).iterdir() if path.is_dir()} == set(GROUPS)


def test_every_space_is_that_of_an_optimizer() -> None:
    assert {*_options("space")} <= {*_options("optimizer")}


def _words(group: str, option: str) -> list[str]:
    words = [f"{group}={option}"]
    if group == "optimizer" and option in _options("space"):
        words.append(f"space={option}")
    if (group, option) == ("optimizer", "custom"):
        words.append("optimizer.algorithm=nnbench.optimizers.sgd:SGD")
    if (group, option) == ("dataset", "custom"):
        words.append("dataset.name=nnbench.datasets.moons:Moons")
    if (group, option) == ("experiment", "notebook"):
        words.append("optimizer=sgd")
    return words


@pytest.mark.heavy
@pytest.mark.parametrize(("group", "option"), CHOICES)
def test_option_composes_and_is_valid(group: str, option: str) -> None:
    parse(composed(*_words(group, option)))


@pytest.mark.parametrize("name", optimizers.known())
def test_every_optimizer_has_a_yaml(name: str) -> None:
    assert name in _options("optimizer")
    assert composed(*_words("optimizer", name))["optimizer"]["algorithm"] == name


@pytest.mark.parametrize("name", schedules.known())
def test_every_schedule_has_a_yaml_with_its_defaults(name: str) -> None:
    assert parse(composed(f"schedule={name}")).schedule.instance == schedules.find(name)()


@pytest.mark.parametrize("name", datasets.known())
def test_every_dataset_has_a_yaml(name: str) -> None:
    assert name in _options("dataset")


@pytest.mark.parametrize("option", [option for option in _options("optimizer") if option != "custom"])
def test_a_label_is_the_name_of_its_yaml(option: str) -> None:
    assert composed(*_words("optimizer", option))["optimizer"]["name"] == option


# The settings of the notebook's printed study.
STUDY: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 1.0, "decay": 1e-3, "momentum": 0.9},
    "adagrad": {"learning_rate": 1.0, "decay": 1e-4, "epsilon": 1e-7},
    "rmsprop": {"learning_rate": 0.02, "decay": 1e-5, "rho": 0.999, "epsilon": 1e-7},
    "rmsprop_default": {"learning_rate": 0.001, "decay": 1e-4, "rho": 0.9, "epsilon": 1e-7},
    "adam": {"learning_rate": 0.05, "decay": 5e-7, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
}


@pytest.mark.parametrize("option", STUDY)
def test_the_notebooks_experiment_has_its_settings(option: str) -> None:
    config = parse(composed("experiment=notebook", f"optimizer={option}"))
    given = config.optimizer.values
    added = {key: value for key, value in given.items() if key not in STUDY[option]}
    assert given == STUDY[option] | added
    assert added.items() <= {key.removeprefix("optimizer."): value for key, value in ADDED.items()}.items()
    assert (config.training.epochs, config.dataset.values["samples"]) == (10001, 100)


def test_an_experiment_overrides_the_groups() -> None:
    config = parse(composed("experiment=notebook", "optimizer=sgd"))
    assert (config.study, config.draws.kind, config.training.iterations_per) == ("notebook", "chain", "layer")
    assert "printed" in config.report.pages


@pytest.mark.parametrize("option", _options("problem"))
def test_a_problem_has_a_name_and_a_dataset(option: str) -> None:
    config = parse(composed(f"problem={option}"))
    assert config.problem == option
    assert option.startswith(config.dataset.name)
    assert parse(composed()).problem is None


def test_every_problem_of_the_suite_has_a_held_out_variant() -> None:
    suite = OmegaConf.load(CONF / "experiment" / "suite.yaml").hydra.sweeper.params.problem
    assert sorted(name.strip() for name in suite.split(",")) == HELD_OUT


@pytest.mark.parametrize("option", HELD_OUT)
def test_a_held_out_problem_is_another_task_on_the_dataset_of_its_problem(option: str) -> None:
    problem, held_out = (parse(composed(f"problem={name}")) for name in (option, f"held_out/{option}"))
    assert (held_out.problem, held_out.dataset.name) == (f"held_out/{option}", problem.dataset.name)
    assert tasks.key(held_out.leaves()) != tasks.key(problem.leaves())
    numbers = [dataclasses.replace(config, problem=None).numbers() for config in (problem, held_out)]
    assert numbers[0] != numbers[1], "more than the name differs"


def test_the_name_of_a_problem_has_at_most_one_folder() -> None:
    tree = composed("problem=moons")
    assert parse(tree | {"problem": "mine/moons"}).problem == "mine/moons"
    for name in ("/moons", "mine//moons", "mine/more/moons", "mine/"):
        with pytest.raises(UserError, match=f"problem={name}: must be letters"):
            parse(tree | {"problem": name})


def test_two_problems_on_one_dataset_are_two_tasks() -> None:
    full, batches = (parse(composed(f"problem={name}")) for name in ("digits", "digits_batches"))
    assert full.dataset == batches.dataset
    assert (full.training.batch_size, batches.training.batch_size) == (None, 32)
    assert tasks.key(full.leaves()) != tasks.key(batches.leaves())


def test_the_command_line_and_an_experiment_come_before_a_problem() -> None:
    config = parse(composed("problem=digits", "experiment=smoke", "network.hidden=[7]", "dataset=moons"))
    assert (config.training.epochs, config.network.hidden, config.dataset.name) == (201, [7], "moons")


def test_the_default_problem_is_the_spiral() -> None:
    default, spiral = parse(composed()), parse(composed("problem=spiral"))
    assert default.configuration != spiral.configuration
    assert dataclasses.replace(spiral, problem=None).configuration == default.configuration


def test_help_lists_every_option(nnbench: Command) -> None:
    said = nnbench("--help").out
    for group in GROUPS:
        assert f"{group}: {', '.join(_options(group))}" in said
    assert f"problem/held_out: {', '.join(HELD_OUT)}" in said
    (sweepers,) = (line for line in said.splitlines() if line.startswith("hydra/sweeper: "))
    names = {sweeper.name for sweeper in BaseSweeper.__subclasses__()}
    assert len(names) == 3
    assert all(f"{name} (" in sweepers for name in names)
    samplers = ", ".join(typing.get_args(typing.get_type_hints(TuningConfig)["sampler"]))
    assert f"tuning.sampler: {samplers}" in said
    assert all(f"hydra.launcher.{field.name}: " in said for field in dataclasses.fields(LauncherConfig))


def test_the_version_is_that_of_this_project(nnbench: Command) -> None:
    assert nnbench("--version").out == f"nnbench {__version__}\n"


@pytest.mark.heavy
def test_an_optimizer_in_a_users_folder(nnbench: Command, tmp_path: Path) -> None:
    """Its module, its YAML and its space: it is compared, swept and tuned as the others are."""
    (tmp_path / "own.py").write_text((Path(__file__).parents[1] / "broken_optimizers.py").read_text())
    for group, text in (
        ("optimizer", "{name: mine, algorithm: 'own:RateInWords', learning_rate: high}"),
        ("space", "{learning_rate: {kind: choice, values: [low, high]}}"),
    ):
        (tmp_path / "conf" / group).mkdir(parents=True)
        (tmp_path / "conf" / group / "mine.yaml").write_text(text)
    own = "--config-dir", "conf", "dry_run=true", "training.epochs=10"
    assert nnbench(*own, "optimizer=mine", "optimizer.learning_rate=low").out == "mine lr=low seed=0\n"
    assert len(nnbench(*own, "optimizer=mine,adam", "-m").out.splitlines()) == 2
    tuned = nnbench("-m", "experiment=tuned", "tuning.searches=1", *own, "optimizer=mine,adam", "seed=0,1", "tuning.configs=2")
    assert tuned.out.splitlines()[-2:] == [
        f"{name} (tuned) with the best of its settings, on seed 0, 1" for name in ("mine", "adam")
    ]
    assert nnbench(*own, "optimizer=min").err.startswith("nnbench: optimizer=min: no such option; did you mean mine?")
    (tmp_path / "conf" / "optimizer" / "mine.yaml").write_text("{name: adam (tuned), algorithm: adam, learning_rate: 0.1}")
    (tmp_path / "conf" / "space" / "mine.yaml").write_text("{learning_rate: {kind: choice, values: [0.1, 0.2]}}")
    both = nnbench("-m", "experiment=tuned", "tuning.searches=1", *own, "optimizer=mine,adam", "seed=0,1", "tuning.configs=2")
    assert (both.status, both.out) == (2, "")
    assert "optimizer.name=adam (tuned): is how adam is labelled with its tuned setting" in both.err


@pytest.mark.heavy
def test_searches_and_experiments_have_separate_studies(nnbench: Command) -> None:
    assert "study=optimizers" in nnbench("-m", "sweep=optimizers", "dry_run=true").out
    said = nnbench("-m", "sweep=optimizers", "study=other", "dry_run=true").out
    assert "study=other" in said
    assert "study=optimizers" not in said


@pytest.mark.parametrize("more", [[], ["hydra/launcher=local", "hydra/sweeper=grid"]])
def test_an_experiment_may_override_launcher_and_sweeper(nnbench: Command, more: list[str]) -> None:
    Path("conf", "experiment").mkdir(parents=True)
    overrides = "  - override /hydra/launcher: basic\n  - override /hydra/sweeper: basic\n"
    Path("conf", "experiment", "mine.yaml").write_text(f"# @package _global_\ndefaults:\n{overrides}study: mine\n")
    said = nnbench("--config-dir", "conf", "experiment=mine", *more, "--cfg", "hydra").out
    assert ("BasicLauncher" in said, "BasicSweeper" in said) == (not more, not more)
