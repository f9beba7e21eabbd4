"""Ctrl-C, SIGTERM, and the death of the parent or of a worker, each at a moment of chance."""

import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.conftest import Place

pytestmark = pytest.mark.heavy

SWEEP = "-m", "optimizer=sgd,adam", "seed=range(8)", "training.epochs=2000", "dataset.samples=100", "study=s", "report=none"
TOTAL = 16


def _descendants(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended since it was listed, as a call of git does
        return b""


def _alive(pids: set[int]) -> set[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    return pids & {int(pid) for pid, state in (line.split() for line in listed.splitlines()) if not state.startswith("Z")}


def _are_gone(pids: set[int], patience: float = 20) -> bool:
    end = time.monotonic() + patience
    while _alive(pids) and time.monotonic() < end:
        time.sleep(0.05)
    return not _alive(pids)


def _completes(place: Place) -> None:
    """The same command again makes every run of the sweep FINISHED, each identity once, and leaves none RUNNING."""
    before = {identity for status, identity in place.runs() if status == "FINISHED"}
    again = place.run(*SWEEP)
    assert again.returncode == 0, again.stderr
    finished = Counter(identity for status, identity in place.runs() if status == "FINISHED")
    assert len(finished) == TOTAL
    assert set(finished.values()) == {1}
    assert before <= set(finished)
    assert "RUNNING" not in place.states()
    assert "RUNNING" not in place.sweeps()
    if before:
        assert f"{len(before)} reused from before" in again.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(place: Place, number: signal.Signals, status: int) -> None:
    sweep = place.start(*SWEEP)
    place.wait_until(lambda place: place.states()["FINISHED"] >= 5)
    workers = _descendants(sweep.pid)
    if number is signal.SIGINT:
        os.killpg(sweep.pid, number)  # as a terminal does: the workers get it too
    else:
        sweep.send_signal(number)
    _, err = sweep.communicate(timeout=30)
    assert sweep.returncode == status
    assert "interrupted" in err
    python, *words = shlex.split(err.splitlines()[-1])
    assert python == "python" or (place.folder / python).samefile(sys.executable)
    assert words == ["-m", "nnbench", "report", "study=s"]
    told = subprocess.run([sys.executable, *words, "pages=cover"], cwd=place.folder, check=False)
    assert told.returncode == 0, "what is told to be copied works in the folder where it is told"
    assert "Traceback" not in err
    assert _are_gone(workers)
    assert {"FINISHED"} <= set(place.states()) <= {"FINISHED", "KILLED"}  # of the first second, no run has a trace
    assert place.sweeps() == {"KILLED": 1}
    _completes(place)


@pytest.mark.parametrize(("number", "left"), [(signal.SIGINT, "KILLED"), (signal.SIGKILL, "RUNNING")])
def test_runs_of_more_than_a_second_are_in_the_store_before_they_end(place: Place, number: signal.Signals, left: str) -> None:
    sweep = place.start("-m", "optimizer=sgd,adam", "training.epochs=200000", "dataset.samples=100", "study=s", "report=none")
    place.wait_until(lambda place: place.states()["RUNNING"] == 2)
    os.killpg(sweep.pid, number)
    sweep.communicate(timeout=30)
    assert place.states() == {left: 2}
    after = place.run("-m", "optimizer=sgd", "training.epochs=10", "dataset.samples=100", "study=s", "report=none")
    assert after.returncode == 0, after.stderr
    assert place.states() == {"KILLED": 2, "FINISHED": 1}


def test_the_timeout_interrupts_once(place: Place) -> None:
    # It signals its command, and then the whole group: that is not a second Ctrl-C.
    sweep = place.start(*SWEEP)
    place.wait_until(lambda place: place.states()["FINISHED"] >= 5)
    sweep.terminate()
    os.killpg(sweep.pid, signal.SIGTERM)
    _, err = sweep.communicate(timeout=30)
    assert sweep.returncode == 143
    assert "interrupted" in err
    assert place.sweeps() == {"KILLED": 1}
    _completes(place)


@pytest.mark.parametrize("moment", [0.0, 0.5])
def test_a_second_interrupt_ends_immediately(place: Place, moment: float) -> None:
    # A writer that cannot write: without the second signal this would wait for minutes. After the moment it is sure to be
    # within SQLite, which waits for 2 s without a look at signals.
    sweep = place.start(*SWEEP)
    place.wait_until(lambda place: place.states()["FINISHED"] >= 3)
    hold = "; ".join(
        [
            "import sqlite3, time",
            f"store = sqlite3.connect({str(place.database)!r}, isolation_level=None, timeout=60)",
            "store.execute('BEGIN EXCLUSIVE')",
            "print('held', flush=True)",
            "time.sleep(60)",
        ]
    )
    blocker = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    try:
        assert blocker.stdout is not None
        blocker.stdout.readline()
        workers = _descendants(sweep.pid)
        time.sleep(moment)
        os.killpg(sweep.pid, signal.SIGINT)
        time.sleep(1)
        assert sweep.poll() is None, "it waits for the store, to close its runs"
        os.killpg(sweep.pid, signal.SIGINT)
        sweep.communicate(timeout=20)
        assert sweep.returncode == 130
        assert _are_gone(workers)
    finally:
        blocker.kill()
        blocker.communicate()
    _completes(place)


@pytest.mark.parametrize("moment", range(4))
def test_the_parent_is_killed(place: Place, moment: int) -> None:
    wait = 2.0 + 1.5 * (moment + random.Random(moment).random())  # before that it has not even imported all it needs
    sweep = place.start(*SWEEP)
    time.sleep(wait)
    workers = _descendants(sweep.pid)
    sweep.kill()
    sweep.communicate()
    assert _are_gone(workers), "workers do not live on as orphans"
    _completes(place)


def test_a_worker_is_killed(place: Place) -> None:
    sweep = place.start(*SWEEP, "hydra.launcher.workers=2")
    place.wait_until(lambda place: place.states()["FINISHED"] >= 3)
    workers = [pid for pid in _descendants(sweep.pid) if b"spawn_main" in _command_of(pid)]
    assert workers
    os.kill(workers[0], signal.SIGKILL)
    sweep.communicate(timeout=120)
    assert sweep.returncode == 0, "its job is given to another worker"
    assert place.states() == {"FINISHED": TOTAL}
