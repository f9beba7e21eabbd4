"""A regression from a sweep to the terminal, MLflow, the report and predictions: the measures are its own throughout."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader
from sklearn.metrics import r2_score, root_mean_squared_error

import nnbench
from nnbench.cli.summary_table import print_summary
from nnbench.core.console import console
from nnbench.core.random import streams
from nnbench.datasets.diabetes import Diabetes
from nnbench.tracking.mlflow.experiment import find_experiment
from nnbench.tracking.mlflow.store import open_store

pytestmark = pytest.mark.heavy
OF_CLASSIFICATION = re.compile(r"accurac|nats|classif|cross-entropy|most frequent|chance", re.IGNORECASE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("regression"))
        yield Path.cwd()


@pytest.fixture(scope="module")
def study(folder: Path) -> nnbench.Study:
    words = "problem=diabetes", "optimizer=sgd,adam", "optimizer.learning_rate=0.01,0.03", "seed=range(6)"
    return nnbench.run(*words, "training.epochs=201", quiet=True)


def test_the_stored_measures_are_those_of_the_predictions(study: nnbench.Study) -> None:
    for _, row in study.runs.iloc[::7].iterrows():
        test = Diabetes().split(streams(int(row["seed"]))).test
        assert test is not None
        predicted = study.run(row["run_id"]).predict(test.x)
        assert row["test/r2"] == pytest.approx(r2_score(test.targets, predicted), rel=1e-5)
        assert row["test/rmse"] == pytest.approx(root_mean_squared_error(test.targets, predicted), rel=1e-5)
        assert row["test/loss"] == pytest.approx(row["test/rmse"] ** 2)
    assert study.runs["test/accuracy"].isna().all()
    with pytest.raises(nnbench.UserError, match="regression, which has no classes"):
        study.run(study.runs["run_id"][0]).predict_proba(np.zeros((1, 10)))


def test_the_ranking_is_that_of_the_mean_r2(study: nnbench.Study) -> None:
    means = study.runs.groupby("setting")["test/r2"].apply(lambda own: np.sort(own)[1:-1].mean())
    assert study.summary["setting"].iloc[0] in set(means.sort_values().index[-2:])


def test_no_page_of_the_report_speaks_of_a_classification(study: nnbench.Study, folder: Path) -> None:
    report = folder / "results" / "comparison"
    pages = [page.extract_text() for page in PdfReader(report / "report.pdf").pages]
    told = [line for page in pages for line in page.splitlines() if OF_CLASSIFICATION.search(line)]
    assert not told
    assert "All seeds divide the same table" in " ".join(pages[0].split())
    summary = (report / "summary.md").read_text()
    assert "least squares" in summary.lower()
    assert "test R²" in summary
    assert not OF_CLASSIFICATION.search(summary)
    names = {path.stem for path in (report / "figures").glob("*.csv")}
    assert {"final_table", "loss", "accuracy", "distribution", "generalisation", "failures", "time_to_target"} <= names
    reached = pd.read_csv(report / "figures" / "time_to_target.csv")
    assert reached["reached"].sum() > 0
    assert not (report / "report.log").exists()


def test_the_terminal_shows_its_measures(study: nnbench.Study, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert nnbench.load_study("comparison").runs["test/r2"].notna().all()
    from nnbench.tracking.mlflow.reader import read_study

    stored = read_study(open_store(f"sqlite:///{folder}/results/mlflow.db", None), "comparison")
    print_summary(stored, console())
    printed = "".join(capsys.readouterr())
    assert "test R²" in printed
    assert not OF_CLASSIFICATION.search(printed)


def test_the_best_setting_in_mlflow_is_that_of_the_mean_validation_r2(study: nnbench.Study, folder: Path) -> None:
    store = open_store(f"sqlite:///{folder}/results/mlflow.db", None)
    experiment = find_experiment(store, "comparison")
    assert experiment is not None
    best = store.client.search_runs([experiment.experiment_id], "tags.`nnbench.best` = 'true'")
    for optimizer, runs in study.runs.groupby("optimizer"):
        rate = runs.groupby("optimizer.learning_rate")["final/val_r2"].mean().idxmax()
        tagged = {run.data.params["optimizer.learning_rate"] for run in best if run.data.params["optimizer.name"] == optimizer}
        assert {float(value) for value in tagged} == {rate}
    assert "| runs of | setting | runs | mean validation R² |" in experiment.tags["mlflow.note.content"]
