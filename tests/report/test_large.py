"""A study as large as any: what its report takes."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import pathlib, sys
from nnbench.report import pages
from nnbench.report.outputs.files import write
from tests.report.conftest import study
rates = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
settings = [f"{name} lr={rate}" for name in ("sgd", "adagrad", "rmsprop", "adam", "mine") for rate in rates]
made = study(settings, 34, outcome=lambda setting, seed: "diverged" if setting.endswith("=5") and seed % 2 else "finished")
report = write(made, pathlib.Path(sys.argv[1]), title="Large", pages=pages.names(), targets=[0.8, 0.9])
# Not `ru_maxrss`, in which a child begins with the size of the process that it was forked from.
peak = next(line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(len(made.runs), int(peak.split()[1]) * 1024)
"""


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_two_thousand_runs(tmp_path: Path) -> None:
    """All pages, in less than a gibibyte of memory, and small enough to send."""
    environment = {"PYTHONPATH": ":".join([str(Path(__file__).parents[2]), *sys.path])}
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    runs, memory = map(int, said.split())
    assert runs == 2040
    assert memory < 2**30
    assert (tmp_path / "report.pdf").stat().st_size < 5_000_000
    assert (tmp_path / "report.html").stat().st_size < 8_000_000
