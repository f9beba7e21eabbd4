"""The tasks of a study: what its runs were trained on. Runs of different tasks are never ranked against each other.

A task is the problem that was chosen, if one was, and all that stands under `dataset.`: which points, how many, how noisy,
and whether each seed has its own. The numbers of validation and test points belong to it: with others, two runs of one seed
are not measured on the same points. The network and how it is trained do not: these are settings, which a report may compare.
"""

import hashlib
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from nnbench.core.errors import UserError
from nnbench.core.keys import PROBLEM, TASK, is_config_key, is_part_of_task
from nnbench.records.settings import settings
from nnbench.records.study import Study

# In a tuning stage, these say that no test point is measured.
TEST = (f"{TASK.name}.test_samples", f"{TASK.name}.with_test")

Values = Mapping[str, Hashable]


@dataclass(frozen=True, kw_only=True)
class Task:
    """The part of a study that one report is on.

    Attributes:
        label: what sets the task apart from the study's others, such as `spiral noise=0.3`; empty for the only one.
        study: its runs alone; the name says which task it is.
    """

    label: str
    study: Study

    @property
    def folder(self) -> str:
        """The name of the folder of its report within the study's; empty for the only one."""
        told = self.label.replace(" ", "_").replace("=", "_")
        safe = re.sub(r"[^\w.-]+|^[^\w]+", "_", told)[:100]
        return safe if safe == told else f"{safe}_{hashlib.sha256(self.label.encode()).hexdigest()[:8]}"


def key(values: Values, *, tuning: bool = False) -> str:
    """The same text for the same task alone.

    Args:
        values: the config's leaves under their dotted names, as they are or as text; others do not matter.
        tuning: leave out which test points are measured, since a tuning stage measures none.
    """
    told = {name: _text(value) for name, value in values.items() if _belongs(name, tuning) and not _missing(value)}
    return json.dumps(told, sort_keys=True)


def told_apart(runs: Sequence[Values]) -> list[str]:
    """The keys whose values differ between the tasks of some runs, sorted; empty for one task.

    Args:
        runs: the config's leaves of each, under their dotted names.
    """
    names = {name for values in runs for name in values if _belongs(name, tuning=False)}
    return sorted(name for name in names if len({_text(values.get(name)) for values in runs}) > 1)


def tasks(study: Study) -> list[Task]:
    """The tasks of a study, in the order of their labels; of one alone, the study as it is."""
    frame = study.tuning if study.runs.empty else study.runs
    of_runs, of_tuning = _keys(study.runs), _keys(study.tuning, tuning=True)
    known = _keys(frame, tuning=study.runs.empty)
    first = known.reset_index(drop=True).drop_duplicates()
    if len(first) < 2:
        return [Task(label="", study=study)]
    values = [_values(frame, row) for row in first.index.tolist()]
    labels = _labels(values)
    found = []
    for label, own, one in sorted(zip(labels, first, values, strict=True), key=lambda task: task[0]):
        about = key(one, tuning=True)
        runs, tuning = study.runs[of_runs == own], study.tuning[of_tuning == about]
        selection = study.selection
        if "task" in selection:
            selection = selection[selection["task"].isin([own, ""])]
        found.append(
            Task(
                label=label,
                study=replace(
                    study,
                    name=f"{study.name}: {label}",
                    runs=_named(runs),
                    tuning=_named(tuning),
                    earlier=study.earlier[_keys(study.earlier, tuning=True) == about],
                    curves=study.curves[study.curves["run_id"].isin(runs["run_id"])],
                    records=study.records[study.records["run_id"].isin(runs["run_id"])],
                    selection=selection.reset_index(drop=True),
                ),
            )
        )
    return found


def in_both(before: Study, after: Study) -> list[tuple[Task, Task]]:
    """The tasks of two studies that may be set side by side: the only one of each, whatever it is, or those that both have.

    Raises:
        UserError: one has several, and none is in both.
    """
    sides = tasks(before), tasks(after)
    if all(len(side) == 1 for side in sides):
        return [(sides[0][0], sides[1][0])]
    of_after = {_of(task.study): task for task in sides[1]}
    found = [(task, of_after[_of(task.study)]) for task in sides[0] if _of(task.study) in of_after]
    if not found:
        told = [", ".join(task.label for task in side if task.label) or "another" for side in sides]
        raise UserError(
            f"study={before.name},{after.name}: no task is in both; the first holds {told[0]}, the second {told[1]}"
        )
    return [(replace(first, label=first.label or second.label), second) for first, second in found]


def in_one(before: Study, after: Study) -> list[tuple[str, list[str]]]:
    """The labels of the tasks that only one of two studies has, by the study's name; of two with a task each, none."""
    sides = {study.name: tasks(study) for study in (before, after)}
    if all(len(side) == 1 for side in sides.values()):
        return []
    shared = set.intersection(*({_of(task.study) for task in side} for side in sides.values()))
    return [(name, [task.label for task in side if _of(task.study) not in shared]) for name, side in sides.items()]


def _of(study: Study) -> str:
    """The key of a study's only task."""
    return next(iter(_keys(study.runs)), "")


def _keys(frame: pd.DataFrame, *, tuning: bool = False) -> "pd.Series[str]":
    columns = [column for column in map(str, frame) if _belongs(column, tuning)]
    rows = [tuple(row) for row in frame[columns].to_numpy(dtype=object)]
    known = {tuple(map(str, row)): key(dict(zip(columns, row, strict=True))) for row in rows}
    return pd.Series([known[tuple(map(str, row))] for row in rows], index=frame.index, dtype=str)


def _values(frame: pd.DataFrame, row: int) -> dict[str, Hashable]:
    own = zip(map(str, frame), frame.to_numpy(dtype=object)[row], strict=True)
    values = {column: value for column, value in own if is_part_of_task(column)}
    return {name: value for name, value in values.items() if not _missing(value)}


def _labels(values: Sequence[Values]) -> list[str]:
    """The name of the problem or, without one, of the dataset, with what varies between the tasks that have it."""
    names = [str(one.get(PROBLEM, one.get(TASK.class_key, ""))) for one in values]
    without = {PROBLEM: "none"}
    rest = [{name: value for name, value in (without | dict(one)).items() if name != TASK.class_key} for one in values]
    return [name.replace(f" {TASK.name}.", " ").strip() for name, _ in settings(names, rest)]


def _named(runs: pd.DataFrame) -> pd.DataFrame:
    """With settings that tell what varies within the task alone."""
    leaves = [column for column in map(str, runs) if is_config_key(column)]
    params = [
        {name: None if _missing(value) else value for name, value in zip(leaves, row, strict=True)}
        for row in runs[leaves].to_numpy(dtype=object)
    ]
    named = (
        settings(runs["optimizer"].astype(str).tolist(), params, configurations=runs["setting"].astype(str).tolist())
        if len(runs)
        else []
    )
    return runs.assign(setting=pd.Series([name for name, _ in named], index=runs.index, dtype=object)).reset_index(drop=True)


def _belongs(name: str, tuning: bool) -> bool:
    return is_part_of_task(name) and not (tuning and name in TEST)


def _missing(value: object) -> bool:
    return value is None or value != value


def _text(value: Hashable) -> str:
    """The same for a number as the config, a store and a table have it."""
    if isinstance(value, bool):
        return json.dumps(value)
    try:
        return repr(float(str(value)))
    except ValueError:
        return str(value)
