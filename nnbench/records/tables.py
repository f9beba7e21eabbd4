"""Conversion of a store's rows to the tables of `Study`.

A store may have been written by others, so text is made printable and truncated, and numbers may be missing.
"""

import logging
import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from nnbench.config.text_values import as_text
from nnbench.core.keys import SOURCES
from nnbench.records import measures, tasks
from nnbench.records import npz as artifacts
from nnbench.records.curves import GROUP_LOSS
from nnbench.records.measures import MEASURES
from nnbench.records.rows import Row, is_safe_id
from nnbench.records.settings import configuration, settings
from nnbench.records.tuned import base_label, chosen_values, has_values, is_tuned, searched_keys
from nnbench.records.versions import version

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_LENGTH = 6000  # characters of a text; nnbench stores no longer ones
INFINITE = 1e300  # MLflow stores an infinite value as the largest finite number
# Tag of a sweep's own run: options of the report that a later command made without training any run.
REPORT_OPTIONS = "nnbench.report_options"
# Columns that `Study.runs` always has.
TAGS = ("outcome", "optimizer", "identity", "sweep_id", "stage", "reason")
PROVENANCE = (*SOURCES.values(), "commit", "dirty", "version", "python", "numpy", "blas", "cpu", "threads", "command")
# Those of a regression are there only where a run has them.
METRICS = tuple(measure.key for measure in MEASURES if measure.kind != "regression")

COUNTERS = ("steps", "gradient_evaluations")  # columns of `Study.curves`, where some epoch is not one step with one gradient


def is_own(row: Row) -> bool:
    """Whether a training run has the tags and the seed that nnbench writes; a store may hold runs of other programs."""
    seed = row.values.get("seed")
    named = re.fullmatch(r"\w[\w .,()-]{0,59}", row.tags.get("nnbench.optimizer", ""))
    known = row.tags.get("nnbench.identity") and is_safe_id(row.run_id)
    return bool(named and known) and isinstance(seed, int) and 0 <= seed < 2**63


def newest_attempts(rows: Sequence[Row]) -> list[Row]:
    """Return the last run of each configuration, seed and version of the source, or the last FINISHED one if there is one."""
    ordered = sorted(rows, key=lambda row: (row.status == "FINISHED", row.started))
    return list({(configuration_of(row), row.values.get("seed"), version(row)): row for row in ordered}.values())


def configuration_of(row: Row) -> str:
    """Return a text that is equal for runs of one setting only: the stored digest, or one of the values."""
    stored = row.tags.get("nnbench.configuration")
    return stored or configuration(row.params or {key: as_text(value) for key, value in row.values.items()})


