"""Saved views for MLflow's pages: columns, filters and charts of a study.

MLflow does not document the format of a view. It was read from what its pages store, and a test opens each view in a browser.
A version of MLflow that does not know the format ignores the views.
"""

import base64
import json
import zlib
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from nnbench.core.keys import LABEL, LEADING
from nnbench.records import measures
from nnbench.records.measure import Kind
from nnbench.records.measures import MEASURES, by_rank, by_split

TAG = "mlflow.sharedViewState."
MODE = "workflowType=machine_learning"  # otherwise the pages open in the mode for language models

LEADERBOARD, CURVES, FAILURES = "nnbench-leaderboard", "nnbench-curves", "nnbench-failures"
NAMES = {LEADERBOARD: "Leaderboard", CURVES: "Learning curves", FAILURES: "Failures"}
BY_TASK = "Runs by task"  # the leaderboard's name in a study of several tasks

TRAINING = "tags.`nnbench.kind` = 'training'"
# MLflow's filters have no OR. A run that is still running has no such tag and matches neither.
COMPLETED = "tags.`nnbench.outcome` != 'diverged' AND attributes.status = 'FINISHED'"
FAILED = "tags.`nnbench.outcome` != 'finished' AND tags.`nnbench.outcome` != 'stopped'"

CURVE_GROUPS = tuple(dict.fromkeys(curve.key.partition("/")[0] for curve in measures.CURVES))
BAR_GROUPS = ("test", "final", "time")
# The charts of each section, and whether their axis is logarithmic. Metrics with one value a run have bar charts.
SECTIONS: dict[str, dict[str, bool]] = {
    **{part: {one.key: one.log for one in measures.CURVES if one.key.startswith(f"{part}/")} for part in CURVE_GROUPS},
    **{part: {one.key: one.log for one in by_split([one for one in MEASURES if one.group == part])} for part in BAR_GROUPS},
}
# MLflow would make a chart for a metric without one, in a new section before the others.
HIDDEN = tuple(one.key for one in MEASURES if one.group not in BAR_GROUPS)
METRICS = tuple(by_rank("leaderboard"))


def views(
    created: int,
    *,
    tuned: bool = False,
    grouped: bool = False,
    varying: Sequence[str] = (),
    task: Sequence[str] = (),
    kinds: Collection[Kind] = frozenset({"classification"}),
) -> dict[str, str]:
    """Return the views of a study as tags of its experiment.

    Args:
        created: when the experiment was created, in ms since 1970.
        tuned: whether it has a tuning stage, whose runs are not compared.
        grouped: whether its runs have the tags of `nnbench.records.labels`.
        varying: parameters that differ between its runs, without the seed.
        task: parameters that differ between its tasks; empty if it has one task. With several tasks, the leaderboard sorts
            the runs by the first of these parameters instead of ranking them.
        kinds: kinds of its tasks, whose measures are the columns of the leaderboard.
    """
    columns = [one.key for one in METRICS if one.kind is None or one.kind in kinds]
    score = "final/val_accuracy" if "classification" in kinds else "final/val_r2"
    stage = " AND tags.`nnbench.stage` = 'final'" if tuned else ""
    best = " AND tags.`nnbench.best` = 'true'" if grouped else stage
    group_keys = [("tag", "nnbench.setting")] if grouped else [("param", key) for key in (LABEL, *LEADING)]
    states: dict[str, dict[str, object]] = {
        LEADERBOARD: {
            "searchFilter": f"{TRAINING} AND {COMPLETED}{stage}",
            "orderByKey": f"params.`{task[0]}`" if task else f"metrics.`{score}`",
            "selectedColumns": [
                *(f"metrics.`{key}`" for key in columns),
                *(f"params.`{key}`" for key in (*dict.fromkeys([*task, *varying]), "seed")),
            ],
        },
        CURVES: {
            "searchFilter": f"{TRAINING}{best}",
            "groupBy": {
                "aggregateFunction": "average",
                "groupByKeys": [{"mode": mode, "groupByData": data} for mode, data in group_keys],
            },
        },
        FAILURES: {
            "searchFilter": f"{TRAINING} AND {FAILED}",
            "selectedColumns": ["metrics.`diverged_at_epoch`", "tags.`nnbench.outcome`", "tags.`nnbench.reason`"],
        },
    }
    labels = names(several_tasks=bool(task))
    return {
        f"{TAG}{key}": json.dumps(
            {"name": labels[key], "createdAt": created, "updatedAt": created, "state": _packed(_BASE | _charts() | state)}
        )
        for key, state in states.items()
    }


def names(*, several_tasks: bool) -> dict[str, str]:
    """Return the names of a study's views in MLflow's pages by their keys."""
    return NAMES | ({LEADERBOARD: BY_TASK} if several_tasks else {})


def link(experiment_id: str, key: str) -> str:
    """Return the address of a view within MLflow's pages."""
    charts = "&compareRunsMode=CHART" if key == CURVES else ""
    return f"#/experiments/{experiment_id}/runs?{MODE}&viewStateShareKey={key}{charts}"


def filter_link(experiment_id: str, query: str) -> str:
    """Return the address of the runs that match a filter, without brackets, which would end a link in Markdown."""
    return f"#/experiments/{experiment_id}/runs?{MODE}&searchFilter={quote(query, safe='')}"


def run_link(experiment_id: str, run_id: str, artifact: str = "") -> str:
    """Return the address of a run, or of one of its artifacts."""
    return f"#/experiments/{experiment_id}/runs/{run_id}{f'/artifacts/{artifact}' if artifact else ''}?{MODE}"


_BASE: dict[str, object] = {
    "searchFilter": "",
    "orderByKey": "attributes.start_time",
    "orderByAsc": False,
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
    "selectedColumns": [],
    "runsHiddenMode": "FIRST_20_RUNS",
    "useGroupedValuesInCharts": True,
    "hideEmptyCharts": True,
    "viewMaximized": False,
    "runListHidden": False,
    "groupBy": None,
    "isAccordionReordered": True,  # otherwise the pages sort the sections by name
}


def _charts() -> dict[str, object]:
    """Return the sections and charts, which are the same for all views: curves first, then one bar chart for each metric."""
    shown = {"display": True, "isReordered": True, "deleted": False, "isGenerated": False}
    sections = [{"uuid": name, "name": name, "columns": 2 if name in CURVE_GROUPS else 4, **shown} for name in SECTIONS]
    charts = [
        _chart(key, section, log=log, curve=section in CURVE_GROUPS)
        for section, keys in SECTIONS.items()
        for key, log in keys.items()
    ]
    hidden = [_chart(key, "final", log=False, curve=False) | {"deleted": True} for key in HIDDEN]
    return {"compareRunSections": sections, "compareRunCharts": charts + hidden}


def _chart(key: str, section: str, *, log: bool, curve: bool) -> dict[str, object]:
    common: dict[str, object] = {
        "uuid": key,
        "type": "LINE" if curve else "BAR",
        "runsCountToCompare": 100,
        "metricSectionId": section,
        "deleted": False,
        "isGenerated": False,
        "metricKey": key,
        "displayName": key,
    }
    if not curve:
        return common
    return common | {
        "selectedMetricKeys": [key],
        "lineSmoothness": 0,
        "xAxisScaleType": "linear",
        "scaleType": "log" if log else "linear",
        "range": {},
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }


def _packed(state: Mapping[str, object]) -> str:
    return "deflate;" + base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
