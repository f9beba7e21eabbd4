"""The store while it is made: killed at any moment of that, or with no room for it; the same command then makes it."""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import Place

pytestmark = pytest.mark.heavy

SWEEP = "-m", "optimizer=sgd", "seed=0,1", "training.epochs=51", "dataset.test_samples=50", "study=s", "report=none"
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGKILL


def _making(place: Place) -> bool:
    return any((place.folder / "results").glob(".mlflow.db.making*"))


@pytest.mark.parametrize("moment", range(20))
def test_killed_while_the_store_is_made(bare_place: Place, moment: int) -> None:
    sweep = bare_place.start(*SWEEP)
    bare_place.wait_until(_making)
    time.sleep(random.Random(moment).uniform(0.0, 1.5))
    number = SIGNALS[moment % 3]
    sweep.send_signal(number)
    _, err = sweep.communicate(timeout=60)
    if number is not signal.SIGKILL:
        assert sweep.returncode == 128 + number
        assert "Traceback" not in err
    again = bare_place.run(*SWEEP)
    assert again.returncode == 0, again.stderr
    assert bare_place.states() == {"FINISHED": 2}
    assert not _making(bare_place)


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
