"""Column `problem` of the tables of an export: the label of each run's task, also where no problem was chosen by name."""

from collections.abc import Mapping

import pandas as pd

from nnbench.core.keys import PROBLEM
from nnbench.records.study import Study
from nnbench.records.tasks import keys, labels, tasks, values_at

PRESET = "preset"  # the config's `problem` in a table whose column `problem` is the label
_RUNS = ("runs", "tuning", "earlier")  # tables of runs


def with_problems(study: Study, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Add the column to the tables of runs and to the selection.

    A label is the one that reports have, such as `spiral noise=0.3`; that of a study with one task is its name alone. A run
    of a tuning stage, which measures no test points, has the labels of all tasks that differ in the test points only.

    Args:
        study: the study.
        tables: its tables by name.
    """
    exact, without_test = _known(study)
    found = dict(tables)
    for name in _RUNS:
        table = tables[name]
        if "setting" not in table:
            continue
        of_runs = zip(range(len(table)), keys(table), keys(table, tuning=True), strict=True)
        column = [
            exact.get(whole) or ", ".join(without_test.get(part, ())) or labels([values_at(table, at)])[0]
            for at, whole, part in of_runs
        ]
        found[name] = _inserted(table.rename(columns={PROBLEM: PRESET}), "setting", column)
    if "task" in (selection := tables["selection"]):
        only = next(iter(exact.values())) if len(exact) == 1 else ""
        found["selection"] = _inserted(selection, "task", [exact.get(str(task), only) for task in selection["task"]])
    return found


def without_problems(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables as they were before `with_problems`."""
    return {
        name: table.drop(columns=PROBLEM, errors="ignore").rename(columns={PRESET: PROBLEM}) for name, table in tables.items()
    }


def _known(study: Study) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The label of each task by its key, and all labels by the key of their tuning stage."""
    exact: dict[str, str] = {}
    without_test: dict[str, list[str]] = {}
    for task in tasks(study):
        frame = task.study.tuning if task.study.runs.empty else task.study.runs
        if frame.empty:
            continue
        label = task.label or labels([values_at(frame, 0)])[0]
        exact[keys(frame).iloc[0]] = label
        without_test.setdefault(keys(frame, tuning=True).iloc[0], []).append(label)
    return exact, without_test


def _inserted(table: pd.DataFrame, before: str, column: list[str]) -> pd.DataFrame:
    """Return a copy with the column `problem` before another."""
    table = table.copy()
    table.insert(table.columns.get_loc(before), PROBLEM, pd.Series(column, index=table.index, dtype=object))  # type: ignore[arg-type]
    return table
