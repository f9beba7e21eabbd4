"""An installed wheel: the commands find their files."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.heavy
def test_a_study_its_report_and_its_export_from_a_wheel(from_wheel: Path, tmp_path: Path) -> None:
    surroundings = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(*words: str) -> str:
        command = [str(from_wheel), "-m", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("nnbench", "-m", "optimizer=sgd", "seed=0,1", "training.epochs=5")
    folder = tmp_path / "results" / "comparison"
    (folder / "report.pdf").unlink()
    run("nnbench", "report")
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert run("nnbench", "export") == "results/comparison/export\n"
    assert (folder / "export" / "runs.parquet").exists()
