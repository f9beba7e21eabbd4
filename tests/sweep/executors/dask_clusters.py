"""Dask clusters for tests: a scheduler and workers in processes and folders of their own, which share no files."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Client

DEADLINE = 60.0  # seconds for what takes a few on a quiet machine


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@dataclass
class DaskCluster:
    """A scheduler on a free port, and workers in folders of their own."""

    folder: Path
    port: int
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    _folders: int = 0

    @property
    def address(self) -> str:
        """Address of the scheduler."""
        return f"tcp://127.0.0.1:{self.port}"

    def start_scheduler(self) -> "subprocess.Popen[bytes]":
        """Start a scheduler, which gives up a task when its third worker has died."""
        process = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        wait_until(self._answers)
        return process

    def start_worker(self, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a worker with one thread, and the nanny that restarts it; returns the nanny."""
        return self._start("worker", self.address, "--nthreads", "1", "--local-directory", ".", **environment)

    def wait_for_workers(self, number: int) -> None:
        """Wait until the scheduler has exactly this number of workers."""
        with self.client() as client:
            wait_until(lambda: len(client.scheduler_info()["workers"]) == number)

    @contextmanager
    def client(self) -> "Iterator[Client]":
        """A client of its own."""
        with Client(self.address, timeout=DEADLINE, set_as_default=False) as client:
            yield client

    def children(self) -> int:
        """Number of processes that train, on all workers."""
        return len(self.environments())

    def environments(self) -> list[dict[str, str]]:
        """Environment variables of the processes that train, on all workers."""
        with self.client() as client:
            return [variables for found in client.run(_environments).values() for variables in found]

    def close(self) -> None:
        """End all processes."""
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with the workers of nannies
            process.wait()

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def _start(self, *words: str, **environment: str) -> "subprocess.Popen[bytes]":
        self._folders += 1
        folder = self.folder / f"{words[0]}{self._folders}"
        folder.mkdir()
        settings = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2", **environment}
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, "--no-dashboard"],
                cwd=folder,
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process


def _environments() -> list[dict[str, str]]:
    import psutil

    return [child.environ() for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[DaskCluster]:
    """Start a scheduler with some workers; end them afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        cluster = DaskCluster(folder, free.getsockname()[1])
    try:
        cluster.start_scheduler()
        for _ in range(workers):
            cluster.start_worker()
        cluster.wait_for_workers(workers)
        yield cluster
    finally:
        cluster.close()
