"""The store under stress: many writers, a lock, no disk space, no permission."""

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.conftest import Place

pytestmark = pytest.mark.heavy

# Root may write anywhere; without these capabilities it obeys a folder's permissions as everybody does.
ORDINARY = "setpriv", "--bounding-set=-dac_override,-dac_read_search"


def _sound(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


@pytest.mark.parametrize(("many", "exists"), [(3, False), (8, True)])
def test_sweeps_that_start_at_the_same_instant(many: int, exists: bool, request: pytest.FixtureRequest) -> None:
    place: Place = request.getfixturevalue("place" if exists else "bare_place")
    sweeps = [
        place.start(
            "-m",
            "optimizer=sgd,adam",
            f"seed=range({10 * n},{10 * n + 3})",
            "training.epochs=200",
            "study=s",
            "report=none",
            "hydra.launcher.workers=1",
        )
        for n in range(many)
    ]
    said = [sweep.communicate(timeout=280)[1] for sweep in sweeps]
    assert [sweep.returncode for sweep in sweeps] == [0] * many, said
    assert not [text for text in said if "locked" in text or "Traceback" in text]
    assert place.states() == {"FINISHED": 6 * many}
    assert set(Counter(identity for _, identity in place.runs()).values()) == {1}
    assert place.sweeps() == {"FINISHED": many}
    with closing(sqlite3.connect(place.database)) as database:
        assert database.execute("SELECT count(*) FROM experiments WHERE name = 's'").fetchone() == (1,)
    assert _sound(place.database)


def test_a_locked_store_is_waited_for(place: Place) -> None:
    with closing(sqlite3.connect(place.database, isolation_level=None)) as holder:
        sweep = place.start("-m", "seed=range(4)", "training.epochs=200", "study=s", "report=none")
        place.wait_until(lambda place: place.sweeps()["RUNNING"] == 1)
        holder.execute("BEGIN EXCLUSIVE")
        assert sweep.stderr is not None
        assert any("another program is writing to the store: waiting for it" in line for line in sweep.stderr)
        time.sleep(3)  # longer than SQLite itself waits
        assert sweep.poll() is None
        holder.execute("ROLLBACK")
    _, err = sweep.communicate(timeout=60)
    assert sweep.returncode == 0, err
    assert place.states() == {"FINISHED": 4}


def test_a_full_disk(small_disk: Callable[[int], Path], empty_database: Path) -> None:
    place = Place(small_disk(6))
    (place.folder / "results").mkdir()
    place.database.write_bytes(empty_database.read_bytes())
    words = "-m", "seed=range(300)", "training.epochs=3000", "dataset.samples=100", "study=s", "report=none"
    said = place.run(*words)
    assert said.returncode in (1, 2), said.stderr
    assert "the disk is full" in said.stderr
    assert "Traceback" not in said.stderr
    assert _sound(place.database)
    kept = {identity for status, identity in place.runs() if status == "FINISHED"}
    assert kept, "what was logged before is kept"
    for artifacts in (place.folder / "results" / "artifacts" / "s").iterdir():
        for file in artifacts.rglob("*.npz"):
            assert file.stat().st_size, "no half of a file is left"
    subprocess.run(["mount", "-o", "remount,size=64m", str(place.folder)], check=True)
    again = place.run("-m", f"seed=range({len(kept) + 3})", *words[2:])
    assert again.returncode == 0, again.stderr
    assert f"{len(kept)} reused from before" in again.stderr
    assert "RUNNING" not in place.states()


@pytest.mark.parametrize("made", [False, True])
def test_a_file_system_that_cannot_be_written(small_disk: Callable[[int], Path], empty_database: Path, made: bool) -> None:
    place = Place(small_disk(6))
    if made:
        (place.folder / "results").mkdir()
        place.database.write_bytes(empty_database.read_bytes())
    subprocess.run(["mount", "-o", "remount,ro", str(place.folder)], check=True)
    _refused(place.run("-m", "seed=0,1", "training.epochs=20"), "read-only")


def test_a_folder_without_permission_to_write(bare_place: Place) -> None:
    (bare_place.folder / "results").mkdir(mode=0o555)
    said = _ordinary(bare_place, "-m", "seed=0,1", "training.epochs=20")
    _refused(said, "permission", "is writable")
    assert not list((bare_place.folder / "results").iterdir())


def test_a_database_without_permission_to_write(place: Place) -> None:
    place.database.chmod(0o444)
    before = place.database.read_bytes()
    _refused(_ordinary(place, "-m", "seed=0,1", "training.epochs=20"), "read-only")
    assert place.database.read_bytes() == before


def test_a_file_that_is_not_a_database(bare_place: Place) -> None:
    (bare_place.folder / "results").mkdir()
    bare_place.database.write_text("Dear diary, ...\n" * 200)
    _refused(bare_place.run("-m", "seed=0,1", "training.epochs=20"), "is not an sqlite database")
    assert bare_place.database.read_text().startswith("Dear diary")


def _ordinary(place: Place, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [*ORDINARY, sys.executable, "-m", "nnbench", *words]
    return subprocess.run(command, cwd=place.folder, capture_output=True, text=True, timeout=120)


def _refused(said: "subprocess.CompletedProcess[str]", *one_of: str) -> None:
    assert said.returncode == 2, said.stderr
    assert len(said.stderr.strip().splitlines()) == 1, said.stderr
    assert said.stderr.startswith("nnbench: tracking.")
    assert any(words in said.stderr.lower() for words in one_of), said.stderr


def test_a_report_that_cannot_be_written_loses_no_run(place: Place) -> None:
    (place.folder / "results" / "s").write_text("a file where the report's folder should be")
    said = place.run("-m", "seed=0,1", "training.epochs=20", "study=s", "report.pages=[runs]")
    assert said.returncode == 1, said.stderr
    assert "Traceback" not in said.stderr
    assert place.states() == {"FINISHED": 2}
    assert place.sweeps() == {"FINISHED": 1}
