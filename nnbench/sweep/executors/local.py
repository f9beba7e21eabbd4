"""Local executor: a pool of worker processes; a worker that dies costs only the job that it was running."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from pebble import ProcessPool

from nnbench.sweep.executors.outcome import TRIES, died, failure_of_future
from nnbench.sweep.executors.worker import initialize, work
from nnbench.sweep.job import Ended, Job, Started

POLL = 0.05  # seconds between checks whether a worker has started the next job
SHORT = 1000  # ms within which a job ends without a `Started`, since each write to the store takes milliseconds


def cores() -> int:
    """Number of processors that this process may use, by its affinity and the CPU quota of its cgroup."""
    from joblib import cpu_count  # not at the top: the import takes 0.1 s, and a single run does not need it

    return int(cpu_count())


@dataclass
class _Attempt:
    """A job that has been submitted to the pool.

    Attributes:
        job: the job.
        number: number of this attempt, from 1.
        since: when a worker started it, in this attempt or an earlier one, in ms since 1970; None before.
        announced: its `Started` has been yielded.
    """

    job: Job
    number: int = 1
    since: int | None = None
    announced: bool = False

    def start_to_announce(self, *, running: bool) -> Iterator[Started]:
        """Yield `Started` once the job has been running for `SHORT`."""
        if running and not self.announced:
            now = int(1000 * time.time())
            self.since = self.since or now
            if now - self.since >= SHORT:
                self.announced = True
                yield Started(job=self.job, at=self.since)


@dataclass(kw_only=True)
class LocalPool:
    """Executor on this machine: a pool of processes, which serves all stages of a sweep.

    Attributes:
        workers: processes at once.
        timeout: seconds after which a job is terminated and counts as failed; None for no limit.
        one_by_one: without effect, since jobs are always asked for one by one.
    """

    workers: int
    timeout: float | None = None
    one_by_one: bool = False
    _pool: ProcessPool | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Start the processes, which import their modules while the parent opens the store."""
        self._started().schedule(_do_nothing)  # Pebble starts them with the first task

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Do nothing: the parent process tracks the jobs."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Started | Ended]:
        """Train all jobs, as `Executor.run`.

        The next job is asked for only when a worker is nearly free. Leaving the iterator early (an exception, its `close`)
        terminates the workers at once.
        """
        # A small reserve keeps workers busy while the caller logs; it also bounds the results waiting to be logged.
        window = self.workers + min(self.workers, 4)
        pool = self._started()
        waiting = iter(jobs)
        submitted: dict[Future[Any], _Attempt] = {}
        try:
            while True:
                while len(submitted) < window and (job := next(waiting, None)) is not None:
                    submitted[self._schedule(pool, job)] = _Attempt(job)
                if not submitted:
                    break
                announced = sum(each.announced for each in submitted.values())
                start_expected = announced < min(self.workers, len(submitted))
                done = wait(submitted, timeout=POLL if start_expected else None, return_when=FIRST_COMPLETED).done
                for future in done:
                    each = submitted.pop(future)
                    if died(future) and each.number < TRIES:
                        each.number += 1
                        submitted[self._schedule(pool, each.job)] = each
                        continue
                    failed = future.exception() is not None
                    yield Ended(job=each.job, outcome=failure_of_future(future, self.timeout) if failed else future.result())
                for future, each in submitted.items():
                    yield from each.start_to_announce(running=future.running())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Terminate the processes, as `Executor.close`."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _started(self) -> ProcessPool:
        if self._pool is None:
            self._pool = ProcessPool(self.workers, initializer=initialize, context=get_context("spawn"))
        return self._pool

    def _schedule(self, pool: ProcessPool, job: Job) -> "Future[Any]":
        future: Future[Any] = pool.schedule(work, args=[job.config], timeout=self.timeout)
        return future


def _do_nothing() -> None:
    """Return at once."""
