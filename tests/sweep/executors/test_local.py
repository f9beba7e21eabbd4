"""The pool with real processes: results, deaths, timeouts and exceptions."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.config.schema import Config
from nnbench.core.constraints import Positive
from nnbench.optimizers import Optimizer
from nnbench.sweep.executors import sent_job
from nnbench.sweep.executors.local import LocalPool, cores
from nnbench.sweep.job import Ended, Failure, Job, Started
from nnbench.training.execute import Result, execute

Make = Callable[..., Config]
HERE = "optimizer=custom", "training.epochs=3", "dataset.samples=5", "+optimizer.learning_rate=0.1"


@dataclass(kw_only=True)
class Raises(Optimizer):
    """Fails at its first step."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        raise ArithmeticError("no step today")


@dataclass(kw_only=True)
class Dies(Optimizer):
    """Kills its process, as the kernel does when memory runs out; the second time it lives if `flag` names a file."""

    learning_rate: Positive = 0.1
    flag: str = ""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        if self.flag and Path(self.flag).exists():
            return
        if self.flag:
            Path(self.flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(kw_only=True)
class Sleeps(Optimizer):
    """Takes for ever."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        time.sleep(600)


@dataclass(kw_only=True)
class Waits(Optimizer):
    """Takes a while."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= self.learning_rate * gradients
        time.sleep(0.1)


def _jobs(*configs: Config) -> list[Job]:
    return [Job(number=number, overrides=(), config=config) for number, config in enumerate(configs)]


def _ended(pool: LocalPool, jobs: list[Job]) -> dict[int, Result | Failure | None]:
    with closing(pool):
        return {event.job.number: event.outcome for event in pool.run(jobs) if isinstance(event, Ended)}


def test_a_worker_gives_the_numbers_of_this_process(config: Make) -> None:
    configs = [config("training.epochs=20", f"seed={seed}") for seed in range(3)]
    outcomes = _ended(LocalPool(workers=2), _jobs(*configs))
    for number, expected in enumerate(map(execute, configs)):
        outcome = outcomes[number]
        assert isinstance(outcome, Result)
        np.testing.assert_array_equal(outcome.history.train_loss, expected.history.train_loss)


@pytest.mark.heavy
def test_a_failure_affects_only_its_own_job(config: Make, tmp_path: Path) -> None:
    def bad(name: str, *more: str) -> Config:
        return config(*HERE, f"optimizer.algorithm={__name__}:{name}", *more)

    good = config("training.epochs=3")
    jobs = _jobs(
        good,
        bad("Raises"),
        bad("Dies"),
        bad("Dies", f"+optimizer.flag={tmp_path}/flag"),
        config("seed=1", "training.epochs=3"),
    )
    outcomes = _ended(LocalPool(workers=2), jobs)
    assert isinstance(outcomes[0], Result)
    assert isinstance(outcomes[4], Result)
    raised, died = outcomes[1], outcomes[2]
    assert isinstance(raised, Failure)
    assert raised.reason.startswith("ArithmeticError: no step today (tests/sweep/executors/test_local.py:")
    assert "in update" in raised.traceback
    assert isinstance(died, Failure)
    assert "SIGKILL" in died.reason
    assert isinstance(outcomes[3], Result), "a worker that died once is given its job again"


@pytest.mark.heavy
def test_a_job_over_its_timeout_is_terminated(config: Make) -> None:
    slow = config(*HERE, f"optimizer.algorithm={__name__}:Sleeps")
    outcomes = _ended(LocalPool(workers=1, timeout=8), _jobs(slow, config("training.epochs=3")))
    assert isinstance(outcomes[0], Failure)
    assert "hydra.launcher.timeout=8" in outcomes[0].reason
    assert isinstance(outcomes[1], Result)


@pytest.mark.heavy
def test_a_job_is_started_when_a_worker_runs_it(config: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_job, "SHORT", 0)
    slow = [config(*HERE, f"optimizer.algorithm={__name__}:Waits", f"seed={seed}") for seed in range(6)]
    under_way, most = 0, 0
    with closing(LocalPool(workers=2)) as pool:
        for event in pool.run(_jobs(*slow)):
            under_way += 1 if isinstance(event, Started) else -1
            most = max(most, under_way)
    assert (under_way, most) == (0, 2)


def test_the_start_of_a_short_job_is_left_out(config: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_job, "SHORT", 60_000)  # also on a machine where others leave this process little time
    with closing(LocalPool(workers=1)) as pool:
        pool.prepare()
        events = list(pool.run(_jobs(config("training.epochs=2"), config("training.epochs=2", "seed=1"))))
    assert [type(event) for event in events] == [Ended, Ended]


@pytest.mark.heavy  # needs root, which CI is
@pytest.mark.parametrize(
    "quota", [{"cpu.max": "100000 100000"}, {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}]
)
def test_no_more_workers_than_the_quota_of_a_container_allows(tmp_path: Path, quota: dict[str, str]) -> None:
    """In a mount namespace with the files of a cgroup's quota, of version 2 and 1; needs to be root."""
    for name, text in quota.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    ask = f"{sys.executable} -c 'from nnbench.sweep.executors.local import cores; print(cores())'"
    command = ["unshare", "--mount", "sh", "-c", f"mount --bind {tmp_path} /sys/fs/cgroup && {ask}"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.stdout == "1\n", said.stderr
    assert 1 <= cores() <= len(os.sched_getaffinity(0))


def test_the_same_workers_serve_all_stages(config: Make) -> None:
    with closing(LocalPool(workers=1)) as pool:
        pool.prepare()
        processes = []
        for seed in range(2):
            assert all(
                isinstance(event.outcome, Result)
                for event in pool.run(_jobs(config("training.epochs=2", f"seed={seed}")))
                if isinstance(event, Ended)
            )
            processes.append({child.pid for child in active_children()})
    assert processes[0] == processes[1] != set()
    assert not active_children()


@pytest.mark.heavy
@pytest.mark.parametrize("noticed", [0, 1], ids=["at once", "later"])
def test_a_worker_that_dies_between_stages_costs_no_job(config: Make, noticed: int) -> None:
    with closing(LocalPool(workers=1)) as pool:
        for seed in range(2):
            *_, event = pool.run(_jobs(config("training.epochs=2", f"seed={seed}")))  # on a busy machine, after its start
            assert isinstance(event, Ended)
            assert isinstance(event.outcome, Result), event.outcome
            for child in active_children():
                child.kill()
                child.join()
            time.sleep(noticed)  # seconds until the next job, of which Pebble needs 0.1 to see that the process is gone


def test_the_next_job_is_taken_only_when_a_worker_is_nearly_free(config: Make) -> None:
    asked = []

    def endless() -> Iterator[Job]:
        for number in range(10**9):
            asked.append(number)
            yield Job(number=number, overrides=(), config=config("training.epochs=2", f"seed={number}"))

    events = LocalPool(workers=1).run(endless())
    ended = 0
    for event in events:
        ended += isinstance(event, Ended)
        if ended == 3:
            break
    events.close()  # type: ignore[attr-defined]  # it is a generator: ends the workers
    assert len(asked) <= 3 + 2
