"""Rows of a store as tidy tables: what `Study` promises, column by column.

A store may hold what others wrote: a name is text to be shown, a number may be none, and nothing is too long.
"""

import logging
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from nnbench.config.schema import text_keys
from nnbench.config.text_values import as_value
from nnbench.core.keys import SOURCES, key_of
from nnbench.records import measures, tasks
from nnbench.records import npz as artifacts
from nnbench.records.measures import MEASURES
from nnbench.records.rows import Row, ours
from nnbench.records.settings import configuration, settings
from nnbench.records.versions import version

logger = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_TEXT = 6000  # characters; the writer leaves no longer text either
BEYOND = 1e300  # MLflow stores the infinite as the greatest number there is
# Tag of a sweep's own run: the report that a later command asked for, which trained nothing and has no run of its own.
REPORT_OPTIONS = "nnbench.report_options"
# Columns that are there even if no run fills them.
TAGS = ("outcome", "optimizer", "identity", "sweep_id", "stage", "reason")
PROVENANCE = (*SOURCES.values(), "commit", "dirty", "version", "python", "numpy", "blas", "cpu", "threads", "command")
METRICS = tuple(measure.key for measure in MEASURES)
CURVES = tuple(curve.column for curve in measures.CURVES)


def genuine(row: Row) -> bool:
    """Whether a row is what this project's writer leaves of a training run, as opposed to somebody else's."""
    seed = values_of(row).get("seed")
    named = re.fullmatch(r"\w[\w .,()-]{0,59}", row.tags.get("nnbench.optimizer", ""))
    known = row.tags.get("nnbench.identity") and ours(row.run_id)
    return bool(named and known) and isinstance(seed, int) and 0 <= seed < 2**63


def values_of(row: Row) -> dict[str, Hashable]:
    """A run's parameters: numbers as numbers, null as None, and what the schema says is text as text.

    The first edition wrote a text that looks like a number as it was.
    """
    values = {key: as_value(text) for key, text in row.params.items()}
    return {key: row.params[key] if _misread(key, value) else value for key, value in values.items()}


def _misread(key: str, value: Hashable) -> bool:
    kinds = text_keys().get(key)
    return kinds is not None and not isinstance(value, kinds)


def newest(rows: Sequence[Row]) -> list[Row]:
    """The last try of each configuration, seed and version of the source, a FINISHED one where there is one."""
    tries = sorted(rows, key=lambda row: (row.status == "FINISHED", row.started))
    return list({(configuration_of(row), row.params.get("seed"), version(row)): row for row in tries}.values())


def configuration_of(row: Row) -> str:
    """What is equal for runs of one setting alone: as the writer left it or, in stores of old, from the parameters."""
    return row.tags.get("nnbench.configuration") or configuration(row.params)


def runs_table(rows: Sequence[Row]) -> pd.DataFrame:
    """`Study.runs`, in the order of optimizer, setting, seed."""
    params = [{key: shown(value) for key, value in values_of(row).items()} for row in rows]
    optimizers = [row.tags.get("nnbench.optimizer", "") for row in rows]
    named = settings(optimizers, params, configurations=[configuration_of(row) for row in rows])
    records = [
        {
            **values,
            **dict.fromkeys(METRICS, np.nan),
            **{key: value if abs(value) < BEYOND else np.nan for key, value in row.metrics.items()},
            **{key: shown(row.tags.get(f"nnbench.{key}")) for key in (*TAGS, *PROVENANCE)},
            "run_id": row.run_id,
            "name": shown(row.name),
            "status": row.status,
            "setting": setting,
            "seed": values.get("seed"),
            "started": row.started,
        }
        for row, values, (setting, _) in zip(rows, params, named, strict=True)
    ]
    order = sorted(range(len(rows)), key=lambda at: (named[at][1], records[at]["seed"] or 0, rows[at].started))
    first = ["run_id", "name", "status", *TAGS, "setting", "seed", "started"]
    frame = pd.DataFrame([records[at] for at in order], columns=None if records else [*first, *METRICS, *PROVENANCE])
    others = [column for column in frame.columns if column not in (*first, *METRICS, *PROVENANCE)]
    more = [column for column in others if any(column in row.metrics for row in rows)]
    frame = frame[[*first, *(column for column in others if column not in more), *METRICS, *more, *PROVENANCE]]
    frame["threads"] = pd.to_numeric(frame["threads"], errors="coerce")
    frame["dirty"] = frame["dirty"].map({"true": True, "false": False})
    return _dated(frame)


