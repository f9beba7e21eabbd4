"""Bayesian search with the real store and Optuna's storage: suggested, completed and reused trials."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from nnbench.records.study import Study
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer

Command = Callable[..., CommandOutput]
SIZE = "training.epochs=25", "dataset.samples=20", "dataset.val_samples=20", "dataset.test_samples=20"
PLAIN = "-m", "hydra/sweeper=tpe", *SIZE, "study=s", "report=none"
SEARCH = *PLAIN, "optimizer=sgd,adam", "seed=0,1"


def _study(home: Path) -> Study:
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")


def _trials(home: Path) -> dict[str, list[FrozenTrial]]:
    """The trials in Optuna's own storage, by optimizer."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{home}/results/s/optuna.db")
    names = optuna.get_all_study_names(storage)
    found = {name.split()[0]: optuna.load_study(study_name=name, storage=storage).trials for name in names}
    assert len(found) == len(names), "one search an optimizer"
    storage.remove_session()
    storage.engine.dispose()
    return found


@pytest.mark.heavy
def test_every_trial_is_completed_and_each_run_is_tracked(home: Path, nnbench: Command, trainer: Trainer) -> None:
    said = nnbench(*SEARCH, "tuning.configs=3")
    assert said.status == 0, said.err
    study, trials = _study(home), _trials(home)
    assert {optimizer: len(own) for optimizer, own in trials.items()} == {"sgd": 3, "adam": 3}
    assert len(study.runs) == len(trainer.trained) == 2 * 3 * 2
    for optimizer, own in trials.items():
        runs = study.runs[study.runs["optimizer"] == optimizer]
        for trial in own:
            assert trial.state == TrialState.COMPLETE
            mine = runs[np.isclose(runs["optimizer.learning_rate"], trial.params["learning_rate"], rtol=1e-3)]
            assert sorted(mine["seed"]) == [0, 1]
            assert trial.value == pytest.approx(mine["final/val_accuracy"].mean())
        best = max(trial.value or 0 for trial in own)
        assert f"best of {optimizer}: " in said.err
        assert f"validation accuracy {best:.3f}" in said.err
    assert "test/accuracy" in study.runs
    assert study.tuning.empty


@pytest.mark.heavy
def test_searches_alternate_between_optimizers(home: Path, nnbench: Command, trainer: Trainer) -> None:
    nnbench(*SEARCH, "tuning.configs=3")
    assert [job.config.optimizer.name for job in trainer.trained] == ["sgd", "sgd", "adam", "adam"] * 3


@pytest.mark.heavy
def test_completed_trials_are_reused_by_a_longer_search(home: Path, nnbench: Command, trainer: Trainer) -> None:
    nnbench(*SEARCH, "tuning.configs=2")
    said = nnbench(*SEARCH, "tuning.configs=2")
    assert said.status == 0
    assert "search, 8 runs: 8 reused from before, 0 to do" in said.err
    assert len(trainer.trained) == 8
    before = _trials(home)["adam"]
    said = nnbench(*SEARCH, "tuning.configs=3")
    assert "search, 12 runs: 8 reused from before, 4 to do" in said.err
    assert len(trainer.trained) == 12
    assert [trial.params for trial in _trials(home)["adam"][:2]] == [trial.params for trial in before]
    assert len({job.config.identity for job in trainer.trained}) == 12


@pytest.mark.heavy
def test_an_interrupted_search_resumes_its_open_trial(home: Path, nnbench: Command, trainer: Trainer) -> None:
    trainer.patience = 5
    assert nnbench(*SEARCH, "tuning.configs=3").status == 130
    states = [trial.state for own in _trials(home).values() for trial in own]
    assert states.count(TrialState.COMPLETE) == 2
    assert states.count(TrialState.RUNNING) == 1
    asked = _trials(home)["sgd"][1].params
    trainer.patience = None
    assert nnbench(*SEARCH, "tuning.configs=3").status == 0
    trials = _trials(home)
    assert {trial.state for own in trials.values() for trial in own} == {TrialState.COMPLETE}
    assert trials["sgd"][1].params == asked
    assert {optimizer: len(own) for optimizer, own in trials.items()} == {"sgd": 3, "adam": 3}
    assert len({job.config.identity for job in trainer.trained}) == len(trainer.trained) == 12


@pytest.mark.heavy
def test_a_study_is_reported_without_new_runs(home: Path, nnbench: Command, trainer: Trainer) -> None:
    nnbench(*SEARCH, "tuning.configs=2")
    before = _trials(home)
    (home / "results" / "s" / "optuna.db").unlink()
    assert nnbench(*SEARCH, "tuning.configs=2").status == 0
    assert len(trainer.trained) == 8
    after = _trials(home)
    for optimizer, own in before.items():
        assert [(trial.params, trial.value) for trial in after[optimizer]] == [(trial.params, trial.value) for trial in own]


@pytest.mark.heavy
def test_the_search_depends_on_the_sampler_seed(home: Path, nnbench: Command, trainer: Trainer) -> None:
    def rates(*words: str) -> list[float]:
        trainer.trained.clear()
        nnbench(*PLAIN, "optimizer=adam", "tuning.configs=3", *words)
        return [job.config.optimizer.values["learning_rate"] for job in trainer.trained]

    first = rates()
    assert rates("resume=false") == first
    assert len(_trials(home)["adam"]) == 3
    other = rates("study=another", "tuning.sampler_seed=1")
    assert len(other) == len(first)
    assert other != first


