"""Tasks of a study: the data that its runs were trained on. Runs of different tasks are never ranked against each other.

A task is the chosen problem, if there is one; all keys under `dataset.`: which points, how many, how noisy, and whether each
seed has its own; and the budget of the training, if it has one. The numbers of validation and test points belong to the task:
with different numbers, two runs of one seed are not measured on the same points. The network and the rest of the training do
not: they belong to the setting, and a report may compare them.
"""

import hashlib
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from nnbench.core.errors import UserError
from nnbench.core.keys import BUDGET, PROBLEM, TASK, is_config_key, is_part_of_task
from nnbench.records.budgets import amounts, without
from nnbench.records.settings import settings
from nnbench.records.study import Study

# Keys that say, in a tuning stage, that no test point is measured.
TEST = (f"{TASK.name}.test_samples", f"{TASK.name}.with_test")

Values = Mapping[str, Hashable]


@dataclass(frozen=True, kw_only=True)
class Task:
    """The part of a study that has one task, and so one report.

    Attributes:
        label: the name of the dataset with what varies between the study's tasks, such as `spiral noise=0.3`; empty if the
            study has only one task.
        study: the runs of this task; the task's label is part of its name.
    """

    label: str
    study: Study

    @property
    def folder(self) -> str:
        """Name of the folder of its report within the study's folder; empty if the study has only one task."""
        name = self.label.replace(" ", "_").replace("=", "_").replace("/", "_")
        safe = re.sub(r"[^\w.-]+|^[^\w]+", "_", name)[:100]
        return safe if safe == name else f"{safe}_{hashlib.sha256(self.label.encode()).hexdigest()[:8]}"


def key(values: Values, *, tuning: bool = False) -> str:
    """Return a text that is equal for equal tasks only.

    Args:
        values: config values by dotted key, or their texts; keys that are not part of a task are ignored.
        tuning: ignore which test points are measured, since a tuning stage measures none.
    """
    if _missing(values.get(BUDGET)):
        values = without(values)  # a unit alone says nothing
    texts = {name: _text(value) for name, value in values.items() if _belongs(name, tuning) and not _missing(value)}
    return json.dumps(texts, sort_keys=True)


def varying_keys(runs: Sequence[Values]) -> list[str]:
    """Return the keys whose values differ between the tasks of some runs, sorted; empty if they have one task.

    Args:
        runs: of each run, config values by dotted key.
    """
    names = {name for values in runs for name in values if _belongs(name, tuning=False)}
    return sorted(name for name in names if len({_text(values.get(name)) for values in runs}) > 1)


def tasks(study: Study) -> list[Task]:
    """Split a study into its tasks, in the order of their labels; a study with one task is not changed."""
    frame = study.tuning if study.runs.empty else study.runs
    of_runs, of_tuning = keys(study.runs), keys(study.tuning, tuning=True)
    known = keys(frame, tuning=study.runs.empty)
    first = known.reset_index(drop=True).drop_duplicates()
    if len(first) < 2:
        return [Task(label="", study=study)]
    values = [values_at(frame, row) for row in first.index.tolist()]
    names = labels(values)
    places = {task: place for place, task in enumerate(first)}
    place_of_run = dict(zip(study.runs["run_id"], of_runs.map(places), strict=True)) if len(study.runs) else {}
    in_curves, in_records = (table["run_id"].map(place_of_run) for table in (study.curves, study.records))
    found = []
    for label, task, of_task in sorted(zip(names, first, values, strict=True), key=lambda found: _order(found[0])):
        in_tuning = key(of_task, tuning=True)
        runs, tuning = study.runs[of_runs == task], study.tuning[of_tuning == in_tuning]
        selection = study.selection
        if "task" in selection:
            selection = selection[selection["task"].isin([task, ""])]
        found.append(
            Task(
                label=label,
                study=replace(
                    study,
                    name=f"{study.name}: {label}",
                    runs=_named(runs),
                    tuning=_named(tuning),
                    earlier=study.earlier[keys(study.earlier, tuning=True) == in_tuning],
                    curves=study.curves[in_curves == places[task]],
                    records=study.records[in_records == places[task]],
                    selection=selection.reset_index(drop=True),
                ),
            )
        )
    return _with_other_budgets(found)


def with_largest_budgets(found: Sequence[Task]) -> list[Task]:
    """Return of the tasks that differ in the budget alone the one with the largest; a task without a budget has no limit."""
    largest: dict[str, tuple[float, str]] = {}
    for task in found:
        amount = amounts(task.study.runs).fillna(float("inf")).max()
        if (group := _of(task.study, any_budget=True)) not in largest or amount > largest[group][0]:
            largest[group] = amount, task.label
    labels = {label for _, label in largest.values()}
    return [task for task in found if task.label in labels]


def _with_other_budgets(found: Sequence[Task]) -> list[Task]:
    """Give the study of each task the runs of the tasks that differ from it in the budget alone."""
    groups: dict[str, list[Task]] = {}
    for task in found:
        groups.setdefault(_of(task.study, any_budget=True), []).append(task)
    others = {}
    for group in groups.values():
        for task in group if len(group) > 1 else []:
            rest = [other.study.runs for other in group if other is not task]
            others[task.label] = pd.concat(rest, ignore_index=True)
    return [
        replace(task, study=replace(task.study, other_budgets=others[task.label])) if task.label in others else task
        for task in found
    ]