def runs_table(rows: Sequence[Row], selection: pd.DataFrame | None = None) -> pd.DataFrame:
    """Make `Study.runs`, in the order of optimizer, setting and seed.

    Args:
        rows: the runs.
        selection: `Study.selection`: the runs with settings that searches of one optimizer chose are one setting.
    """
    params = [{key: printable(value) for key, value in row.values.items()} for row in rows]
    named = _named(rows, params, pd.DataFrame() if selection is None else selection)
    records = [
        {
            **values,
            **dict.fromkeys(METRICS, np.nan),
            **{key: value if abs(value) < INFINITE else np.nan for key, value in row.metrics.items()},
            **{key: printable(row.tags.get(f"nnbench.{key}")) for key in (*TAGS, *PROVENANCE)},
            "run_id": row.run_id,
            "name": printable(row.name),
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


def _named(
    rows: Sequence[Row], params: Sequence[dict[str, Hashable]], selection: pd.DataFrame
) -> list[tuple[str, tuple[object, ...]]]:
    """Name the settings of runs; that of a tuned optimizer does not show what was searched, which varies with the search."""
    searched = searched_keys(selection)
    configurations, shown = [], []
    for row, values in zip(rows, params, strict=True):
        label = row.tags.get("nnbench.optimizer", "")
        if not is_tuned(label, row.tags.get("nnbench.stage"), searched):
            configurations.append(configuration_of(row))
            shown.append(values)
            continue
        varied = searched.get(base_label(label, True), set())
        rest = {key: value for key, value in values.items() if key not in varied}
        configurations.append(configuration({key: as_text(value) for key, value in rest.items()}))
        shown.append(rest)
    return settings([row.tags.get("nnbench.optimizer", "") for row in rows], shown, configurations=configurations)


def curve_tables(histories: Mapping[str, Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make `Study.curves` and `Study.records` from the files of histories by run id."""
    names = "epoch", *COUNTERS, *(curve.column for curve in measures.CURVES)
    parts: dict[str, list[np.ndarray]] = {name: [np.empty(0)] for name in names}
    read: list[str] = []
    scores: list[tuple[str, np.ndarray]] = []
    groups: dict[str, dict[str, np.ndarray]] = {}
    has_r2 = False
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
        for name in COUNTERS:
            parts[name].append(_at(epochs, evaluated, arrays[name]) if name in arrays else epochs)
        for curve in measures.CURVES:
            values = arrays.get(curve.column, np.empty(0))
            if not len(values):
                values = np.full(len(epochs), np.nan)
            elif curve.evaluated:
                values = _at(epochs, evaluated, values)
            else:
                values = values[epochs]
            parts[curve.column].append(values)
        for name in arrays:
            if name.startswith(GROUP_LOSS):
                groups.setdefault(name, {})[run_id] = _at(epochs, evaluated, arrays[name])
        score = "train_r2" if "train_r2" in arrays else "train_accuracy"
        has_r2 = has_r2 or score == "train_r2"
        scores.append((score, arrays[score]))
    absent = [] if has_r2 else [curve.column for curve in measures.CURVES if curve.kind == "regression"]
    absent += [name for name in COUNTERS if all(map(np.array_equal, parts[name], parts["epoch"]))]
    lengths = [len(epochs) for epochs in parts["epoch"][1:]]
    for name, of_run in groups.items():
        missing = (np.full(length, np.nan) for length in lengths)
        parts[name] = [of_run.get(run_id, none) for run_id, none in zip(read, missing, strict=True)]
    columns = {key: np.concatenate(arrays, dtype=float) for key, arrays in parts.items() if key not in absent}
    curves = pd.DataFrame({"run_id": _repeated(read, lengths), **columns}).astype({"epoch": int})
    return curves, _records(read, scores)


def _at(epochs: np.ndarray, evaluated: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values of the evaluated epochs at those of `epochs`, NaN at the others."""
    found = np.full(len(epochs), np.nan)
    found[np.searchsorted(epochs, evaluated)] = values
    return found


def _records(run_ids: Sequence[str], scores: Sequence[tuple[str, np.ndarray]]) -> pd.DataFrame:
    """Make `Study.records` from the name of each run's score and its values at every epoch."""
    epochs = []
    for _, score in scores:
        best = np.fmax.accumulate(score)  # NaN between the evaluated epochs of mini-batches
        epochs.append(np.flatnonzero(np.diff(best, prepend=-np.inf) > 0))
    columns: dict[str, list[np.ndarray]] = {column: [] for column in ("train_accuracy", *(column for column, _ in scores))}
    for (own, score), at in zip(scores, epochs, strict=True):
        for column, parts in columns.items():
            parts.append(score[at].astype(float) if column == own else np.full(len(at), np.nan))
    none = np.empty(0)
    return pd.DataFrame(
        {
            "run_id": _repeated(run_ids, [len(at) for at in epochs]),
            "epoch": np.concatenate([none, *epochs]).astype(int),
            **{column: np.concatenate([none, *parts]) for column, parts in columns.items()},
        }
    )


def _repeated(run_ids: Sequence[str], times: Sequence[int]) -> np.ndarray:
    """Return each run's id as often as it has rows."""
    return np.repeat(np.array(run_ids, dtype=object), times).astype(str)


def sweeps_table(rows: Sequence[Row]) -> pd.DataFrame:
    """Make `Study.sweeps`, oldest first."""
    tags = [(printable(row.tags.get("nnbench.command")), row.tags.get(REPORT_OPTIONS)) for row in rows]
    records = [(row.run_id, row.started, command, row.status, asked) for row, (command, asked) in zip(rows, tags, strict=True)]
    return _dated(pd.DataFrame(records, columns=["run_id", "started", "command", "status", "report"]))


def with_last_choices(rows: Sequence[Row], selection: pd.DataFrame) -> list[Row]:
    """Return the runs that may be compared: those of a tuned optimizer must have a setting that a search chose last."""
    if selection.empty:
        return list(rows)
    chosen = {
        (str(task), str(setting)): list(chosen_values(choice).values())
        for (task, setting), choice in selection.groupby(["task", "setting"], sort=False)
    }

    def is_compared(row: Row) -> bool:
        if row.tags.get("nnbench.stage") != "final":
            return True
        setting = row.tags.get("nnbench.optimizer", "")
        values = chosen.get((tasks.key(row.values), setting)) or chosen.get(("", setting), [])
        return not values or any(has_values(row.values, one) for one in values)

    return [row for row in rows if is_compared(row)]


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(started=pd.to_datetime(frame["started"], unit="ms", utc=True).dt.as_unit("ms"))


def printable(value: T) -> T | str:
    """Replace control characters of a text and truncate it to `MAX_LENGTH`; other values are returned as they are."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", "\N{REPLACEMENT CHARACTER}", value[: MAX_LENGTH + 1])
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"
