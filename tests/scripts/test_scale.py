"""The benchmark of large studies runs; what it measures is not tested."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.heavy
def test_synthetic_runs_are_read_and_reported() -> None:
    """The part `report` reads first, as the part `read` does."""
    command = [sys.executable, "scripts/benchmark.py", "scale", "report", "--runs", "10", "--problems", "1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    measured = r"[\d.]+ s, processor [\d.]+ s"
    expected = [f"10 runs read, {what}: {measured}, memory \\d+ MiB" for what in ("first", "with a snapshot")]
    expected.append(f"10 runs reported: {measured}")
    printed = ended.stdout.splitlines()
    assert len(printed) == len(expected)
    assert all(re.fullmatch(pattern, line) for pattern, line in zip(expected, printed, strict=True)), printed
