"""Functions of a Dask worker: each job is trained in a process of its own pool, as on the machine of the command.

So a job that kills its process, exceeds its time limit or changes global state affects neither the worker nor other jobs, and
a worker with several threads trains as many jobs at once.
"""

import os
import pickle
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from multiprocessing import current_process
from pathlib import Path
from threading import Lock
from typing import Any

from distributed import Reschedule, get_worker

from nnbench.sweep.executors.pickled_job import work_pickled, write_sources
from nnbench.sweep.executors.worker_pool import TRIES, WorkerPool, died, failure_of_future
from nnbench.sweep.job import Failure

POLL = 0.2  # seconds between looks whether the sweep has ended


class Trainer:
    """Pool of training processes of one worker and one sweep.

    Args:
        processes: number of processes, one for each thread of the worker.
        timeout: seconds a job, None for no limit.
        folder: for the sources of users' classes; created when they are needed, and removed at the end.
    """

    def __init__(self, processes: int, timeout: float | None, folder: Path) -> None:
        self._pool, self._timeout, self._folder = WorkerPool(processes, timeout), timeout, folder
        self._written: set[str] = set()
        self._lock = Lock()
        self._closed = False
        # Dask's nanny makes its workers daemons, which may have no children. These end with their parent, see
        # `worker.initialize`, so that they need not be forbidden.
        current_process().daemon = False
        # It also has freed memory returned to the system at once, which slows down arrays of 100 kB: a run by half.
        os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)

    def train(self, config: bytes, files: Mapping[str, str]) -> tuple[bytes, float]:
        """Train a job in a process of the pool; returns its pickled outcome, and the seconds that it took there.

        Args:
            config: a pickled `Config`.
            files: source files of the user's classes, text by path.

        Raises:
            Reschedule: the worker is ending.
        """
        self._write(files)
        outcome = self.call(work_pickled, (config, str(self._folder)), TRIES)
        return (pickle.dumps(outcome), 0.0) if isinstance(outcome, Failure) else outcome

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], tries: int = 1) -> Any:
        """Call a function in a process of the pool; returns its result, or the `Failure` if it raises or its process dies.

        Args:
            function: of a module.
            arguments: of the function.
            tries: number of processes that may die.

        Raises:
            Reschedule: the worker is ending.
        """
        for _ in range(tries):
            future = self._schedule(function, arguments)
            while not wait([future], timeout=POLL).done:
                if self._closed:  # a pool that is stopped leaves its futures as they are
                    raise Reschedule
            if future.exception() is None:
                return future.result()
            if not died(future):
                break
        if self._closed:
            raise Reschedule
        return failure_of_future(future, self._timeout, tries)

    def close(self) -> None:
        """End the processes at once, and remove the files."""
        with self._lock:
            self._closed = True
            self._pool.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _schedule(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> "Future[Any]":
        with self._lock:
            if self._closed:
                raise Reschedule
            return self._pool.schedule(function, *arguments)

    def _write(self, files: Mapping[str, str]) -> None:
        with self._lock:
            write_sources(self._folder, {name: text for name, text in files.items() if name not in self._written})
            self._written |= files.keys()


def train_pack(name: str, jobs: Sequence[tuple[int, bytes]], files: Mapping[str, str]) -> tuple[list[bytes], float]:
    """Train some jobs, one after the other: the task that Dask runs in a worker.

    Args:
        name: of the plugin `WorkerSetup`, which holds the worker's `Trainer`.
        jobs: number and pickled config of each.
        files: source files of the users' classes, text by path.

    Returns:
        The pickled outcomes, and the seconds that they took together, without the start of a process.
    """
    worker = get_worker()
    plugin = worker.plugins.get(name)
    if plugin is None:  # the sweep has ended
        raise Reschedule
    outcomes, total = [], 0.0
    for number, config in jobs:
        worker.log_event(name, {"started": number})
        outcome, seconds = plugin.trainer.train(config, files)
        outcomes.append(outcome)
        total += seconds
    return outcomes, total


def call_in_pool(name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call a function in a process of the pool of the worker's plugin `name`, see `Trainer.call`: a task of Dask."""
    plugin = get_worker().plugins.get(name)
    if plugin is None:  # the sweep has ended
        raise Reschedule
    return plugin.trainer.call(function, arguments)
