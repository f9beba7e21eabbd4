"""One small study for all tests of the Python interface: its sweep takes seconds."""

import os
import shutil
from pathlib import Path

import pytest

import nnbench

OWN = """
from dataclasses import dataclass

import numpy as np

from nnbench import FloatArray, Optimizer, Positive


@dataclass(kw_only=True)
class SignDescent(Optimizer):
    learning_rate: Positive = 0.01

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        parameters -= self.learning_rate * np.sign(gradients)
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """The folder of the study, with the module `face_own` in it, which defines an optimizer."""
    folder = tmp_path_factory.mktemp("face")
    (folder / "results").mkdir()
    shutil.copy(empty_database, folder / "results" / "mlflow.db")
    (folder / "face_own.py").write_text(OWN)
    return folder


@pytest.fixture(scope="session")
def study(place: Path) -> nnbench.Study:
    """Two optimizers over two seeds, by `nnbench.run`, without a report."""
    before = os.getcwd()
    os.chdir(place)
    try:
        words = "optimizer=sgd,adam", "seed=range(2)", "training.epochs=31", "report=none", "hydra.launcher.workers=1"
        return nnbench.run(*words, quiet=True)
    finally:
        os.chdir(before)
