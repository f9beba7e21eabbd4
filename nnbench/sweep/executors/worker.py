"""A worker process: what it sets up, and how it trains one job after another."""

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
    """Train; whatever the user's code raises becomes text, since not every exception survives the way between processes."""
    return attempt(partial(execute, config))


def enter() -> None:
    """Set up a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent decides
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # likewise, a terminal that closes
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threadpool_limits(1)  # two processes with two BLAS threads each are slower than one
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    os._exit = partial(_exit, os._exit, os.getpid())


def _exit(leave: Callable[[int], NoReturn], worker: int, status: int) -> NoReturn:
    """To Pebble, a worker that exits with status 0 was told to, and the job that it had would be waited for without end."""
    leave(1 if os.getpid() == worker else status)


def _leave_with_parent() -> None:
    """A parent that was killed outright cannot end its workers: they watch for that themselves."""
    if (parent := parent_process()) is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
