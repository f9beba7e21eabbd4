"""A store that is deleted, replaced or damaged while it is written to: noticed, and nothing that can be kept is lost."""

import contextlib
import os
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from nnbench.core.errors import UserError
from nnbench.records.history import History
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec

Job = Callable[..., RunSpec]


def rows(file: Path) -> dict[str, str]:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(database.execute("SELECT name, status FROM runs").fetchall())


@pytest.fixture
def halfway(store: Store, job: Job, history: Callable[..., History]) -> tuple[StudyWriter, str]:
    """A sweep with one finished run, and the id of the sweep's own run."""
    writer = StudyWriter(store, "s", command="")
    sweep = writer.start_sweep("its sweep", params={})
    writer.finish_run(writer.start_run(job(seed=0), sweep), job(seed=0), history(), None)
    return writer, sweep


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_deleted_store_is_recreated(
    database: Path,
    halfway: tuple[StudyWriter, str],
    job: Job,
    history: Callable[..., History],
    what: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    writer, sweep = halfway
    if what == "file":
        database.unlink()
    else:
        shutil.rmtree(database.parent)
    writer.finish_run(writer.start_run(job(seed=1), sweep), job(seed=1), history(), None)
    writer.end_sweep(sweep, "FINISHED")
    assert "was deleted during use" in caplog.text
    assert set(rows(database).values()) == {"FINISHED"}
    assert len(rows(database)) == 3
    study = read_study(writer.store, "s")
    assert study.runs["seed"].tolist() == [0, 1]
    assert study.curves["run_id"].nunique() == (2 if what == "file" else 1)


def test_a_deletion_before_the_end_is_noticed_at_the_end(database: Path, halfway: tuple[StudyWriter, str]) -> None:
    writer, sweep = halfway
    database.unlink()
    writer.end_sweep(sweep, "FINISHED")
    assert set(rows(database).values()) == {"FINISHED"}


def test_two_writers_continue_in_one_recreated_store(
    database: Path, halfway: tuple[StudyWriter, str], job: Job, history: Callable[..., History]
) -> None:
    other = StudyWriter(open_store(f"sqlite:///{database}", None), "s", command="")
    writers = [halfway, (other, other.start_sweep("the other sweep", params={}))]
    handles = [writer.start_run(job(seed=seed), sweep) for seed, (writer, sweep) in enumerate(writers, start=1)]
    database.unlink()
    for seed, ((writer, _), handle) in enumerate(zip(writers, handles, strict=True), start=1):
        writer.finish_run(handle, job(seed=seed), history(), None)
    for writer, sweep in writers:
        writer.end_sweep(sweep, "FINISHED")
    assert set(rows(database).values()) == {"FINISHED"}
    assert len(rows(database)) == 5
    assert not list(database.parent.glob("*.rescued"))


def test_writers_that_detect_a_deletion_at_the_same_time(
    database: Path, halfway: tuple[StudyWriter, str], job: Job, history: Callable[..., History]
) -> None:
    stores = [halfway[0].store, *(open_store(f"sqlite:///{database}", None) for _ in range(3))]
    start = threading.Barrier(len(stores))

    def check(store: Store) -> None:
        assert store.watch is not None
        start.wait()
        store.watch.check()

    for _ in range(3):
        database.unlink()
        with ThreadPoolExecutor(len(stores)) as pool:
            list(pool.map(check, stores))
    writer, sweep = halfway
    writer.finish_run(writer.start_run(job(seed=1), sweep), job(seed=1), history(), None)
    writer.end_sweep(sweep, "FINISHED")
    assert sorted(rows(database).values()) == ["FINISHED"] * 3


@pytest.mark.parametrize("by", ["store", "folder", "no folder"])
def test_a_replaced_store_is_not_overwritten(
    database: Path, empty_database: Path, halfway: tuple[StudyWriter, str], job: Job, by: str
) -> None:
    writer, sweep = halfway
    if by == "store":
        shutil.copy(empty_database, database.parent / "other")
        os.replace(database.parent / "other", database)
    elif by == "folder":
        database.unlink()
        database.mkdir()
    else:
        shutil.rmtree(database.parent)
        database.parent.write_text("a file")
    earlier = database.parents[0 if by != "no folder" else 1] / "mlflow.db.rescued"
    earlier.write_text("of an earlier sweep")
    for _ in range(2):
        with pytest.raises(UserError, match="was replaced during use") as caught:
            writer.start_run(job(seed=1), sweep)
    assert earlier.read_text() == "of an earlier sweep"
    (aside,) = database.parents[1].rglob("mlflow.db.rescued-*")
    assert str(aside) in str(caught.value)
    assert sorted(rows(aside).values()) == ["FINISHED", "KILLED"]
    if by == "store":
        assert rows(database) == {}


CUTS = {"half": None, "20,000 bytes": 20_000, "100 bytes": 100}
ZEROS = {"all": (0, 10**6), "head": (0, 100), "schema": (100, 3996), "middle": (200_000, 100_000), "one page": (8192, 4096)}


@pytest.mark.parametrize("how", [*CUTS, *ZEROS])
def test_a_damaged_store_is_reported_in_one_line(database: Path, how: str) -> None:
    content = bytearray(database.read_bytes())
    if how in CUTS:
        del content[CUTS[how] or len(content) // 2 :]
    else:
        start, length = ZEROS[how]
        content[start : start + length] = bytes(min(length, len(content) - start))
    database.write_bytes(content)
    for create in (True, False):
        with pytest.raises(UserError, match="damaged") as caught:
            open_store(f"sqlite:///{database}", None, create=create)
        assert "\n" not in str(caught.value)
        assert str(database) in str(caught.value)
        assert ".recover" in str(caught.value)
    assert database.read_bytes() == content


@pytest.mark.parametrize("seed", range(8))
def test_zeroed_bytes_are_detected_or_harmless(database: Path, halfway: tuple[StudyWriter, str], seed: int) -> None:
    writer, sweep = halfway
    writer.end_sweep(sweep, "FINISHED")
    assert writer.store.watch is not None
    writer.store.watch.close()
    draw = random.Random(seed)
    content = bytearray(database.read_bytes())
    start, length = draw.randrange(len(content)), draw.choice([512, 4096, 40_000])
    content[start : start + length] = bytes(len(content[start : start + length]))
    database.write_bytes(content)
    with contextlib.suppress(UserError):
        study = read_study(open_store(f"sqlite:///{database}", None), "s")
        assert study.runs["status"].tolist() == ["FINISHED"]


def test_a_store_damaged_during_a_sweep_is_reported_in_one_line(
    database: Path, halfway: tuple[StudyWriter, str], job: Job, history: Callable[..., History]
) -> None:
    writer, sweep = halfway
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.write(bytes(size))
    database.with_name("mlflow.db-wal").write_bytes(b"")

    def go_on() -> None:
        for seed in range(1, 50):
            writer.finish_run(writer.start_run(job(seed=seed), sweep), job(seed=seed), history(), None)
        writer.end_sweep(sweep, "FINISHED")

    with pytest.raises(UserError) as caught:
        go_on()
    assert "\n" not in str(caught.value)
    assert "damaged" in str(caught.value)
