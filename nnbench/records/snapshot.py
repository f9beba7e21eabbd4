"""Snapshot of the curves of a study in Parquet files, so that a report need not open the history file of each run.

A snapshot is a folder of parts. A part has the curves of up to `PART` runs, and is never changed: later runs make a new part.
It is written under another name and renamed when it is complete, so that several programs may read and write one snapshot.

Only curves are taken from it, and only of runs whose history file has the size and the time that it had then. All else is
read from the store each time. So a snapshot cannot show a run that was deleted, or hide one that was relabelled, repeated or
superseded, whatever happened to the store since. Without it, or with a damaged one, a study is read more slowly.
"""

import logging
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from nnbench.core.arrays import IntArray
from nnbench.records.curve_tables import COLUMNS, Curves, merged, read_curves

logger = logging.getLogger(__name__)

PART = 10_000  # runs of a part: read at once, it bounds the memory for the first snapshot of a large study
SMALLEST = 500  # runs whose files are read each time before they are worth a part
FORM = "1"  # version of the format, and start of the name of a part
RUNS, CURVES, RECORDS = "runs.parquet", "curves.parquet", "records.parquet"

Mark = tuple[int, int]  # size in bytes, and time of the last change in ns, of a file


@dataclass(frozen=True)
class _Part:
    """A part of a snapshot, with the mark of the history file of each run."""

    curves: Curves
    marks: Sequence[Mark]


def read(folder: Path | None, histories: Mapping[str, Path], marks: Mapping[str, Mark]) -> Curves:
    """Return the curves of runs, in this order: those of the snapshot, and those of the files of the others.

    If there are `SMALLEST` others, they become parts of the snapshot; without a warning if they cannot be written.

    Args:
        folder: of the snapshot, which need not exist; None reads the files only.
        histories: path of the history file of each run, by its id.
        marks: of these files.
    """
    parts = _parts(folder) if folder is not None and len(histories) >= SMALLEST else {}
    found: dict[str, Curves] = {}
    known: set[str] = set()
    for name, part in parts.items():
        runs = zip(part.curves.run_ids, part.marks, strict=True)
        valid = [run_id for run_id, mark in runs if marks.get(run_id) == mark and run_id not in known]
        found[name] = part.curves if len(valid) == len(part.marks) else merged([part.curves], valid)
        known.update(valid)
    missing = ((run_id, path) for run_id, path in histories.items() if run_id not in known)
    read_now = []
    while some := dict(islice(missing, PART)):
        read_now.append(read_curves(some))
        if folder is not None and len(some) >= SMALLEST:
            _write(folder, read_now[-1], [marks[run_id] for run_id in read_now[-1].run_ids])
    for name, curves in found.items():
        if folder is not None and not curves.run_ids:  # all of its runs are deleted, repeated or in another part
            shutil.rmtree(folder / name, ignore_errors=True)
    return merged([*found.values(), *read_now], list(histories))


def _parts(folder: Path) -> dict[str, _Part]:
    """Read the parts of a snapshot by their names; damaged ones are deleted, with a warning."""
    found = {}
    for name in _names(folder):
        try:
            found[name] = _part(folder / name)
        except FileNotFoundError:  # another program has deleted it meanwhile
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:  # pyarrow's errors are among them
            logger.warning("%s is damaged and is made again: %s", folder / name, str(error).partition("\n")[0])
            shutil.rmtree(folder / name, ignore_errors=True)
    return found


def _names(folder: Path) -> Iterable[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.startswith(f"{FORM}-"))
    except OSError:
        return []


def _part(folder: Path) -> _Part:
    from pyarrow import parquet  # not at the top: a small study needs no snapshot, and the import takes 0.1 s

    runs = parquet.read_table(folder / RUNS).to_pydict()
    tables = [parquet.read_table(folder / name) for name in (CURVES, RECORDS)]
    # Of strings, the run ids, only the lengths are needed.
    curves, records = ({name: table[name].to_numpy() for name in table.column_names if name != "run_id"} for table in tables)
    lengths, record_lengths = np.array(runs["curves"], np.int64), np.array(runs["records"], np.int64)
    if lengths.sum() != len(tables[0]) or record_lengths.sum() != len(tables[1]) or not {*COLUMNS} <= {*curves}:
        raise ValueError("its tables do not match")
    return _Part(
        Curves(
            run_ids=runs["run_id"],
            lengths=lengths,
            curves=curves,
            record_lengths=record_lengths,
            records={name: records[name] for name in ("epoch", "value")},
            scores=np.array(runs["score"], np.int64),
            groups=[tuple(names) for names in runs["groups"]],
        ),
        list(zip(runs["bytes"], runs["changed"], strict=True)),
    )


def _write(folder: Path, curves: Curves, marks: Sequence[Mark]) -> None:
    """Write a part; nothing remains of one that cannot be written, as on a full disk or in a folder of another user."""
    import pyarrow
    from pyarrow import parquet

    name = f"{FORM}-{secrets.token_hex(8)}"
    unfinished = folder / f".{name}"
    runs = {
        "run_id": curves.run_ids,
        "bytes": [size for size, _ in marks],
        "changed": [changed for _, changed in marks],
        "curves": curves.lengths,
        "records": curves.record_lengths,
        "score": curves.scores,
        "groups": pyarrow.array([list(names) for names in curves.groups], pyarrow.list_(pyarrow.string())),
    }
    tables = {
        RUNS: runs,
        CURVES: {"run_id": _repeated(curves.run_ids, curves.lengths), **curves.curves},
        RECORDS: {"run_id": _repeated(curves.run_ids, curves.record_lengths), **curves.records},
    }
    try:
        unfinished.mkdir(parents=True)
        for file, columns in tables.items():
            parquet.write_table(pyarrow.table(dict(columns)), unfinished / file, compression="zstd")
        os.replace(unfinished, folder / name)
    except OSError as error:
        logger.info("no snapshot of %d runs in %s: %s", len(marks), folder, error)
        shutil.rmtree(unfinished, ignore_errors=True)


def _repeated(run_ids: Sequence[str], times: IntArray) -> object:
    """Return each run's id as often as it has rows, as a column that stores it once."""
    import pyarrow

    numbers = np.repeat(np.arange(len(run_ids), dtype=np.int32), times)
    return pyarrow.DictionaryArray.from_arrays(numbers, pyarrow.array(run_ids, pyarrow.string()))
