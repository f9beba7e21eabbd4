"""A study's curves are the same with and without the snapshot, whatever happened to the files since."""

import errno
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from pyarrow import parquet

from nnbench.records import npz, snapshot
from nnbench.records.curve_tables import curve_tables
from nnbench.records.history import History


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "SMALLEST", 1)
    monkeypatch.setattr(snapshot, "PART", 3)


def history(number: int) -> History:
    """A history that differs with the number in length, kind of task, groups and steps of an epoch."""
    rng = np.random.default_rng(number)
    epochs = 1 + number % 4
    score, loss, none = rng.random(epochs), rng.random(epochs), np.empty(0)
    every = np.arange(epochs)
    scores: dict[str, Any] = (
        {"train_accuracy": none, "val_accuracy": none, "train_r2": score, "val_r2": score}
        if number % 3 == 2
        else {"train_accuracy": score, "val_accuracy": score}
    )
    more: dict[str, Any] = {"steps": 5 * every, "gradient_evaluations": 5 * every} if number % 5 == 4 else {}
    groups = {f"class {number % 2}": loss} if number % 7 > 4 else {}
    return History(
        train_loss=loss,
        **scores,
        **more,
        evaluated=every,
        val_loss=loss if number % 2 else none,
        group_loss=groups,
        test_loss=0.1,
        test_accuracy=0.5,
        weights=(),
        outcome="finished",
        seconds=1.0,
    )


def write(folder: Path, run: int, content: int) -> None:
    """Write or replace the history file of a run; a later one differs in its time."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{run}.npz"
    before = os.stat(path).st_mtime_ns if path.exists() else 0
    npz.write_history(path, history(content))
    os.utime(path, ns=(before + 10**9, before + 10**9))


def files(
    folder: Path, order: Callable[[list[Path]], list[Path]] = sorted
) -> tuple[dict[str, Path], dict[str, snapshot.Mark]]:
    """The history files by run, and their marks."""
    paths = {path.stem: path for path in order(list(folder.glob("*.npz")))}
    found = {run: os.stat(path) for run, path in paths.items()}
    return paths, {run: (one.st_size, one.st_mtime_ns) for run, one in found.items()}


def assert_equal_to_the_files(folder: Path, kept: Path) -> None:
    given = files(folder)
    expected, found = curve_tables(snapshot.read(None, *given)), curve_tables(snapshot.read(kept, *given))
    for one, other in zip(expected, found, strict=True):
        assert_frame_equal(one, other)


changes = st.lists(st.tuples(st.sampled_from(["write", "write", "delete"]), st.integers(0, 7), st.integers(0, 40)), max_size=6)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(changes, min_size=1, max_size=4))
def test_the_tables_are_those_of_the_files_after_any_changes(
    rounds: list[list[tuple[str, int, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("study")
    write(home / "runs", 0, 0)
    for done in rounds:
        for action, run, content in done:
            if action == "write":
                write(home / "runs", run, content)
            else:
                (home / "runs" / f"{run}.npz").unlink(missing_ok=True)
        assert_equal_to_the_files(home / "runs", home / "kept")


def test_only_new_and_changed_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for run in range(7):
        write(tmp_path / "runs", run, run)
    assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
    opened: list[str] = []
    read = npz.read_history

    def reading(path: Path) -> npz.Arrays:
        opened.append(path.stem)
        return read(path)

    monkeypatch.setattr(npz, "read_history", reading)
    write(tmp_path / "runs", 3, 33)
    write(tmp_path / "runs", 8, 8)
    snapshot.read(tmp_path / "kept", *files(tmp_path / "runs"))
    assert opened == ["3", "8"]
    snapshot.read(tmp_path / "kept", *files(tmp_path / "runs"))
    assert opened == ["3", "8"]


def test_the_order_is_that_of_the_runs_and_not_of_the_parts(tmp_path: Path) -> None:
    for run in range(7):
        write(tmp_path / "runs", run, run)
        snapshot.read(tmp_path / "kept", *files(tmp_path / "runs"))
    given = files(tmp_path / "runs", lambda paths: sorted(paths, reverse=True))
    assert snapshot.read(tmp_path / "kept", *given).run_ids == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """The one part of a snapshot of three runs."""
    for run in range(3):
        write(tmp_path / "runs", run, run)
    snapshot.read(tmp_path / "kept", *files(tmp_path / "runs"))
    (made,) = (tmp_path / "kept").iterdir()
    return made


FILES = [snapshot.RUNS, snapshot.CURVES, snapshot.RECORDS, snapshot.DIGESTS]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"PAR1 nothing", b"{}", b"[]", None])
def test_a_damaged_part_is_made_again_with_one_line(
    name: str, content: bytes | None, part: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if content is None:
        (part / name).unlink()
    else:
        (part / name).write_bytes(content)
    assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.startswith(f"{part} is damaged and is made again: ")
    assert "\n" not in line
    (again,) = (tmp_path / "kept").iterdir()
    assert again != part


@pytest.mark.heavy
@pytest.mark.parametrize("name", FILES)
def test_no_flipped_bit_changes_what_is_read(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for run in range(3):
        write(tmp_path / "runs", run, run + 3)
    given = files(tmp_path / "runs")
    expected = curve_tables(snapshot.read(None, *given))
    snapshot.read(tmp_path / "kept", *given)
    rng = np.random.default_rng(FILES.index(name))
    for _ in range(25):
        caplog.clear()
        (part,) = (tmp_path / "kept").iterdir()
        content = bytearray((part / name).read_bytes())
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        (part / name).write_bytes(content)
        found = curve_tables(snapshot.read(tmp_path / "kept", *given))
        for one, other in zip(expected, found, strict=True):
            assert_frame_equal(one, other)
        assert f"{part} is damaged and is made again: " in caplog.text


def test_whole_files_of_another_part_or_form_are_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Such files have their right digests: those of a program that wrote them wrongly, or in a later form."""
    for run in range(3):
        write(tmp_path / "runs", run, run)
    changes: list[Callable[[pyarrow.Table], pyarrow.Table]] = [
        lambda table: table.slice(1),
        lambda table: table.drop_columns(table.column_names[1:]),
        lambda table: table.rename_columns([f"other {name}" for name in table.column_names]),
    ]
    for change in changes:
        for name in FILES[:3]:
            snapshot.read(tmp_path / "kept", *files(tmp_path / "runs"))
            (part,) = (tmp_path / "kept").iterdir()
            parquet.write_table(change(parquet.read_table(part / name)), part / name)
            digests = json.loads((part / snapshot.DIGESTS).read_text())
            digests[name] = hashlib.sha256((part / name).read_bytes()).hexdigest()
            (part / snapshot.DIGESTS).write_text(json.dumps(digests))
            caplog.clear()
            assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
            assert f"{part} is damaged and is made again: " in caplog.text


