"""Standard streams that are closed, full or without a reader: no work is lost, no traceback is shown."""

import io
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from nnbench.core.standard_streams import FaultTolerantStream, fault_tolerant_streams

SWEEP = "-m optimizer=sgd seed=0,1 training.epochs=30 dataset.test_samples=20 study=x report.pages=[cover,runs]"


def shell(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run `nnbench` with redirections; `{nnbench}` is the command."""
    program = f"{sys.executable} -m nnbench"
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = ["bash", "-c", "set -o pipefail; " + command.replace("{nnbench}", program)]
    return subprocess.run(words, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.parametrize(
    ("redirections", "status", "says"),
    [
        ("> /dev/full", 1, "nnbench: standard output cannot be written: No space left on device\n"),
        (">&- 2>&- <&-", 0, ""),
        ("| true", 128 + signal.SIGPIPE, ""),
    ],
)
def test_lost_output_is_reported_in_one_line(redirections: str, status: int, says: str, tmp_path: Path) -> None:
    done = shell(f"{{nnbench}} --version {redirections}", tmp_path)
    assert (done.returncode, done.stderr) == (status, says)


@pytest.mark.heavy
@pytest.mark.parametrize("redirections", [">&- 2>&- <&-", "> /dev/full 2>&1", "2>&1 | head -1", "2>&1 | true"])
def test_a_sweep_from_start_to_end(redirections: str, home: Path) -> None:
    words = SWEEP.replace("report.pages=[cover,runs]", "'report.pages=[cover,runs]'")
    done = shell(f"{{nnbench}} {words} {redirections}", home)
    assert (done.returncode, done.stderr) == (0, "")
    with closing(sqlite3.connect(home / "results" / "mlflow.db")) as database:
        assert {status for (status,) in database.execute("SELECT status FROM runs")} == {"FINISHED"}
    assert (home / "results" / "x" / "report.pdf").exists()


def test_characters_outside_the_encoding_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", narrow)
    with fault_tolerant_streams():
        print("● α \udc80")
    assert narrow.buffer.getvalue() == b"\\u25cf \\u03b1 \\udc80\n"


def test_a_write_error_is_reported_once(tmp_path: Path) -> None:
    errors: list[OSError] = []
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full:
        stream = FaultTolerantStream(full, errors.append)
        for _ in range(3):
            stream.write("a line\n")
        stream.flush()
        assert [error.strerror for error in errors] == ["No space left on device"]
        os.dup2(os.open(tmp_path / "room", os.O_WRONLY | os.O_CREAT), full.fileno())  # somebody has made room
        stream.write("kept\n")
    assert (tmp_path / "room").read_text().endswith("kept\n")
