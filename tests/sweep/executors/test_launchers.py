"""Hydra launchers that start new interpreters, from an editable installation and from a wheel."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

OPTIMIZER = """
from dataclasses import dataclass
from nnbench.optimizers import Optimizer

@dataclass(kw_only=True)
class Raises(Optimizer):
    def update(self, parameters, gradients, iteration):
        raise ValueError("\\udc80 no")
"""
LAUNCHERS = "joblib", "submitit_local"


def sweep(python: Path, home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """A sweep of two seeds, without any help from the environment."""
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [str(python), "-m", "nnbench", "-m", "seed=0,1", "training.epochs=11", "study=s", "report=none", *words]
    return subprocess.run(command, cwd=home, env=bare, capture_output=True, text=True, timeout=240, check=False)


def states(home: Path) -> list[str]:
    """Return the runs in the store, including that of the sweep itself."""
    with closing(sqlite3.connect(home / "results" / "mlflow.db")) as database:
        return sorted(status for (status,) in database.execute("SELECT status FROM runs"))


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_from_an_editable_installation(home: Path, launcher: str) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
    said = sweep(Path(sys.executable), home, f"hydra/launcher={launcher}")
    assert said.returncode == 0, said.stderr
    assert states(home) == ["FINISHED"] * 3
    (home / "own.py").write_text(OPTIMIZER)
    own = "optimizer=custom", "optimizer.algorithm=own:Raises"
    said = sweep(Path(sys.executable), home, f"hydra/launcher={launcher}", "hydra/sweeper=basic", *own)
    assert said.returncode == 1
    assert "ValueError: \\udc80 no (own.py:8)" in said.stderr
    assert states(home) == ["FAILED"] * 3 + ["FINISHED"] * 3


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_from_a_wheel(home: Path, from_wheel: Path, launcher: str) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
    asked = subprocess.run(
        [from_wheel, "-c", "import nnbench; print(nnbench.__file__)"], capture_output=True, text=True, cwd=home
    )
    assert Path(asked.stdout.strip()).is_relative_to(from_wheel.parents[1])
    said = sweep(from_wheel, home, f"hydra/launcher={launcher}")
    assert said.returncode == 0, said.stderr
    assert states(home) == ["FINISHED"] * 3