@pytest.mark.usefixtures("part")
@pytest.mark.parametrize("kind", ["ArrowException", "ArrowIndexError", "ArrowSerializationError"])
def test_errors_of_pyarrow_are_damage(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise getattr(pyarrow, kind)("no zstd")

    with monkeypatch.context() as other:
        other.setattr(parquet, "read_table", fail)
        assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
        assert "is damaged and is made again: runs.parquet: no zstd" in caplog.text
        other.setattr(parquet, "write_table", fail)
        assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("place", ["snapshot", "part"])
def test_a_snapshot_that_this_user_may_not_read_is_neither_used_nor_changed_nor_called_damaged(
    place: str, part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner: object
    owner, name = (os, "listdir") if place == "snapshot" else (Path, "read_bytes")
    allowed = getattr(owner, name)

    def denied(path: Path) -> object:
        if tmp_path / "kept" in (path, *path.parents):
            raise PermissionError(errno.EACCES, "Permission denied")
        return allowed(path)

    write(tmp_path / "runs", 3, 3)
    with monkeypatch.context() as other:  # the modes of files do not bind the administrator
        other.setattr(owner, name, denied)
        assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == [part]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_an_interrupt_while_a_part_is_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for run in range(3):
        write(tmp_path / "runs", run, run)
    written = parquet.write_table

    def interrupted(table: pyarrow.Table, *where: Any, **options: Any) -> None:
        if "value" in table.column_names:
            raise KeyboardInterrupt
        written(table, *where, **options)

    monkeypatch.setattr(parquet, "write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        snapshot.read(tmp_path / "kept", *files(tmp_path / "runs"))
    assert not list((tmp_path / "kept").iterdir())


def test_what_a_killed_writer_left_is_deleted_by_a_later_one_after_a_day(tmp_path: Path) -> None:
    for run in range(3):
        write(tmp_path / "runs", run, run)
    for name, hours in (("old", 25), ("new", 23)):
        left = tmp_path / "kept" / f".{snapshot.FORM}-{name}"
        left.mkdir(parents=True)
        (left / snapshot.RUNS).write_bytes(b"PAR1")
        ago = time.time() - 3600 * hours
        os.utime(left, (ago, ago))
    snapshot.read(tmp_path / "kept", *files(tmp_path / "runs"))
    new, part = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert new == f".{snapshot.FORM}-new"
    assert part.startswith(f"{snapshot.FORM}-")


def test_a_folder_that_cannot_be_written_or_a_full_disk_leaves_no_snapshot_and_no_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for run in range(3):
        write(tmp_path / "runs", run, run)
    (tmp_path / "file").write_text("not a folder")
    assert_equal_to_the_files(tmp_path / "runs", tmp_path / "file" / "kept")

    def full(file: Path, content: bytes) -> None:
        file.write_text("PAR1")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_parts_of_which_no_run_is_left_are_deleted(part: Path, tmp_path: Path) -> None:
    for run in range(3):
        write(tmp_path / "runs", run, run + 10)
    assert_equal_to_the_files(tmp_path / "runs", tmp_path / "kept")
    (second,) = (tmp_path / "kept").iterdir()
    assert second != part


def test_several_readers_at_once_get_the_same(tmp_path: Path) -> None:
    for run in range(9):
        write(tmp_path / "runs", run, run)
    given = files(tmp_path / "runs")
    expected = curve_tables(snapshot.read(None, *given))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: curve_tables(snapshot.read(tmp_path / "kept", *given)), range(12)):
            assert_frame_equal(expected[0], found[0])
            assert_frame_equal(expected[1], found[1])


def test_thinned_curves_are_the_same_with_and_without_the_snapshot(tmp_path: Path) -> None:
    for run in range(8):
        write(tmp_path / "runs", run, run)
    given = files(tmp_path / "runs")
    whole = curve_tables(snapshot.read(None, *given))
    first, again = (snapshot.read(tmp_path / "kept", *given, most=3) for _ in range(2))
    assert first.thinned == again.thinned == 3
    for read in (first, again):
        curves, records = curve_tables(read)
        assert_frame_equal(records, whole[1])
        for run_id, of_run in whole[0].groupby("run_id"):
            last = len(of_run) - 1
            kept = list(range(len(of_run))) if last < 3 else [0, last // 2, last]
            assert_frame_equal(
                curves[curves["run_id"] == run_id].reset_index(drop=True), of_run.iloc[kept].reset_index(drop=True)
            )
    assert snapshot.read(tmp_path / "kept", *given, most=4).thinned is None
    assert_frame_equal(curve_tables(snapshot.read(tmp_path / "kept", *given))[0], whole[0])
