"""Conversion of the settings that searches chose, the files `selection.csv` of sweeps, to `Study.selection`."""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from nnbench.config.text_values import as_value
from nnbench.records.kinds import SCORES, kind_of
from nnbench.records.measure import Kind
from nnbench.records.tasks import key, keys

logger = logging.getLogger(__name__)

BY_LOSS = "train/loss"  # measure of settings that were chosen by the training loss
_BEFORE = ("val_accuracy", "val_loss")  # columns of files without `measure`, `score` and `loss`


def selection_table(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Make `Study.selection` from the last choice for each optimizer and task.

    Args:
        frames: choices of each sweep, oldest first.
    """
    last = {key: rows for frame in frames for key, rows in frame.groupby(["task", "setting"], sort=False)}
    return pd.concat(last.values(), ignore_index=True) if last else pd.DataFrame()


def choice_table(path: Path, task: str) -> pd.DataFrame:
    """Read the choices of a sweep from its `selection.csv`.

    Args:
        path: the file.
        task: task of the sweep, for files of the first edition, which do not have it.
    """
    as_written: dict[str, Callable[[str], object]] = {"value": as_value, "default": as_value, "edge": str}
    try:
        frame = pd.read_csv(path, converters=as_written)
        frame = frame.assign(task=frame.get("task", task), search=frame.get("search", 0))
        return frame[frame[["setting", "optimizer", "hyperparameter", "value"]].notna().any(axis=1)]
    except (ValueError, KeyError) as error:
        logger.warning("%s is damaged and is ignored: %s", path, error)
        return pd.DataFrame({"setting": [], "task": [], "optimizer": [], "search": []})


def with_measures(selection: pd.DataFrame, tuning: pd.DataFrame) -> pd.DataFrame:
    """Name the measure of choices that were written without it, whatever it was, in columns of the validation accuracy.

    Args:
        selection: `Study.selection`, perhaps with rows of such files.
        tuning: `Study.tuning`, whose measures tell the kind of each task.
    """
    if not {*_BEFORE} & {*selection}:
        return selection
    table = selection.reindex(columns=[*dict.fromkeys([*selection.columns, *_BEFORE, "measure", "score", "loss"])])
    scores, losses = (pd.to_numeric(table.pop(name), errors="coerce") for name in _BEFORE)
    old, named = table["score"].isna(), table["task"].astype(str)
    own = keys(tuning, tuning=True)
    kinds = {task: _kind(tuning[own == _of_tuning(task)]) for task in named[old].unique()}
    by_loss = scores == -losses  # settings chosen by the training loss had it negated
    measures = named.map({task: f"val/{SCORES[kind][0]}" for task, kind in kinds.items()}).mask(by_loss, BY_LOSS)
    before = {"measure": measures, "score": scores.mask(by_loss, losses), "loss": losses}
    return table.assign(**{name: values.where(old, table[name]) for name, values in before.items()})


def _kind(runs: pd.DataFrame) -> Kind:
    return kind_of([column for column in map(str, runs) if runs[column].notna().any()])


def _of_tuning(task: str) -> str:
    """The key of a task's tuning stage from the key of the task; empty if that is no key."""
    try:
        return key(json.loads(task), tuning=True)
    except (ValueError, AttributeError):
        return ""
