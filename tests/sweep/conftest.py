"""Sweeps without worker processes, which take seconds to start and are tested with the pool."""

import signal
from collections.abc import Iterable, Iterator

import pytest

from nnbench.core.signals import Interrupted
from nnbench.sweep.executors.local import LocalPool
from nnbench.sweep.job import Ended, Failure, Job, Started
from nnbench.training.execute import execute


class Trainer:
    """Stands in for the pool: trains in this process, one job after the other.

    Attributes:
        trained: every job that it was given, in order.
        patience: jobs until it is interrupted, as by Ctrl-C; None for never.
        failing: seeds whose runs fail.
    """

    def __init__(self) -> None:
        self.trained: list[Job] = []
        self.patience: int | None = None
        self.failing: set[int] = set()

    def run(self, jobs: Iterable[Job]) -> Iterator[Started | Ended]:
        for job in jobs:
            yield Started(job=job)
            if self.patience is not None and len(self.trained) >= self.patience:
                raise Interrupted(signal.SIGINT)
            self.trained.append(job)
            failed = Failure(reason="Trouble: today", traceback="") if job.config.seed in self.failing else None
            yield Ended(job=job, outcome=failed or execute(job.config))


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """Trains the jobs of every sweep from now on."""
    made = Trainer()
    monkeypatch.setattr(LocalPool, "run", lambda pool, jobs: made.run(jobs))
    monkeypatch.setattr(LocalPool, "prepare", lambda pool: None)
    return made
