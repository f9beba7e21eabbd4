"""Processes that are interrupted, killed or lack resources, and the state of the store afterwards."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Place:
    """A working folder for commands, with the runs of its store.

    Attributes:
        folder: where `results/` is or will be.
        processes: those started here; ended with the test.
        program: arguments of Python that start nnbench.
    """

    folder: Path
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)
    program: Sequence[str] = ("-m", "nnbench")

    def start(self, *words: str, **more: object) -> "subprocess.Popen[str]":
        """Start `python -m nnbench ARGUMENTS` in a separate process group, as a shell does."""
        process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, *self.program, *words],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **more,  # type: ignore[call-overload]
        )
        self.processes.append(process)
        return process

    def run(self, *words: str, timeout: float = 120, **more: object) -> "subprocess.CompletedProcess[str]":
        """The same, to its end."""
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    @property
    def database(self) -> Path:
        return self.folder / "results" / "mlflow.db"

    def states(self) -> Counter[str]:
        """How many training runs there are of each status."""
        return Counter(status for status, _ in self.runs())

    def runs(self) -> list[tuple[str, str]]:
        """Status and identity of every training run, read past MLflow."""
        with closing(sqlite3.connect(self.database, timeout=30)) as database:
            query = (
                "SELECT r.status, i.value FROM runs r "
                "JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = 'nnbench.kind' AND k.value = 'training' "
                "JOIN tags i ON i.run_uuid = r.run_uuid AND i.key = 'nnbench.identity'"
            )
            return [(str(status), str(identity)) for status, identity in database.execute(query)]

    def sweeps(self) -> Counter[str]:
        """How many sweeps there are of each status."""
        with closing(sqlite3.connect(self.database, timeout=30)) as database:
            query = (
                "SELECT r.status FROM runs r "
                "JOIN tags k ON k.run_uuid = r.run_uuid AND k.key = 'nnbench.kind' AND k.value = 'sweep'"
            )
            return Counter(str(status) for (status,) in database.execute(query))

    def wait_until(self, holds: Callable[["Place"], bool], patience: float = 120) -> None:
        """Look again and again until `holds` does.

        Raises:
            TimeoutError: it never did.
        """
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                if holds(self):
                    return
            except sqlite3.OperationalError:  # there is no such table yet
                pass
            time.sleep(0.02)
        raise TimeoutError


@pytest.fixture
def place(home: Path) -> Iterator[Place]:
    """A folder with an empty store."""
    made = Place(home)
    yield made
    _end(made)


@pytest.fixture
def bare_place(tmp_path: Path) -> Iterator[Place]:
    """A folder with nothing."""
    made = Place(tmp_path)
    yield made
    _end(made)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a file system of so many MiB; needs root, which CI is."""
    mounted: list[Path] = []

    def mount(size: int) -> Path:
        folder = tmp_path / "disk"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(folder)], check=True)
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _end(place: Place) -> None:
    for process in place.processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
