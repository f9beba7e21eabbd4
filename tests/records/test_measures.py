"""A measure added to the catalogue is stored and shown everywhere; a separate process, since modules read it at import."""

import subprocess
import sys

import pytest

from nnbench.records.measure import Measure
from nnbench.records.measures import CURVES, MEASURES
from nnbench.records.tables import METRICS

ADD = """
import math
from io import StringIO

import numpy as np
from nnbench.records import measures
from nnbench.records.history import History
from nnbench.records.measure import Measure
from nnbench.records.reference_measures import reference

KEY = "test/margin"
measures.MEASURES += (
    Measure(
        key=KEY, compute=lambda history: 2 * history.test_accuracy, unit="share", meaning="twice the accuracy", group="test",
        quantity="margin", split="test", better="lower", rank=8,
        places=("report", "leaderboard", "summary", "run_list", "note"),
    ),
    reference("ridge_accuracy", "ridge", "accuracy", "of the test points, by ridge regression"),
)

from rich.console import Console
from nnbench.cli.summary_table import print_summary
from nnbench.records import export, tables
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.measures import declared
from nnbench.report.findings.references import references
from nnbench.report.pages import ReportOptions, final_table, runs
from nnbench.report.plots import finals
from nnbench.report.plots.page import Section
from nnbench.tracking.metrics import metric_points
from nnbench.tracking.mlflow.ui import notes, views
from tests.report.conftest import study as make_study

curve = np.linspace(0.1, 0.9, 5)
history = History(
    train_loss=curve, train_accuracy=curve, evaluated=np.arange(5), val_loss=curve, val_accuracy=curve, test_loss=0.5,
    test_accuracy=0.25, weights=(), outcome="finished", seconds=1.0,
)
assert {point.key: point.value for point in metric_points(history, 0)}[KEY] == 0.5
assert f"{KEY} 0.5" in notes.run_note("finished", {}, history=history).splitlines()[0]
assert KEY in tables.METRICS and KEY in tables.runs_table([])
assert KEY in views.SECTIONS["test"] and KEY in [one.key for one in views.METRICS]

study = make_study(seeds=6, boundaries=False)
study.runs[KEY] = 1 - study.runs["test/accuracy"]
study.runs["reference/ridge_accuracy"] = 0.625
meanings = export._dictionary({"runs": study.runs}).set_index("column")
assert tuple(meanings.loc[KEY, ["unit", "meaning"]]) == ("share", "twice the accuracy")
findings = Findings(study)
assert KEY in [one.column for one in declared(findings)]
assert "test margin" in [one.head for one in finals.measures(findings)]
by = next(one for one in measures.by_rank() if one.key == KEY)
orders = [findings.ranking(one)["setting"].tolist() for one in (findings.primary, by)]
assert orders[0] == orders[1], "lower is better, and it is 1 less the accuracy"
finals_table = final_table.draw(Section(""), findings, ReportOptions(title="", targets=(0.8,)))
assert f"{KEY} estimate" in finals_table
assert set(finals_table["reference/ridge_accuracy"]) == {0.625}
assert references(study.runs).scores["ridge"] == 0.625
assert "ridge 0.625" in references(study.runs).sentence()
assert KEY in runs.draw(Section(""), findings, ReportOptions(title="", targets=(0.8,)))
printed = StringIO()
print_summary(study, Console(file=printed, width=200))
assert "test margin" in printed.getvalue()
"""


@pytest.mark.heavy
def test_a_measure_of_one_entry_reaches_all_that_stores_or_shows_one() -> None:
    done = subprocess.run([sys.executable, "-c", ADD], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr


def test_stored_names_and_their_order_are_unchanged() -> None:
    assert (
        *("final/train_loss", "final/train_accuracy", "final/val_loss", "final/val_accuracy"),
        *("best/val_loss", "best/val_accuracy", "best/epoch", "best/test_loss", "best/test_accuracy"),
        *("test/loss", "test/accuracy", "time/train_seconds", "time/epoch_us"),
        *("time/steps", "time/gradient_evaluations"),
        *("epochs_to/0.70", "steps_to/0.70", "epochs_to/0.80", "steps_to/0.80", "epochs_to/0.90", "steps_to/0.90"),
        "diverged_at_epoch",
        *("reference/chance_accuracy", "reference/neighbours_accuracy", "reference/bayes_accuracy", "reference/bayes_loss"),
        *("reference/best_known_accuracy", "reference/least_train_loss", "reference/shares_train_loss"),
    ) == METRICS
    of_classification = [curve.key for curve in CURVES if curve.kind != "regression"]
    assert of_classification == ["train/loss", "train/accuracy", "val/loss", "val/accuracy"]


def test_no_key_and_no_rank_is_there_twice() -> None:
    keys = [one.key for one in MEASURES]
    assert len(set(keys)) == len(keys)
    for other in ("classification", "regression"):
        ranks = [one.rank for one in MEASURES if one.rank is not None and one.kind != other]
        assert sorted(ranks) == list(range(len(ranks)))


def test_ranking_measures_have_a_direction() -> None:
    with pytest.raises(ValueError, match=r"a/b.*better.*higher or lower"):
        Measure(key="a/b", compute=lambda history: 0.0, unit="", meaning="", group="test", quantity="x", rank=0)
