"""Conversion of the history files of runs to the tables `Study.curves` and `Study.records`."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from nnbench.core.arrays import IntArray
from nnbench.records import measures
from nnbench.records import npz as artifacts
from nnbench.records.curves import GROUP_LOSS

logger = logging.getLogger(__name__)

COUNTERS = ("steps", "gradient_evaluations")  # columns of `Study.curves`, where some epoch is not one step with one gradient
COLUMNS = ("epoch", *COUNTERS, *(curve.column for curve in measures.CURVES))
SCORES = ("train_accuracy", "train_r2")
MOST_ROWS = 5_000_000  # of the curves that a report keeps in memory, of about 75 bytes each
FEWEST = 20  # rows of the curve of a run, however many runs there are


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Curves of runs in arrays, one run after the other.

    Attributes:
        run_ids: the runs.
        lengths: number of rows of each run in `curves`.
        curves: by column, `COLUMNS` and those of groups: the values at the evaluated epochs, shape (sum of `lengths`,).
        record_lengths: number of rows of each run in `records`.
        records: likewise `epoch` and `value`: the epochs at which the score was higher than before, and that score.
        scores: which of `SCORES` the run has, as an index.
        groups: columns of the groups of training points that the run has.
        thinned: the most rows of a run, if rows were left out; else None.
    """

    run_ids: list[str]
    lengths: IntArray
    curves: Mapping[str, np.ndarray]
    record_lengths: IntArray
    records: Mapping[str, np.ndarray]
    scores: IntArray
    groups: list[tuple[str, ...]]
    thinned: int | None = None


def rows_of_a_run(runs: int) -> int:
    """The most rows of a curve that a report on so many runs keeps."""
    return max(MOST_ROWS // max(runs, 1), FEWEST)


def thinned(curves: Curves, most: int | None) -> Curves:
    """Leave out rows of `curves`, evenly in each run, so that no run has more than `most`; the first and last row stay."""
    if most is None or curves.lengths.max(initial=0) <= most:
        return curves
    lengths = np.minimum(curves.lengths, most)
    starts = np.cumsum(curves.lengths) - curves.lengths
    numbers = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows = np.repeat(starts, lengths) + numbers * np.repeat(curves.lengths - 1, lengths) // np.repeat(
        np.maximum(lengths - 1, 1), lengths
    )
    kept = {name: values[rows] for name, values in curves.curves.items()}
    return replace(curves, lengths=lengths, curves=kept, thinned=most)


def read_curves(histories: Mapping[str, Path]) -> Curves:
    """Read history files, by the ids of the runs; a damaged one is left out, with a warning."""
    run_ids: list[str] = []
    groups: list[tuple[str, ...]] = []
    scores: list[int] = []
    lengths: list[int] = []
    parts: dict[str, list[np.ndarray]] = {name: [np.empty(0)] for name in COLUMNS}
    epochs_of_records, values_of_records = [np.empty(0, np.int64)], [np.empty(0)]
    record_lengths: list[int] = []
    for run_id, path in histories.items():
        try:
            arrays = artifacts.read_history(path)
        except artifacts.CorruptFileError as error:
            logger.warning("run %s: %s; it has no curve", run_id, error)
            continue
        evaluated = arrays["evaluated"]
        epochs = artifacts.curve_epochs(len(arrays["train_loss"]), evaluated)
        columns = {"epoch": epochs}
        for name in COUNTERS:
            columns[name] = _at(epochs, evaluated, arrays[name]) if name in arrays else epochs
        for curve in measures.CURVES:
            values = arrays.get(curve.column, np.empty(0))
            if len(values):
                columns[curve.column] = _at(epochs, evaluated, values) if curve.evaluated else values[epochs]
        own = tuple(name for name in arrays if name.startswith(GROUP_LOSS))
        columns |= {name: _at(epochs, evaluated, arrays[name]) for name in own}
        for name in own:
            if name not in parts:
                parts[name] = [np.full(sum(lengths), np.nan)]
        for name, of_runs in parts.items():
            of_runs.append(columns[name] if name in columns else np.full(len(epochs), np.nan))
        score = int("train_r2" in arrays)
        values = arrays[SCORES[score]]
        best = np.fmax.accumulate(values)  # NaN between the evaluated epochs of mini-batches
        higher = np.flatnonzero(best > np.concatenate([[-np.inf], best[:-1]]))
        run_ids.append(run_id)
        groups.append(own)
        scores.append(score)
        lengths.append(len(epochs))
        epochs_of_records.append(higher)
        values_of_records.append(values[higher])
        record_lengths.append(len(higher))
    return Curves(
        run_ids=run_ids,
        lengths=np.array(lengths, np.int64),
        curves={name: np.concatenate(of_runs, dtype=float) for name, of_runs in parts.items()},
        record_lengths=np.array(record_lengths, np.int64),
        records={"epoch": np.concatenate(epochs_of_records), "value": np.concatenate(values_of_records, dtype=float)},
        scores=np.array(scores, np.int64),
        groups=groups,
    )


