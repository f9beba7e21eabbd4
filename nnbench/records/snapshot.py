"""Snapshot of the curves of a study in Parquet files, so that a report need not open the history file of each run.

A snapshot is a folder of parts. A part has the curves of up to `PART` runs, and is never changed: later runs make a new part.
It is written under another name and renamed when it is complete, so that several programs may read and write one snapshot.

Only curves are taken from it, and only of runs whose history file has the size and the time that it had then. All else is
read from the store each time. So a snapshot cannot show a run that was deleted, or hide one that was relabelled, repeated or
superseded, whatever happened to the store since. Without it, or with a damaged one, a study is read more slowly: a part has
the digests of its files, which are checked whenever they are read.
"""

import hashlib
import json
import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from nnbench.core.arrays import IntArray
from nnbench.records.curve_tables import COLUMNS, Curves, merged, read_curves, thinned

logger = logging.getLogger(__name__)

PART = 10_000  # runs of a part: read at once, it bounds the memory for the first snapshot of a large study
SMALLEST = 500  # runs whose files are read each time before they are worth a part
FORM = "1"  # version of the format, and start of the name of a part
RUNS, CURVES, RECORDS = "runs.parquet", "curves.parquet", "records.parquet"
DIGESTS = "digests.json"  # SHA-256 of these files by name
UNFINISHED = 86_400  # seconds after which the folder of a part that is not complete belongs to a process that was killed

Mark = tuple[int, int]  # size in bytes, and time of the last change in ns, of a file


@dataclass(frozen=True)
class _Part:
    """A part of a snapshot, with the mark of the history file of each run."""

    curves: Curves
    marks: Sequence[Mark]


def read(folder: Path | None, histories: Mapping[str, Path], marks: Mapping[str, Mark], *, most: int | None = None) -> Curves:
    """Return the curves of runs, in this order: those of the snapshot, and those of the files of the others.

    If there are `SMALLEST` others, they become parts of the snapshot; without a warning if they cannot be written. A snapshot
    that this user may not read is not used, and nothing is added to it.

    Args:
        folder: of the snapshot, which need not exist; None reads the files only.
        histories: path of the history file of each run, by its id.
        marks: of these files.
        most: rows of the curve of a run, see `curve_tables.thinned`; the snapshot has all.
    """
    parts: dict[str, _Part] = {}
    if folder is not None and len(histories) >= SMALLEST:
        try:
            parts = _parts(folder, most)
        except PermissionError as error:
            logger.info("the snapshot in %s is not used: %s", folder, error)
            folder = None
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
        whole = read_curves(some)
        if folder is not None and len(some) >= SMALLEST:
            _write(folder, whole, [marks[run_id] for run_id in whole.run_ids])
        read_now.append(thinned(whole, most))
    for name, curves in found.items():
        if folder is not None and not curves.run_ids:  # all of its runs are deleted, repeated or in another part
            _remove(folder / name)
    return merged([*found.values(), *read_now], list(histories))


def _parts(folder: Path, most: int | None) -> dict[str, _Part]:
    """Read the parts of a snapshot by their names, thinned; damaged ones are deleted, with a warning.

    Raises:
        PermissionError: this user may not read them.
    """
    found = {}
    for name in _names(folder):
        try:
            part = _part(folder / name)
            found[name] = replace(part, curves=thinned(part.curves, most))
        except PermissionError:
            raise
        except (OSError, ValueError, LookupError, TypeError) as error:
            # One that is gone was deleted by another program meanwhile.
            if (folder / name).exists() and _remove(folder / name):
                logger.warning("%s is damaged and is made again: %s", folder / name, str(error).partition("\n")[0])
    return found


def _names(folder: Path) -> Iterable[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.startswith(f"{FORM}-"))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove(part: Path) -> bool:
    """Delete a part, of which other programs never see some files only; returns whether this user could."""
    unused = part.with_name(f".{part.name}-{secrets.token_hex(4)}")
    try:
        os.replace(part, unused)
    except OSError:
        return False
    shutil.rmtree(unused, ignore_errors=True)
    return True


def _part(folder: Path) -> _Part:
    import pyarrow  # not at the top: a small study needs no snapshot, and the import takes 0.1 s
    from pyarrow import parquet

    digests = json.loads((folder / DIGESTS).read_bytes())

    def table(name: str) -> pyarrow.Table:
        content = (folder / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != digests[name]:
            raise ValueError(f"{name} is not what was written")
        try:
            return parquet.read_table(pyarrow.BufferReader(content))
        except pyarrow.ArrowMemoryError:
            raise
        except pyarrow.ArrowException as error:  # most, but not all, are a ValueError or another one of Python's
            raise ValueError(f"{name}: {error}") from error

    runs = table(RUNS).to_pydict()
    tables = [table(name) for name in (CURVES, RECORDS)]
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
    digests = {}
    try:
        unfinished.mkdir(parents=True)
        for file, columns in tables.items():
            stream = pyarrow.BufferOutputStream()
            parquet.write_table(pyarrow.table(dict(columns)), stream, compression="zstd")
            content = stream.getvalue()
            digests[file] = hashlib.sha256(content).hexdigest()
            (unfinished / file).write_bytes(content)
        (unfinished / DIGESTS).write_text(json.dumps(digests), encoding="utf-8")
        os.replace(unfinished, folder / name)
        _remove_unfinished(folder)
    except BaseException as error:  # an interrupt too must leave nothing
        shutil.rmtree(unfinished, ignore_errors=True)
        if not isinstance(error, OSError | pyarrow.ArrowException):
            raise
        logger.info("no snapshot of %d runs in %s: %s", len(marks), folder, error)


def _remove_unfinished(folder: Path) -> None:
    """Delete what processes left that were killed while they wrote or deleted a part."""
    for path in folder.glob(f".{FORM}-*"):
        with suppress(OSError):  # another program has deleted it
            if time.time() - os.stat(path).st_mtime > UNFINISHED:
                shutil.rmtree(path, ignore_errors=True)


def _repeated(run_ids: Sequence[str], times: IntArray) -> object:
    """Return each run's id as often as it has rows, as a column that stores it once."""
    import pyarrow

    numbers = np.repeat(np.arange(len(run_ids), dtype=np.int32), times)
    return pyarrow.DictionaryArray.from_arrays(numbers, pyarrow.array(run_ids, pyarrow.string()))
