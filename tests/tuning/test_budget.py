"""The budget of tuning and the freshness of final seeds, computed from the store after real sweeps."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nnbench.records.study import Study
from nnbench.report.findings.budget import Budget, budgets, describe_cost, describe_spaces, uses
from nnbench.report.findings.findings import Findings
from nnbench.report.sentences.caveats import caveats
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer

Command = Callable[..., CommandOutput]
SIZE = "training.epochs=25", "dataset.samples=20", "dataset.val_samples=20", "dataset.test_samples=20"
TINY = (
    "-m",
    "experiment=tuned",
    "tuning.searches=1",
    *SIZE,
    "report=none",
    "tuning.configs=3",
    "tuning.seeds=[1000]",
    "seed=0,1",
)


@pytest.fixture
def tune(home: Path, nnbench: Command, trainer: Trainer) -> Callable[..., Study]:
    """Runs a sweep that tunes; returns the study after it."""

    def run(*words: str) -> Study:
        said = nnbench(*TINY, *words)
        assert said.status == 0, said.err
        return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "tuned")

    return run


def _kinds(study: Study) -> set[str]:
    return set(caveats(Findings(study)))


@pytest.mark.heavy
def test_each_optimizer_has_its_own_budget(tune: Callable[..., Study]) -> None:
    """One is tuned again in a space that was widened after the first sweep, the other is not."""
    first = {one.optimizer: one for one in budgets(tune("optimizer=sgd,adam"))}
    for one in first.values():
        assert (one.configs, one.tried, one.spaces, one.moved, one.uses) == (3, 3, 1, (), 1)
    study = tune("optimizer=adam", "space.learning_rate.high=5")
    found = {one.optimizer: one for one in budgets(study)}
    assert found["sgd"] == first["sgd"]
    adam = found["adam"]
    assert (adam.configs, adam.tried, adam.spaces, adam.uses) == (3, 6, 2, 2)
    assert adam.moved == (("learning_rate", (0.005, 0.5), (0.005, 5.0)),)
    assert uses(list(found.values())) == 2
    assert "used_seeds" in _kinds(study)
    # Who runs other seeds now has fresh ones: the choice was made before anybody saw them.
    fresh = tune("optimizer=adam", "space.learning_rate.high=5", "seed=7,8")
    assert {one.optimizer: one.tried for one in budgets(fresh)} == {"sgd": 3, "adam": 6}


@pytest.mark.heavy
def test_a_widened_space_is_not_called_declared_in_advance(tune: Callable[..., Study]) -> None:
    narrow = "optimizer=adam", "space.learning_rate.low=1e-3", "space.learning_rate.high=0.03", "tuning.sampler=grid"
    study = tune(*narrow, "extend=true", "training.epochs=100")
    (one,) = budgets(study)
    assert one.spaces is not None
    assert one.spaces > 1
    assert one.tried == one.configs == study.tuning["setting"].nunique() > 3
    key, declared, now = one.moved[0]
    assert (key, declared) == ("learning_rate", (0.001, 0.03))
    assert now[1] > 0.03
    assert "declared before" not in describe_spaces([one])
    assert one.uses == 1, "widening looks at tuning seeds alone"
    (again,) = budgets(tune(*narrow, "training.epochs=100"))  # in the declared space alone, after the wider ones
    assert (again.tried, again.spaces) == (one.tried, one.spaces)
    assert "declared before" not in describe_spaces([again])
    assert "used_seeds" not in _kinds(study)


@pytest.mark.heavy
def test_final_seeds_are_fresh_once(tune: Callable[..., Study], home: Path, nnbench: Command) -> None:
    assert budgets(tune("optimizer=adam"))[0].uses == 1
    assert budgets(tune("optimizer=adam"))[0].uses == 1, "the same command again chooses nothing anew"
    assert budgets(tune("optimizer=adam", "tuning.sampler_seed=1"))[0].uses == 2
    third = tune("optimizer=adam", "tuning.configs=4")
    assert budgets(third)[0].uses == 3
    assert budgets(tune("optimizer=adam", "tuning.configs=4", "seed=10,11"))[0].uses == 3, "0 and 1 judge it too"
    assert budgets(tune("optimizer=adam", "tuning.configs=5", "seed=20,21", "tuning.sampler_seed=3"))[0].tried >= 9


@pytest.mark.heavy
def test_seeds_of_earlier_runs_are_not_fresh(tune: Callable[..., Study], nnbench: Command) -> None:
    """Nor was a space declared before anything ran that came after them."""
    label = "optimizer.name='my adam (2)'"  # MLflow allows no such parameter
    assert nnbench("-m", *SIZE, "study=tuned", "optimizer=adam", label, "seed=0,1", "report=none").status == 0
    for _ in range(2):
        (one,) = budgets(tune("optimizer=adam", label))
        assert (one.uses, one.spaces, one.tried) == (2, 2, 4)
        assert "declared before" not in describe_spaces([one])


@pytest.mark.heavy
def test_a_resumed_study_has_fresh_seeds(tune: Callable[..., Study], nnbench: Command, trainer: Trainer) -> None:
    trainer.patience = 3 + 2  # in the final stage
    assert nnbench(*TINY, "optimizer=adam").status == 130
    trainer.patience = None
    assert budgets(tune("optimizer=adam"))[0].uses == 1


@pytest.mark.heavy
def test_configs_of_other_samplers_count(tune: Callable[..., Study]) -> None:
    tune("optimizer=adam")
    (one,) = budgets(tune("optimizer=adam", "tuning.sampler=tpe"))
    assert (one.configs, one.tried, one.spaces) == (3, 6, 1)


def test_a_study_of_the_first_edition_makes_no_unknown_claims(make_selection: pd.DataFrame) -> None:
    empty = pd.DataFrame()
    study = Study(
        name="s", runs=empty, curves=empty, records=empty, sweeps=empty, boundary=lambda run: None, selection=make_selection
    )
    found = budgets(study)
    assert [(one.configs, one.tried, one.spaces, one.uses) for one in found] == [(64, 64, None, None), (96, 96, None, None)]
    assert uses(found) is None
    assert describe_spaces(found).endswith("was not recorded")


@pytest.fixture
def make_selection() -> pd.DataFrame:
    """As the first edition has left it."""
    columns = ["setting", "optimizer", "hyperparameter", "value", "low", "high", "edge", "configs", "seeds"]
    rows = [
        (f"{name} (tuned)", name, "learning_rate", 0.1, 0.01, 1.0, "", n, 5) for name, n in {"lion": 64, "adam": 96}.items()
    ]
    return pd.DataFrame(rows, columns=columns)


def test_unequal_budgets_are_reported() -> None:
    one = Budget(optimizer="adam", configs=96, tried=96, spaces=1, moved=(), uses=1)
    other = replace(one, optimizer="lion", configs=64, tried=64, spaces=2)
    assert "96 of adam" in describe_cost([one, other])
    assert "64 of lion" in describe_cost([one, other])
    assert "unequal" in describe_cost([one, other])
    assert "unequal" not in describe_cost([one, replace(other, tried=96)])
