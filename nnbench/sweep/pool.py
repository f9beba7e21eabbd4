"""Jobs on worker processes that stay alive from one job to the next, and whose death costs only the job they had."""

import os
import signal
import threading
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from typing import Any

from pebble import ProcessExpired, ProcessPool
from threadpoolctl import threadpool_limits

from nnbench.config import Config
from nnbench.job import Ended, Failure, Job, Started
from nnbench.run import Result, execute

# A worker that vanishes may have been a victim of its neighbours' memory; one that vanishes twice is at fault itself.
TRIES = 2


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class Pool:
    """How to run jobs.

    Attributes:
        workers: processes at once.
        timeout: seconds after which a job is ended and counts as failed; None waits for ever.
    """

    workers: int
    timeout: float | None = None

    def run(self, jobs: Iterable[Job]) -> Iterator[Started | Ended]:
        """Train all jobs; tell when each is handed to a worker and when it comes back, in the order of the events.

        `jobs` may be a generator that decides on the next job when it is asked: it is asked only when a worker is
        nearly free. Leaving the iterator early (an exception, `close`) ends the workers at once.
        """
        # A small reserve keeps workers busy while the caller logs; it also bounds the results waiting to be logged.
        window = self.workers + min(self.workers, 4)
        pool = ProcessPool(self.workers, initializer=_enter_worker, context=get_context("spawn"))
        waiting = iter(jobs)
        flying: dict[Future[Any], tuple[Job, int]] = {}
        try:
            while True:
                while len(flying) < window and (job := next(waiting, None)) is not None:
                    flying[pool.schedule(_work, args=[job.config], timeout=self.timeout)] = (job, 1)
                    yield Started(job=job)
                if not flying:
                    break
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    job, attempt = flying.pop(future)
                    if isinstance(future.exception(), ProcessExpired) and attempt < TRIES:
                        flying[pool.schedule(_work, args=[job.config], timeout=self.timeout)] = (job, attempt + 1)
                        continue
                    yield Ended(job=job, outcome=self._outcome(future))
            pool.close()  # type: ignore[no-untyped-call]
        finally:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()

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
                return Failure(reason=f"{type(error).__name__}: {error}", traceback="".join(traceback.format_exception(error)))


def _cause(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit status {exitcode}"
    name = signal.Signals(-exitcode).name
    return f"{name}, perhaps out of memory" if name == "SIGKILL" else name


def _work(config: Config) -> Result | Failure:
    """Train in the worker; an exception becomes text, since not every exception survives the way between processes."""
    try:
        return execute(config)
    except Exception as error:
        first = str(error).strip().splitlines()[:1]
        return Failure(reason=": ".join([type(error).__name__, *first]), traceback=traceback.format_exc())


def _enter_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threadpool_limits(1)  # two processes with two BLAS threads each are slower than one
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """A parent that was killed outright cannot end its workers: they watch for that themselves."""
    if (parent := parent_process()) is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
