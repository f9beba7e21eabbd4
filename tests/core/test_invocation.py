"""The command as it was typed, whatever rewrites `sys.argv` later."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.core import invocation
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.sweep.conftest import trainer  # noqa: F401  # a fixture


@pytest.mark.parametrize(
    ("program", "told"),
    [("/opt/env/bin/nnbench", "nnbench"), ("scripts/report.py", "python scripts/report.py"), ("nnbench", "nnbench")],
)
def test_program(program: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [program, "seed=range(3)", "report.title=It's"])
    monkeypatch.delenv(invocation.VARIABLE, raising=False)
    assert invocation.command() == f"{told} 'seed=range(3)' 'report.title=It'\"'\"'s'"


def test_a_very_long_command_fits_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nnbench", *["seed=1"] * 100_000])
    monkeypatch.setenv(invocation.VARIABLE, "")
    invocation.record_command()
    assert len(os.environ[invocation.VARIABLE]) == invocation.MAX_LENGTH


@pytest.mark.usefixtures("trainer")
def test_the_stored_text_keeps_its_order(home: Path, nnbench: Callable[..., CommandOutput]) -> None:
    words = (
        "optimizer=sgd",
        "grids.optimizer.sgd.momentum=0",
        "seed=range(1)",
        "training.epochs=20",
        "report=none",
        "study=s",
        "-m",
    )
    assert nnbench(*words).status == 0
    study = read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")
    assert study.sweeps["command"].tolist() == [shlex.join(["nnbench", *words])]
