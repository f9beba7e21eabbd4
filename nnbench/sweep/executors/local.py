"""Jobs on worker processes that stay alive from one job to the next, and whose death costs only the job they had."""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from pebble import ProcessExpired, ProcessPool

from nnbench.sweep.executors.worker import enter, work
from nnbench.sweep.failure import failure_of
from nnbench.sweep.job import Ended, Failure, Job, Started
from nnbench.training.execute import Result

# A worker that vanishes may have been a victim of its neighbours' memory; one that vanishes twice is at fault itself.
TRIES = 2
GLANCE = 0.05  # seconds between looks at whether a worker has begun with the next job


def cores() -> int:
    """Processors that this process may use, by its affinity and by the CPU quota of its cgroup, such as a container's."""
    from joblib import cpu_count  # not at the top: it takes a tenth of a second, and a single run needs none of it

    return int(cpu_count())


@dataclass
class _Try:
    """A job that has been handed to the pool.

    Attributes:
        job: which.
        number: of times that it was handed over, with this one.
        begun: a worker has said that it has it, now or an earlier time.
    """

    job: Job
    number: int = 1
    begun: bool = False


@dataclass(frozen=True, kw_only=True)
class LocalPool:
    """Executor on this machine: a pool of processes.

    Attributes:
        workers: processes at once.
        timeout: seconds after which a job is ended and counts as failed; None waits for ever.
    """

    workers: int
    timeout: float | None = None

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Do nothing: the parent process tracks the jobs."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Started | Ended]:
        """Train all jobs, as `Executor.run`.

        The next job is asked for only when a worker is nearly free. Leaving the iterator early (an exception, `close`)
        terminates the workers at once.
        """
        # A small reserve keeps workers busy while the caller logs; it also bounds the results waiting to be logged.
        window = self.workers + min(self.workers, 4)
        pool = ProcessPool(self.workers, initializer=enter, context=get_context("spawn"))
        waiting = iter(jobs)
        flying: dict[Future[Any], _Try] = {}
        try:
            while True:
                while len(flying) < window and (job := next(waiting, None)) is not None:
                    flying[self._schedule(pool, job)] = _Try(job)
                if not flying:
                    break
                begun = sum(each.begun for each in flying.values())
                news_to_come = begun < min(self.workers, len(flying))
                done = wait(flying, timeout=GLANCE if news_to_come else None, return_when=FIRST_COMPLETED).done
                for future in done:
                    each = flying.pop(future)
                    if not each.begun:
                        yield Started(job=each.job)
                    if isinstance(future.exception(), ProcessExpired) and each.number < TRIES:
                        flying[self._schedule(pool, each.job)] = _Try(each.job, each.number + 1, begun=True)
                        continue
                    yield Ended(job=each.job, outcome=self._outcome(future))
                for future, each in flying.items():
                    if not each.begun and future.running():
                        each.begun = True
                        yield Started(job=each.job)
            pool.close()  # type: ignore[no-untyped-call]
        finally:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

    def _schedule(self, pool: ProcessPool, job: Job) -> "Future[Any]":
        future: Future[Any] = pool.schedule(work, args=[job.config], timeout=self.timeout)
        return future

    def _outcome(self, future: "Future[Any]") -> Result | Failure:
        match future.exception():
            case None:
                result: Result | Failure = future.result()
                return result
            case TimeoutError():
                return Failure(
                    reason=f"took longer than hydra.launcher.timeout={self.timeout:g} s and was ended", traceback=""
                )
            case ProcessExpired() as error:
                return Failure(reason=f"its worker died {TRIES} times ({_cause(error.exitcode)})", traceback="")
            case error:
                return failure_of(error)


def _cause(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit status {exitcode}"
    name = signal.Signals(-exitcode).name
    return f"{name}, perhaps out of memory" if name == "SIGKILL" else name
