"""Local executor: a pool of worker processes; a worker that dies costs only the job that it was running."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Any

from nnbench.sweep.executors.sent_job import SentJob
from nnbench.sweep.executors.worker import work
from nnbench.sweep.executors.worker_pool import TRIES, WorkerPool, died, failure_of_future
from nnbench.sweep.job import Ended, Job, Started

POLL = 0.05  # seconds between checks whether a worker has started the next job


def cores() -> int:
    """Number of processors that this process may use, by its affinity and the CPU quota of its cgroup."""
    from joblib import cpu_count  # not at the top: the import takes 0.1 s, and a single run does not need it

    return int(cpu_count())


@dataclass(eq=False, kw_only=True)
class _Attempt(SentJob):
    """A job that has been submitted to the pool.

    Attributes:
        number: number of this attempt, from 1.
    """

    number: int = 1


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
    _pool: WorkerPool = field(init=False)

    def __post_init__(self) -> None:
        self._pool = WorkerPool(self.workers, self.timeout)

    def prepare(self) -> None:
        """Start the processes, which import their modules while the parent opens the store."""
        self._pool.schedule(_do_nothing)

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Do nothing: the parent process tracks the jobs."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Started | Ended]:
        """Train all jobs, as `Executor.run`.

        The next job is asked for only when a worker is nearly free. Leaving the iterator early (an exception, its `close`)
        terminates the workers at once.
        """
        # A small reserve keeps workers busy while the caller logs; it also bounds the results waiting to be logged.
        window = self.workers + min(self.workers, 4)
        waiting = iter(jobs)
        submitted: dict[Future[Any], _Attempt] = {}
        try:
            while True:
                while len(submitted) < window and (job := next(waiting, None)) is not None:
                    submitted[self._pool.schedule(work, job.config)] = _Attempt(job=job)
                if not submitted:
                    break
                announced = sum(each.announced for each in submitted.values())
                start_expected = announced < min(self.workers, len(submitted))
                done = wait(submitted, timeout=POLL if start_expected else None, return_when=FIRST_COMPLETED).done
                for future in done:
                    each = submitted.pop(future)
                    if died(future) and each.number < TRIES:
                        each.number += 1
                        submitted[self._pool.schedule(work, each.job.config)] = each
                        continue
                    failed = future.exception() is not None
                    yield Ended(job=each.job, outcome=failure_of_future(future, self.timeout) if failed else future.result())
                for future, each in submitted.items():
                    if future.running():
                        yield from each.start_to_announce()
        except BaseException:
            self.close()
            raise

    def call(self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Call a function in the processes, once with each of the arguments; a `Failure` in the place of a missing result."""
        try:
            futures = [self._pool.schedule(function, *each) for each in arguments]
            wait(futures)
        except BaseException:
            self.close()
            raise
        return [
            future.result() if future.exception() is None else failure_of_future(future, self.timeout, tries=1)
            for future in futures
        ]

    def close(self) -> None:
        """Terminate the processes, as `Executor.close`."""
        self._pool.close()


def _do_nothing() -> None:
    """Return at once."""
