"""The measure that was declared ranks the settings."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnbench.core.keys import RankBy
from nnbench.records.declared import Declared, declared
from nnbench.records.study import Study
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.primary import steps_to_target
from nnbench.report.sentences import wording
from nnbench.report.sentences.caveats import caveats

MakeStudy = Callable[..., Study]
DECLARED: dict[RankBy, str] = {
    "test_measure": "test accuracy after the last epoch",
    "train_loss": "training loss after the last epoch",
    "best_validation": "test accuracy at the best validation epoch",
    "steps_to_target": "number of steps to 0.9 training accuracy",
}


def started_with(study: Study, rank_by: str, targets: str = "[0.7, 0.9]") -> Study:
    return replace(study, runs=study.runs.assign(**{"report.rank_by": rank_by, "report.targets": targets}))


@pytest.mark.parametrize(("rank_by", "name"), DECLARED.items())
def test_a_study_is_ranked_by_what_its_runs_were_started_with(make_study: MakeStudy, rank_by: RankBy, name: str) -> None:
    findings = Findings(started_with(make_study(("sgd", "adam"), 8, boundaries=False), rank_by))
    assert findings.primary.full == name
    assert name in wording.answer(findings, findings.primary)


def test_the_lowest_training_loss_is_the_best(make_study: MakeStudy) -> None:
    findings = Findings(started_with(make_study(boundaries=False), "train_loss"))
    means = findings.runs.groupby("setting")["final/train_loss"].mean()
    assert findings.ranking(findings.primary)["setting"].tolist() == means.sort_values().index.tolist()


def test_the_newest_run_declares(make_study: MakeStudy) -> None:
    runs = started_with(make_study(("sgd",), 2), "train_loss").runs
    assert declared(runs.drop(columns=["report.rank_by", "report.targets"])) == Declared()  # of an earlier version
    newest = runs.assign(started=pd.to_datetime(["2025-01-02", "2025-01-01"], utc=True))
    newest.loc[0, "report.rank_by"] = "steps_to_target"
    assert declared(newest) == Declared(rank_by="steps_to_target", targets=(0.7, 0.9))
    assert declared(newest, rank_by="best_validation").rank_by == "best_validation"


def test_a_measure_that_no_run_has_is_replaced_by_the_default(make_study: MakeStudy) -> None:
    findings = Findings(started_with(make_study(("sgd", "adam"), 8, test=False), "best_validation"))
    assert findings.primary.full == "validation accuracy after the last epoch"


def test_a_run_that_does_not_reach_the_target_counts_as_the_longest_run() -> None:
    runs = pd.DataFrame(
        {"run_id": list("abcde"), "setting": "x", "seed": range(5), "outcome": ["finished"] * 3 + ["diverged", "failed"]}
    )
    lengths = {"a": 10, "b": 4, "c": 10, "d": 3, "e": 2}
    curves = pd.DataFrame(
        [(run, epoch, 8 * epoch) for run, last in lengths.items() for epoch in (0, last)],
        columns=["run_id", "epoch", "steps"],
    )
    records = pd.DataFrame(
        [("a", 0, 0.3), ("a", 5, 0.9), ("b", 4, 0.8), ("c", 2, 0.95), ("d", 1, 1.0)],
        columns=["run_id", "epoch", "train_accuracy"],
    )
    steps = steps_to_target(runs, curves, records, 0.9)  # 8 steps an epoch; the longest run takes 10 epochs
    np.testing.assert_array_equal(steps, [40, 80, 16, np.nan, np.nan])


def test_a_linear_network_is_compared_with_the_least_possible_training_loss(make_study: MakeStudy) -> None:
    study = started_with(make_study(("sgd", "adam"), 8, test=False, validation=False, boundaries=False), "train_loss")
    changes: dict[str, Any] = {"reference/linear_train_loss": 1e-4, "network.hidden": "[]", "final/train_r2": 0.9}
    linear = study.runs.assign(**changes)
    linear = linear.drop(columns=[column for column in linear if "accuracy" in str(column)])
    told = caveats(Findings(replace(study, runs=linear)))["below_baseline"]
    assert "has not reached the least possible training loss of a linear network" in told
    deep = linear.assign(**{"network.hidden": "[8]", "network.activation": "relu"})
    assert "worse than a simple method" in caveats(Findings(replace(study, runs=deep)))["below_baseline"]
    lower = deep.assign(**{"reference/linear_train_loss": 10.0})
    assert "below_baseline" not in caveats(Findings(replace(study, runs=lower)))


def test_tuning_by_the_training_loss_is_told(make_study: MakeStudy) -> None:
    study = make_study(("sgd",), 6, tuned=4, boundaries=False)
    assert Findings(study).chosen_by == "validation accuracy"
    judged = replace(study, tuning=study.tuning.assign(**{"report.rank_by": "train_loss"}))
    assert Findings(judged).chosen_by == "training loss"
