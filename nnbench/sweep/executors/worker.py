"""Functions of a worker process: its initialization, and the training of a job."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing import connection, parent_process
from typing import NoReturn

from threadpoolctl import threadpool_limits

from nnbench.config.schema import Config
from nnbench.sweep.failure import attempt
from nnbench.sweep.job import Failure
from nnbench.training.execute import Result, execute


def work(config: Config) -> Result | Failure:
    """Train a job; an exception becomes a `Failure`, since not every exception can be pickled."""
    return attempt(partial(execute, config))


def initialize() -> None:
    """Initialize a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the same for a closed terminal
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threadpool_limits(1)  # two processes with two BLAS threads each are slower than one
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    os._exit = partial(_exit, os._exit, os.getpid())


def _exit(leave: Callable[[int], NoReturn], worker: int, status: int) -> NoReturn:
    """Exit with status 1 if a user's code exits the worker: after status 0, Pebble would wait for the job forever."""
    leave(1 if os.getpid() == worker else status)


def _exit_with_parent() -> None:
    """Exit when the parent process has ended: one that was killed cannot end its workers."""
    if (parent := parent_process()) is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
