"""Creation of the store: killed at any moment, or without disk space; the same command then completes it."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.tracking.mlflow.store import open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from tests.faults.conftest import Place

pytestmark = pytest.mark.heavy

SWEEP = "-m", "optimizer=sgd", "seed=0,1", "training.epochs=51", "dataset.test_samples=50", "study=s", "report=none"
# The tables are made by MLflow's migrations, as with a version of MLflow for which none are prepared: that takes a second.
MIGRATIONS = """
import sys
from nnbench.tracking.mlflow import schema

schema.prepared_for = "tables of MLflow {} by others".format
"""
# Opens the store as every command does, without what else a sweep has to import and to do.
OPEN = """
import sys
from nnbench.cli import entry

def command(_):
    from nnbench.tracking.mlflow.store import open_store
    open_store("sqlite:///results/mlflow.db", None)
    return 0

sys.exit(entry.run("nnbench", command))
"""
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGKILL
MOMENTS = 9  # of chance, one in each ninth of the second that migrations take; a third of them for prepared tables


def _making(place: Place) -> bool:
    return any((place.folder / "results").glob(".mlflow.db.making*"))


@pytest.fixture
def migrated_place(bare_place: Place) -> Place:
    """A folder with nothing, in which the tables of a new store are made by migrations."""
    bare_place.program = "-c", f"{MIGRATIONS}\nfrom nnbench.cli.main import main\n\nsys.exit(main())"
    return bare_place


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_killed_during_the_migrations_of_a_new_store(tmp_path: Path, moment: int) -> None:
    opens = subprocess.Popen([sys.executable, "-c", MIGRATIONS + OPEN], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    place = Place(tmp_path, [opens])
    place.wait_until(_making)
    time.sleep((moment + random.Random(moment).random()) / MOMENTS)
    _kill(place, moment)


@pytest.mark.parametrize("moment", range(MOMENTS // 3))
def test_killed_while_prepared_tables_are_written(tmp_path: Path, moment: int) -> None:
    opens = subprocess.Popen([sys.executable, "-c", OPEN], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    place = Place(tmp_path, [opens])
    place.wait_until(lambda place: (place.folder / "results").exists())
    time.sleep(random.Random(moment).random() / 20)
    _kill(place, moment)


def _kill(place: Place, moment: int) -> None:
    """Send a signal to the process that makes the store, then check what it leaves, and that a next command completes it."""
    (opens,) = place.processes
    number = SIGNALS[moment % 3]
    opens.send_signal(number)
    _, err = opens.communicate(timeout=60)
    if opens.returncode == -number:  # killed, or the store was made and Python itself was ending
        assert err == ""
    else:
        assert opens.returncode in (0, 128 + number), err
    assert "Traceback" not in err
    assert "Fatal" not in err
    writer = StudyWriter(open_store(f"sqlite:///{place.database}", None), "s", command="")
    writer.end_sweep(writer.start_sweep("its sweep", params={}), "FINISHED")
    assert place.sweeps() == {"FINISHED": 1}
    assert not _making(place)


def test_a_folder_moved_during_the_creation_of_the_store(migrated_place: Place) -> None:
    sweep = migrated_place.start(*SWEEP)
    migrated_place.wait_until(_making)
    (migrated_place.folder / "results").rename(migrated_place.folder / "elsewhere")
    _, err = sweep.communicate(timeout=60)
    assert sweep.returncode == 2, err
    assert err.splitlines()[-1].endswith("its folder was moved or deleted: restore it, then repeat the command")
    (migrated_place.folder / "elsewhere").rename(migrated_place.folder / "results")
    assert migrated_place.run(*SWEEP).returncode == 0
    assert migrated_place.states() == {"FINISHED": 2}


@pytest.mark.parametrize("number", SIGNALS)
def test_the_same_command_completes_an_interrupted_creation(migrated_place: Place, number: signal.Signals) -> None:
    sweep = migrated_place.start(*SWEEP)
    migrated_place.wait_until(_making)
    sweep.send_signal(number)
    _, err = sweep.communicate(timeout=60)
    if number is not signal.SIGKILL:
        assert sweep.returncode == 128 + number
        assert "Traceback" not in err
    again = migrated_place.run(*SWEEP)
    assert again.returncode == 0, again.stderr
    assert migrated_place.states() == {"FINISHED": 2}
    assert not _making(migrated_place)


def test_no_room_for_the_store(small_disk: Callable[[int], Path]) -> None:
    # Where nothing can be mounted, this fails: it needs root, which CI is.
    place = Place(small_disk(1))
    said = place.run(*SWEEP)
    assert said.returncode == 2, said.stderr
    assert "the disk is full" in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1, said.stderr
    subprocess.run(["mount", "-o", "remount,size=64m", str(place.folder)], check=True)
    again = place.run(*SWEEP)
    assert again.returncode == 0, again.stderr
    assert place.states() == {"FINISHED": 2}