def curve_tables(histories: Mapping[str, Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`Study.curves` and `Study.records`, from the histories of runs by their ids."""
    parts: dict[str, list[np.ndarray]] = {key: [np.empty(0)] for key in ("epoch", *CURVES)}
    read, records = [], [pd.DataFrame({"run_id": "", "epoch": 0, "train_accuracy": 0.0}, index=[]).astype({"run_id": str})]
    for run_id, path in histories.items():
        try:
            arrays = artifacts.read_history(path)
        except artifacts.CorruptFileError as error:
            logger.warning("run %s: %s; it has no curve", run_id, error)
            continue
        read.append(run_id)
        evaluated = arrays["evaluated"]
        epochs = artifacts.curve_epochs(len(arrays["train_loss"]), evaluated)
        parts["epoch"].append(epochs)
        for curve in measures.CURVES:
            values = arrays[curve.column]
            if curve.evaluated:
                known, values = values, np.full(len(epochs), np.nan)
                if len(known):
                    values[np.searchsorted(epochs, evaluated)] = known
            else:
                values = values[epochs]
            parts[curve.column].append(values)
        records.append(_records(arrays["train_accuracy"]).assign(run_id=run_id))
    columns = {key: np.concatenate(arrays, dtype=float) for key, arrays in parts.items()}
    ids = np.repeat(np.array(read, dtype=object), [len(epochs) for epochs in parts["epoch"][1:]])
    curves = pd.DataFrame({"run_id": ids.astype(str), **columns}).astype({"epoch": int})
    return curves, pd.concat(records, ignore_index=True)


def _records(accuracy: np.ndarray) -> pd.DataFrame:
    best = np.fmax.accumulate(accuracy)  # NaN between the evaluated epochs of mini-batches
    epochs = np.flatnonzero(np.diff(best, prepend=-1.0) > 0)
    return pd.DataFrame({"run_id": "", "epoch": epochs, "train_accuracy": accuracy[epochs].astype(float)})


def sweeps_table(rows: Sequence[Row]) -> pd.DataFrame:
    """`Study.sweeps`, oldest first."""
    tags = [(shown(row.tags.get("nnbench.command")), row.tags.get(REPORT_OPTIONS)) for row in rows]
    records = [(row.run_id, row.started, command, row.status, asked) for row, (command, asked) in zip(rows, tags, strict=True)]
    return _dated(pd.DataFrame(records, columns=["run_id", "started", "command", "status", "report"]))


def selection_table(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """`Study.selection`: of each optimizer and task what was chosen last.

    Args:
        frames: what each sweep has chosen, oldest first.
    """
    newest = {own: rows for frame in frames for own, rows in frame.groupby(["task", "setting"], sort=False)}
    return pd.concat(newest.values(), ignore_index=True) if newest else pd.DataFrame()


def choice_table(path: Path, task: str) -> pd.DataFrame:
    """What a sweep has chosen, from its `selection.csv`.

    Args:
        path: the file.
        task: on which the sweep was, where the file does not tell it, as those of the first edition do not.
    """
    as_written: dict[str, Callable[[str], object]] = {"value": as_value, "default": as_value, "edge": str}
    try:
        frame = pd.read_csv(path, converters=as_written)
        frame = frame.assign(task=frame.get("task", task))
        return frame[frame[["setting", "optimizer", "hyperparameter", "value"]].notna().any(axis=1)]
    except (ValueError, KeyError) as error:
        logger.warning("%s is not as nnbench leaves it, and is left out: %s", path, error)
        return pd.DataFrame({"setting": [], "task": [], "optimizer": []})


def chosen(row: Row, selection: pd.DataFrame) -> bool:
    """Whether a run may be compared: of a tuned optimizer's runs, those with what was chosen last may."""
    if selection.empty or row.tags.get("nnbench.stage") != "final":
        return True
    own = selection["task"].isin([tasks.key(row.params), ""])
    mine = selection[own & (selection["setting"] == row.tags.get("nnbench.optimizer"))]
    values = zip(mine["hyperparameter"], mine["value"], strict=True)
    params = values_of(row)
    return all(params.get(key_of(key), "") == value for key, value in values)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(started=pd.to_datetime(frame["started"], unit="ms", utc=True).dt.as_unit("ms"))


def shown(value: T) -> T | str:
    """A value as it may be shown: text without what steers a terminal, and not for ever."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", "\N{REPLACEMENT CHARACTER}", value[: LONGEST_TEXT + 1])
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