def _order(label: str) -> list[tuple[float, str]]:
    """Sort key of a label: its numbers by size."""
    return [(float(part), "") if part[:1].isdigit() else (-1.0, part) for part in re.split(r"(\d+(?:\.\d+)?)", label)]


def common_tasks(before: Study, after: Study) -> list[tuple[Task, Task]]:
    """Return the pairs of tasks of two studies that can be compared.

    These are the tasks that both have; two studies with one task each are compared even if the tasks differ.

    Raises:
        UserError: a study has several tasks, and none is in both.
    """
    sides = tasks(before), tasks(after)
    if all(len(side) == 1 for side in sides):
        return [(sides[0][0], sides[1][0])]
    of_after = {_of(task.study): task for task in sides[1]}
    found = [(task, of_after[_of(task.study)]) for task in sides[0] if _of(task.study) in of_after]
    if not found:
        first, second = (", ".join(task.label for task in side if task.label) or "another" for side in sides)
        raise UserError(f"study={before.name},{after.name}: no task is in both; the first has {first}, the second {second}")
    return [(replace(one, label=one.label or other.label), other) for one, other in found]


def unmatched_tasks(before: Study, after: Study) -> list[tuple[str, list[str]]]:
    """Return the name of each study with the labels of the tasks that only this one has; empty if both have one task."""
    sides = {study.name: tasks(study) for study in (before, after)}
    if all(len(side) == 1 for side in sides.values()):
        return []
    shared = set.intersection(*({_of(task.study) for task in side} for side in sides.values()))
    return [(name, [task.label for task in side if _of(task.study) not in shared]) for name, side in sides.items()]


def _of(study: Study, *, any_budget: bool = False) -> str:
    """Return the key of a study's only task, with `any_budget` without its budget."""
    runs = study.runs.drop(columns=BUDGET, errors="ignore") if any_budget else study.runs
    return next(iter(keys(runs)), "")


def keys(frame: pd.DataFrame, *, tuning: bool = False) -> "pd.Series[str]":
    """Return `key` of each row of a table of runs."""
    columns = [column for column in map(str, frame) if _belongs(column, tuning)]
    if frame.empty or not columns:
        return pd.Series(key({}), index=frame.index, dtype=str)
    # A study has many runs of few tasks. In a column of objects, 1 and True are equal, and their texts are not.
    codes = [pd.factorize(_texts(frame[column]), use_na_sentinel=False)[0] for column in columns]
    of_rows = pd.DataFrame(dict(enumerate(codes)), index=range(len(frame))).groupby([*range(len(codes))], sort=False).ngroup()
    firsts = of_rows.drop_duplicates().index.to_numpy()
    rows = frame[columns].iloc[firsts].to_numpy(dtype=object)
    known = np.array([key(dict(zip(columns, row, strict=True))) for row in rows], dtype=object)
    return pd.Series(known[of_rows.to_numpy()], index=frame.index, dtype=str)


def values_at(frame: pd.DataFrame, row: int) -> dict[str, Hashable]:
    """Return the config values that a row of a table of runs has of its task."""
    cells = zip(map(str, frame), frame.iloc[[row]].to_numpy(dtype=object)[0], strict=True)
    return {column: value for column, value in cells if is_part_of_task(column) and not _missing(value)}


def labels(values: Sequence[Values]) -> list[str]:
    """Label tasks: the name of the problem or else of the dataset, with what varies between the tasks of that name.

    Args:
        values: of each task, config values by dotted key; keys that are not part of a task are ignored.
    """
    names = [str(one.get(PROBLEM) or one.get(TASK.class_key, "")) for one in values]
    without = {PROBLEM: "none"}
    rest = [
        {name: value for name, value in (without | dict(one)).items() if is_part_of_task(name) and name != TASK.class_key}
        for one in values
    ]
    return [name.replace(f" {TASK.name}.", " ").strip() for name, _ in settings(names, rest)]


def _named(runs: pd.DataFrame) -> pd.DataFrame:
    """Name settings by what varies within the task."""
    if runs.empty:
        return runs.reset_index(drop=True)
    leaves = [column for column in map(str, runs) if is_config_key(column)]
    distinct = runs.drop_duplicates(["optimizer", "setting"])
    params = [
        {name: None if _missing(value) else value for name, value in zip(leaves, row, strict=True)}
        for row in distinct[leaves].to_numpy(dtype=object)
    ]
    of_settings = list(zip(distinct["optimizer"].astype(str), distinct["setting"].astype(str), strict=True))
    named = settings([label for label, _ in of_settings], params, configurations=[setting for _, setting in of_settings])
    names = {setting: name for setting, (name, _) in zip(of_settings, named, strict=True)}
    of_runs = zip(runs["optimizer"].astype(str), runs["setting"].astype(str), strict=True)
    column = pd.Series([names[setting] for setting in of_runs], index=runs.index, dtype=object)
    return runs.assign(setting=column).reset_index(drop=True)


def _belongs(name: str, tuning: bool) -> bool:
    return is_part_of_task(name) and not (tuning and name in TEST)


def _missing(value: object) -> bool:
    return value is None or value != value


def _texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.map(str) if column.dtype == object else column


def _text(value: Hashable) -> str:
    """Return a text that is the same for a number from a config, a store or a table."""
    if isinstance(value, bool):
        return json.dumps(value)
    try:
        return repr(float(str(value)))
    except ValueError:
        return str(value)
