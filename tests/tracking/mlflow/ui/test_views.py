import base64
import json
import zlib
from typing import Any

import pytest

from nnbench.records.measures import MEASURES, TARGETS
from nnbench.tracking.mlflow.ui.views import CURVES, FAILURES, HIDDEN, LEADERBOARD, SECTIONS, filter_link, link, views


def state(key: str, **options: Any) -> dict[str, Any]:
    """A view's state, read as MLflow's pages read it."""
    packed = json.loads(views(1700, **options)[f"mlflow.sharedViewState.{key}"])["state"]
    head, _, body = packed.partition(";")
    assert head == "deflate"
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(body)))
    return found


def test_each_view_has_a_name_and_is_the_same_each_time() -> None:
    named = {key: json.loads(value)["name"] for key, value in views(1700).items()}
    assert list(named.values()) == ["Leaderboard", "Learning curves", "Failures"]
    assert views(1700) == views(1700)
    assert all(len(value) < 5000 for value in views(1700).values()), "the most that a tag of an experiment may hold"


@pytest.mark.parametrize("key", [LEADERBOARD, CURVES, FAILURES])
def test_every_metric_has_a_chart_or_is_hidden(key: str) -> None:
    charts = {chart["metricKey"]: chart for chart in state(key)["compareRunCharts"]}
    curves = {f"{part}/{what}" for part in ("train", "val") for what in ("loss", "accuracy", "r2")}
    assert set(charts) == curves | {one.key for one in MEASURES} | {f"epochs_to/{target:.2f}" for target in TARGETS}
    assert {name for name, chart in charts.items() if chart["deleted"]} == set(HIDDEN)
    assert {name for name, chart in charts.items() if chart["type"] == "LINE"} == curves
    assert charts["train/loss"]["scaleType"] == charts["val/loss"]["scaleType"] == "log"
    assert charts["train/accuracy"]["scaleType"] == "linear"


def test_the_leaderboard_of_a_regression_has_its_measures() -> None:
    kinds = ("classification",), ("regression",), ("classification", "regression")
    plain, regression, both = (state(LEADERBOARD, kinds=one)["selectedColumns"] for one in kinds)
    assert "metrics.`test/accuracy`" in plain
    assert not any("r2" in column or "rmse" in column for column in plain)
    assert {"metrics.`test/r2`", "metrics.`test/rmse`", "metrics.`final/train_loss`"} <= set(regression)
    assert not any("accuracy" in column for column in regression)
    assert set(plain) | set(regression) == set(both)


def test_curves_are_first() -> None:
    assert [section["name"] for section in state(CURVES)["compareRunSections"]] == ["train", "val", "test", "final", "time"]
    assert list(SECTIONS) == ["train", "val", "test", "final", "time"]


def test_curves_are_averaged_over_seeds() -> None:
    assert state(CURVES)["groupBy"] == {
        "aggregateFunction": "average",
        "groupByKeys": [
            {"mode": "param", "groupByData": "optimizer.name"},
            {"mode": "param", "groupByData": "optimizer.learning_rate"},
        ],
    }
    told = state(CURVES, grouped=True)
    assert told["groupBy"]["groupByKeys"] == [{"mode": "tag", "groupByData": "nnbench.setting"}]
    assert "tags.`nnbench.best` = 'true'" in told["searchFilter"]


def test_the_leaderboard_shows_what_varies_and_leaves_the_tuning_stage_out() -> None:
    board = state(LEADERBOARD, tuned=True, varying=["optimizer.momentum"])
    assert (board["orderByKey"], board["orderByAsc"]) == ("metrics.`final/val_accuracy`", False)
    assert "tags.`nnbench.stage` = 'final'" in board["searchFilter"]
    assert "params.`optimizer.momentum`" in board["selectedColumns"]
    assert "stage" not in state(LEADERBOARD)["searchFilter"]


def test_runs_of_several_tasks_are_listed_by_task_and_not_ranked() -> None:
    options: dict[str, Any] = {"task": ["dataset.noise"], "varying": ["optimizer.momentum"]}
    board = state(LEADERBOARD, **options)
    assert board["orderByKey"] == "params.`dataset.noise`"
    assert "params.`dataset.noise`" in board["selectedColumns"]
    assert json.loads(views(1700, **options)[f"mlflow.sharedViewState.{LEADERBOARD}"])["name"] == "Runs by task"


def test_links() -> None:
    assert link("7", CURVES) == (
        "#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey=nnbench-curves&compareRunsMode=CHART"
    )
    assert link("7", FAILURES).endswith("viewStateShareKey=nnbench-failures")
    assert filter_link("7", "tags.`a` = 'b (c)'").endswith("&searchFilter=tags.%60a%60%20%3D%20%27b%20%28c%29%27")
