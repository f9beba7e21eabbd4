"""Outcome of a job that a pool of processes has trained: a result, or why there is none."""

import signal
from concurrent.futures import Future, TimeoutError
from typing import Any

from pebble import ProcessExpired

from nnbench.sweep.failure import failure_of
from nnbench.sweep.job import Failure

# A worker may have been killed because other processes used the memory; if the job's second worker dies, the job has failed.
TRIES = 2


def died(future: "Future[Any]") -> bool:
    """Return whether the process died that trained the job of a finished future."""
    return isinstance(future.exception(), ProcessExpired)


def failure_of_future(future: "Future[Any]", timeout: float | None) -> Failure:
    """Return the reason why a future has no result, after `TRIES` attempts if its process died."""
    match future.exception():
        case TimeoutError():
            return Failure(reason=f"took longer than hydra.launcher.timeout={timeout:g} s and was ended", traceback="")
        case ProcessExpired() as error:
            return Failure(reason=f"its worker died {TRIES} times ({_cause(error.exitcode)})", traceback="")
        case None:
            raise ValueError("the future has a result")
        case error:
            return failure_of(error)


def _cause(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit status {exitcode}"
    name = signal.Signals(-exitcode).name
    return f"{name}, perhaps out of memory" if name == "SIGKILL" else name