def merged(parts: Sequence[Curves], run_ids: Sequence[str]) -> Curves:
    """Return the curves of some runs, in this order; those that no part has are left out, and of several the first counts."""
    whole = [run_id for part in parts for run_id in part.run_ids]
    places: dict[str, int] = {}
    for place, run_id in enumerate(whole):
        places.setdefault(run_id, place)
    chosen = np.array([places[run_id] for run_id in run_ids if run_id in places], np.int64)
    lengths = np.concatenate([np.empty(0, np.int64), *(part.lengths for part in parts)])
    record_lengths = np.concatenate([np.empty(0, np.int64), *(part.record_lengths for part in parts)])
    rows, record_rows = _rows(lengths, chosen), _rows(record_lengths, chosen)
    names = dict.fromkeys([*COLUMNS, *(name for part in parts for name in part.curves)])

    def column(name: str) -> np.ndarray:
        found = [part.curves[name] if name in part.curves else np.full(part.lengths.sum(), np.nan) for part in parts]
        return np.concatenate([np.empty(0), *found])[rows]

    groups = [group for part in parts for group in part.groups]
    return Curves(
        run_ids=[whole[place] for place in chosen],
        lengths=lengths[chosen],
        curves={name: column(name) for name in names},
        record_lengths=record_lengths[chosen],
        records={
            name: np.concatenate([np.empty(0, kind), *(part.records[name] for part in parts)])[record_rows]
            for name, kind in (("epoch", np.int64), ("value", np.float64))
        },
        scores=np.concatenate([np.empty(0, np.int64), *(part.scores for part in parts)])[chosen],
        groups=[groups[place] for place in chosen],
        thinned=next((part.thinned for part in parts if part.thinned), None),
    )


def curve_tables(curves: Curves) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make `Study.curves` and `Study.records`."""
    has_r2 = bool(curves.scores.any())
    absent = [] if has_r2 else [curve.column for curve in measures.CURVES if curve.kind == "regression"]
    absent += [name for name in COUNTERS if np.array_equal(curves.curves[name], curves.curves["epoch"])]
    groups = dict.fromkeys(name for own in curves.groups for name in own)
    shown = [name for name in (*COLUMNS, *groups) if name not in absent]
    table = {"run_id": _repeated(curves.run_ids, curves.lengths), **{name: curves.curves[name] for name in shown}}
    # The first column of scores is there always.
    columns = dict.fromkeys([SCORES[0], *(SCORES[score] for score in curves.scores)])
    of_rows = np.repeat(curves.scores, curves.record_lengths)
    records = {
        "run_id": _repeated(curves.run_ids, curves.record_lengths),
        "epoch": curves.records["epoch"].astype(int),
        **{name: np.where(of_rows == SCORES.index(name), curves.records["value"], np.nan) for name in columns},
    }
    return pd.DataFrame(table).astype({"epoch": int}), pd.DataFrame(records)


def _at(epochs: np.ndarray, evaluated: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values of the evaluated epochs at those of `epochs`, NaN at the others."""
    if len(evaluated) == len(epochs):
        return values
    found = np.full(len(epochs), np.nan)
    found[np.searchsorted(epochs, evaluated)] = values
    return found


def _rows(lengths: IntArray, chosen: IntArray) -> IntArray:
    """The numbers of the rows of some runs, given the number of rows of each run."""
    starts = np.cumsum(lengths) - lengths
    own = lengths[chosen]
    rows: IntArray = np.arange(own.sum()) + np.repeat(starts[chosen] - (np.cumsum(own) - own), own)
    return rows


def _repeated(run_ids: Sequence[str], times: IntArray) -> "pd.Series[str]":
    """Return each run's id as often as it has rows."""
    return pd.Series(run_ids, dtype=str).repeat(times.tolist()).reset_index(drop=True)
