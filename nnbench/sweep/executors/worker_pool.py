"""Pool of worker processes, on the machine of the command or in a Dask worker, and what a job that it has trained came to."""

import signal
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from pebble import ProcessExpired, ProcessPool

from nnbench.core.user_code import describe_error
from nnbench.sweep.executors.worker import initialize
from nnbench.sweep.failure import failure_of
from nnbench.sweep.job import Failure

# A worker may have been killed because other processes used the memory; if the job's second worker dies, the job has failed.
TRIES = 2


class WorkerPool:
    """Pool of worker processes, which start with the first job.

    Pebble replaces a process that dies. If one dies while no job is being trained, Pebble accepts no more jobs: then
    all processes are replaced.

    Args:
        processes: number of processes.
        timeout: seconds after which a job is terminated; None for no limit.
    """

    def __init__(self, processes: int, timeout: float | None) -> None:
        self._processes, self._timeout = processes, timeout
        self._pool: ProcessPool | None = None

    def schedule(self, function: Callable[..., Any], *args: Any) -> "Future[Any]":
        """Call a function in a process once one is free."""
        if self._pool is not None and not self._pool.active:
            self.close()
        if self._pool is None:
            self._pool = ProcessPool(self._processes, initializer=initialize, context=get_context("spawn"))
        future: Future[Any] = self._pool.schedule(function, args=args, timeout=self._timeout)
        return future

    def close(self) -> None:
        """Terminate the processes; jobs that are being trained never end."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            pool.join()


def died(future: "Future[Any]") -> bool:
    """Return whether a finished future has no result because a process of the pool died."""
    return isinstance(future.exception(), ProcessExpired | BrokenProcessPool)


def failure_of_future(future: "Future[Any]", timeout: float | None, tries: int = TRIES) -> Failure:
    """Return the reason why a future has no result, after `tries` attempts if a process died."""
    times = f" {tries} times" if tries > 1 else ""
    match future.exception():
        case TimeoutError():
            return Failure(reason=f"took longer than hydra.launcher.timeout={timeout:g} s and was ended", traceback="")
        case ProcessExpired() as error:
            return Failure(reason=f"its worker died{times} ({_cause(error.exitcode)})", traceback="")
        case BrokenProcessPool() as error:
            why = describe_error(error.__cause__ or error)
            return Failure(reason=f"the workers died{times} before they trained it ({why})", traceback="")
        case None:
            raise ValueError("the future has a result")
        case error:
            return failure_of(error)


def _cause(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit status {exitcode}"
    name = signal.Signals(-exitcode).name
    return f"{name}, perhaps out of memory" if name == "SIGKILL" else name
