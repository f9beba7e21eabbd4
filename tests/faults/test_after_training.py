"""Killed outright after the last run has ended: while the report is drawn, and while SQLite's statistics are renewed."""

import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.faults.conftest import Place

pytestmark = pytest.mark.heavy

SWEEP = "-m", "optimizer=sgd,adam", "seed=range(5)", "training.epochs=51", "dataset.test_samples=50", "study=s"
# Drawn for some seconds. The drawing of all pages takes most of a minute on a busy machine.
PAGES = "report.pages=[cover,loss,accuracy,runs]"
# The command, which the kernel ends in mid-ANALYZE: before SQLite does it, or before it is committed.
ENDED = """
import os, signal, sys
from sqlalchemy import Engine, event
from nnbench.cli.main import main

@event.listens_for(Engine, sys.argv.pop(1))
def end(connection, cursor, statement, *rest):
    if statement == "ANALYZE":
        os.kill(os.getpid(), signal.SIGKILL)

sys.exit(main())
"""


def _nothing_is_lost(place: Place) -> None:
    """All runs are kept, and the same command trains none, leaves none RUNNING and writes the report."""
    assert place.states() == {"FINISHED": 10}
    again = place.run(*SWEEP, PAGES)
    assert again.returncode == 0, again.stderr
    assert "10 reused from before, 0 to do" in again.stderr
    assert place.states() == {"FINISHED": 10}
    assert set(Counter(identity for _, identity in place.runs()).values()) == {1}
    assert "RUNNING" not in place.sweeps()
    assert (place.folder / "results" / "s" / "report.pdf").exists()


@pytest.mark.parametrize("moment", [0.0, 0.7, 1.5])
def test_killed_while_the_report_is_drawn(place: Place, moment: float) -> None:
    sweep = place.start(*SWEEP, PAGES)
    place.wait_until(lambda place: place.states() == {"FINISHED": 10})
    time.sleep(moment)
    sweep.kill()
    sweep.communicate()
    _nothing_is_lost(place)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "after_cursor_execute"])
def test_killed_while_statistics_are_renewed(place: Place, moment: str) -> None:
    command = [sys.executable, "-c", ENDED, moment, *SWEEP, PAGES]
    ended = subprocess.run(command, cwd=place.folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert place.sweeps() == {"FINISHED": 1}
    _nothing_is_lost(place)
