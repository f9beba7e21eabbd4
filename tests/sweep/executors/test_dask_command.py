"""The command with `hydra/launcher=dask`: a lost scheduler, an interrupt, and the same command again."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("distributed")  # of the extra `dask`

from tests.sweep.executors.dask_clusters import DEADLINE, DaskCluster, dask_cluster, wait_until

pytestmark = pytest.mark.heavy

OWN = """
import time
from dataclasses import dataclass
from nnbench import Optimizer

@dataclass(kw_only=True)
class Slow(Optimizer):
    learning_rate: float = 0.1
    def update(self, parameters, gradients, iteration):
        parameters -= self.learning_rate * gradients
        time.sleep(0.1)
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DaskCluster]:
    (tmp_path / "cluster").mkdir()
    with dask_cluster(tmp_path / "cluster", workers=1) as made:
        yield made


def states(home: Path) -> list[str]:
    """States of the runs in the store, without that of the sweep itself."""
    kind = "SELECT run_uuid FROM tags WHERE key = 'nnbench.kind' AND value = 'sweep'"
    query = f"SELECT status FROM runs WHERE run_uuid NOT IN ({kind})"
    with closing(sqlite3.connect(home / "results" / "mlflow.db")) as database:
        return sorted(status for (status,) in database.execute(query))


def test_a_lost_scheduler_and_an_interrupt_lose_no_finished_run(home: Path, cluster: DaskCluster) -> None:
    (home / "own.py").write_text(OWN)
    words = ["seed=range(4)", "optimizer=own:Slow", "training.epochs=31", "dataset.samples=20", "study=s", "report=none"]
    launcher = ["hydra/launcher=dask", f"hydra.launcher.address={cluster.address}"]

    def start(*more: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "nnbench", "-m", *words, *launcher, *more]
        return subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    with start() as sweep:
        wait_until(lambda: "FINISHED" in states(home))
        cluster.processes[0].kill()
        _, said = sweep.communicate(timeout=DEADLINE)
    assert sweep.returncode == 1, said
    hint = "finished runs are kept, and the same command continues"
    assert said.splitlines()[-1] == f"nnbench: the connection to the Dask scheduler {cluster.address} is lost; {hint}"
    assert "Traceback" not in said
    finished = states(home).count("FINISHED")
    assert {"FINISHED"} <= {*states(home)} <= {"FINISHED", "KILLED"}  # of the first second, no run has a trace

    cluster.start_scheduler()
    cluster.start_worker()
    cluster.wait_for_workers(1)
    with start() as sweep:
        wait_until(lambda: states(home).count("FINISHED") > finished)
        os.kill(sweep.pid, signal.SIGINT)
        _, said = sweep.communicate(timeout=DEADLINE)
    assert sweep.returncode == 130, said
    assert "Traceback" not in said
    assert "RUNNING" not in states(home)
    wait_until(lambda: not cluster.children())

    finished = states(home).count("FINISHED")
    with start("hydra/sweeper=basic") as sweep:
        _, said = sweep.communicate(timeout=DEADLINE)
    assert sweep.returncode == 0, said
    assert f"{finished} reused from before" in said
    assert states(home).count("FINISHED") == 4
