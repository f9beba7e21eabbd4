"""Real sweeps over fields of other groups than the optimizer: settings, labels, tables, pages and MLflow's views follow."""

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow.entities import Experiment

from nnbench.records.rows import Row
from nnbench.records.study import Study
from nnbench.records.tasks import tasks
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import Store, open_store
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer

pytestmark = pytest.mark.heavy

Command = Callable[..., CommandOutput]
SMALL = "-m", "optimizer=adam", "seed=0,1", "training.epochs=11", "dataset.samples=20", "dataset.test_samples=20", "study=s"
PAGES = "report.pages=[cover,final_table,sensitivity,heat_maps,provenance]"


def _store(home: Path) -> Study:
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")


def _figure(home: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(home / "results" / "s" / "figures" / f"{name}.csv")


def _experiment(home: Path) -> tuple[Store, Experiment]:
    store = open_store(f"sqlite:///{home}/results/mlflow.db", None)
    experiment = store.client.get_experiment_by_name("s")
    assert experiment is not None
    return store, experiment


def _rows(home: Path) -> list[Row]:
    store, experiment = _experiment(home)
    return [row for row in store.runs.rows(experiment) if row.tags["nnbench.kind"] == "training"]


def _leaderboard(home: Path) -> dict[str, Any]:
    """State of the view in MLflow's pages."""
    _, experiment = _experiment(home)
    tag = experiment.tags["mlflow.sharedViewState.nnbench-leaderboard"]
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(json.loads(tag)["state"].partition(";")[2])))
    return found


@pytest.mark.parametrize(
    ("axis", "key", "settings"),
    [
        ("network.hidden=[8],[16]", "network.hidden", ["adam network.hidden=[8]", "adam network.hidden=[16]"]),
        ("training.dtype=float32,float64", "training.dtype", ["adam training.dtype=float32", "adam training.dtype=float64"]),
        ("schedule=constant,cosine", "schedule.name", ["adam schedule=constant", "adam schedule=cosine"]),
    ],
)
def test_a_field_of_another_group_is_a_setting(
    axis: str, key: str, settings: list[str], home: Path, nnbench: Command, trainer: Trainer
) -> None:
    said = nnbench(*SMALL, axis, PAGES)
    assert said.status == 0
    assert len(trainer.trained) == 4
    assert all(setting in said.err for setting in settings), "in the table of the terminal"
    study = _store(home)
    assert set(study.runs["setting"]) == set(settings)
    assert (study.runs.groupby("setting")[key].nunique() == 1).all()
    assert set(_figure(home, "final_table")["setting"]) == set(settings)
    varied = _figure(home, "provenance").query("kind == 'varied'").set_index("key")["value"]
    assert set(varied[key].split("; ")) == {setting.partition("=")[2] for setting in settings}
    assert f"params.`{key}`" in _leaderboard(home)["selectedColumns"]
    labels = {row.tags["nnbench.setting"] for row in _rows(home)}
    assert labels == {setting.replace("adam", "adam lr=0.05") for setting in settings}


def test_fields_of_two_groups_span_a_heat_map(home: Path, nnbench: Command, trainer: Trainer) -> None:
    assert nnbench(*SMALL, "network.hidden=[16],[8]", "optimizer.learning_rate=0.01,0.1", PAGES).status == 0
    cells = _figure(home, "heat_maps")
    assert set(zip(cells["x"], cells["y"], strict=True)) == {("learning_rate", "network.hidden")}
    assert set(zip(cells["x_value"], cells["y_value"], strict=True)) == {
        (rate, hidden) for rate in (0.01, 0.1) for hidden in ("[8]", "[16]")
    }
    runs = _store(home).runs
    mean = runs.groupby(["optimizer.learning_rate", "network.hidden"])["final/val_accuracy"].mean()
    for cell in cells.to_dict("records"):
        assert cell["value"] == pytest.approx(mean[cell["x_value"], cell["y_value"]])


def test_a_search_on_a_regression_is_judged_by_r2(home: Path, nnbench: Command, trainer: Trainer) -> None:
    words = "dataset=diabetes", "optimizer=sgd", "optimizer.learning_rate=0.01,0.1", "network.initial_scale=0.1,0.3"
    said = nnbench("-m", *words, "seed=0,1", "training.epochs=11", "study=s", PAGES)
    assert said.status == 0
    cells, runs = _figure(home, "heat_maps"), _store(home).runs
    mean = runs.groupby(["optimizer.learning_rate", "network.initial_scale"])["final/val_r2"].mean()
    assert mean.notna().all()
    for cell in cells.to_dict("records"):
        assert cell["value"] == pytest.approx(mean[cell["x_value"], cell["y_value"]])
    assert "validation R²" in (home / "results" / "s" / "report.html").read_text()


def test_null_is_a_value_like_any_other(home: Path, nnbench: Command, trainer: Trainer) -> None:
    """`training.batch_size=null` trains on all points in each step."""
    assert nnbench(*SMALL, "training.batch_size=null,8,32", "optimizer.learning_rate=0.01,0.1", PAGES).status == 0
    cells = pd.read_csv(home / "results" / "s" / "figures" / "heat_maps.csv", dtype=str, keep_default_na=False)
    assert set(cells["y"]) == {"training.batch_size"}
    assert set(cells["y_value"]) == {"null", "8", "32"}
    assert len(cells) == 6


def test_without_learning_rates_sensitivity_is_to_another_hyperparameter(
    home: Path, nnbench: Command, trainer: Trainer
) -> None:
    assert nnbench(*SMALL, "network.initial_scale=0.01,0.1,1.0", PAGES).status == 0
    curve = _figure(home, "sensitivity")
    assert curve["network.initial_scale"].tolist() == [0.01, 0.1, 1.0]
    means = _store(home).runs.groupby("network.initial_scale")["final/val_accuracy"].mean()
    assert curve["estimate"].tolist() == pytest.approx(means.tolist())
    assert "network initial scale" in (home / "results" / "s" / "report.html").read_text(), "in the title of the page"


def test_a_field_of_the_dataset_is_a_task(home: Path, nnbench: Command, trainer: Trainer) -> None:
    said = nnbench(*SMALL, "dataset.noise=0.1,0.2", PAGES)
    assert said.status == 0
    assert "2 tasks, each with its own report" in said.err
    found = tasks(_store(home))
    assert [task.label for task in found] == ["spiral noise=0.1", "spiral noise=0.2"]
    assert [task.study.runs["setting"].unique().tolist() for task in found] == [["adam"], ["adam"]]
    assert _leaderboard(home)["orderByKey"] == "params.`dataset.noise`"