@pytest.mark.heavy
def test_a_diverged_run_ranks_below_every_other(home: Path, nnbench: Command, trainer: Trainer) -> None:
    bounds = ("space.learning_rate.low=1e-3", "space.learning_rate.high=1e30", "training.epochs=60")
    assert nnbench(*PLAIN, "optimizer=adam", "tuning.configs=8", *bounds).status == 0
    runs = _study(home).runs
    assert {"diverged", "finished"} <= set(runs["outcome"])
    values = [trial.value for trial in _trials(home)["adam"]]
    assert sum(value is not None and value < 0 for value in values) == (runs["outcome"] == "diverged").sum()


@pytest.mark.heavy
def test_a_run_whose_worker_dies_is_retried_and_then_reported(home: Path, nnbench: Command, trainer: Trainer) -> None:
    trainer.failing = {1}
    assert nnbench(*SEARCH, "tuning.configs=2").status == 1
    assert {trial.state for own in _trials(home).values() for trial in own} == {TrialState.RUNNING}
    trainer.failing.clear()
    assert nnbench(*SEARCH, "tuning.configs=2").status == 0
    assert [job.config.seed for job in trainer.trained] == [0, 1] * 4 + [1] * 4
    assert {trial.state for own in _trials(home).values() for trial in own} == {TrialState.COMPLETE}


def test_a_percent_sign_is_part_of_a_folders_name(home: Path, nnbench: Command, trainer: Trainer) -> None:
    said = nnbench(*PLAIN, "optimizer=adam", "tuning.configs=1", f"report.folder={home}/a%20b")
    assert said.status == 0, said.err
    assert (home / "a%20b" / "s" / "optuna.db").exists()
    assert not (home / "a b").exists()


OWN = """
from dataclasses import dataclass
from nnbench.optimizers import Optimizer

@dataclass(kw_only=True)
class Own(Optimizer):
    learning_rate: float = 0.1
    momentum: float = 0.0
    decay: float = 0.0
    def update(self, parameters, gradients, iteration):
        parameters -= self.learning_rate * gradients
"""


@pytest.mark.heavy
def test_a_repeated_search_of_an_edited_optimizer_is_reported(
    home: Path, nnbench: Command, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(home)
    own = "optimizer=custom", "optimizer.name=own", "optimizer.algorithm=searched_own:Own", "space=sgd"
    for source in (OWN, OWN.replace("parameters -=", "parameters[:] -=")):
        (home / "searched_own.py").write_text(source)
        sys.modules.pop("searched_own", None)
        importlib.invalidate_caches()
        fixed = "+optimizer.momentum=0.5", "+optimizer.decay=0.0"
        said = nnbench(*PLAIN, *own, *fixed, "tuning.configs=2", "seed=0,1")
        assert said.status == 0, said.err
        assert ("searched_own:Own has changed: 4 runs to repeat" in said.err) == (source != OWN)
    assert len(trainer.trained) == 8


def test_a_file_that_is_not_optunas(home: Path, nnbench: Command, trainer: Trainer) -> None:
    (home / "results" / "s").mkdir()
    (home / "results" / "s" / "optuna.db").write_text("no database " * 100)
    said = nnbench(*SEARCH, "tuning.configs=2")
    assert said.status == 2
    assert "results/s/optuna.db: Optuna cannot use this file" in said.err
    assert trainer.trained == []


@pytest.mark.heavy
def test_a_search_has_a_separate_study_by_default(home: Path, nnbench: Command, trainer: Trainer) -> None:
    words = "-m", "hydra/sweeper=tpe", *SIZE, "report=none", "optimizer=adam", "tuning.configs=1"
    assert "study tpe: " in nnbench(*words).err
    assert "study other: " in nnbench(*words, "study=other").err


def test_dry_run(nnbench: Command) -> None:
    said = nnbench(*SEARCH, "tuning.configs=3", "dry_run=true")
    assert said.out.splitlines()[0] == "3 configs of sgd that its search chooses, each on seed 0, 1"
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("tuning.configs=0", "tuning.configs=0: must be a whole number >= 1"),
        ("optimizer=rmsprop_default", "space=rmsprop_default: no such option"),
        ("tuning.sampler=grid", "tuning.sampler=grid: not with hydra/sweeper=tpe"),
        ("tuning.seeds=[1]", "tuning.seeds=[1]: not with hydra/sweeper=tpe"),
        ("extend=true", "extend=true: not with hydra/sweeper=tpe"),
        ("sweep=optimizers", "grids.optimizer: a sweeper that tunes searches the spaces of conf/space, not grids"),
        ("hydra/launcher=basic", "hydra/launcher=BasicLauncher: must be local, dask or dask_slurm for the sampler tpe"),
    ],
)
def test_mistakes(nnbench: Command, words: str, line: str) -> None:
    said = nnbench(*PLAIN, *words.split())
    assert said.status == 2
    assert said.err.startswith(f"nnbench: {line}")
    assert not list(Path().iterdir())


@pytest.mark.heavy
def test_a_free_worker_gets_the_next_trial_immediately(home: Path, nnbench: Command) -> None:
    """With real processes: trials are asked while others run, so that told and asked ones are interleaved."""
    assert nnbench(*PLAIN, "optimizer=sgd,adam", "tuning.configs=12", "training.epochs=500").status == 0
    trials = [trial for own in _trials(home).values() for trial in own]
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert len(_study(home).runs) == 24
    ends = sorted(trial.datetime_complete for trial in trials if trial.datetime_complete)
    starts = sorted(trial.datetime_start for trial in trials if trial.datetime_start)
    assert starts[10] < ends[9], "the eleventh was asked before ten had come back"
    assert starts[-1] > ends[10], "and the last was not asked before it was its turn"
