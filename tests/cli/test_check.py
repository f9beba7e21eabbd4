"""`nnbench check`: its output for correct and faulty optimizers, and its exit status."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnbench.cli.check import main
from nnbench.optimizers import known

MODULE = """
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nnbench import FloatArray, Optimizer, Positive


@dataclass(kw_only=True)
class Signs(Optimizer):
    learning_rate: Positive = 0.01

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        parameters -= self.learning_rate * np.sign(gradients)


@dataclass(kw_only=True)
class Copies(Signs):
    def update(self, parameters, gradients, iteration):
        return parameters - self.learning_rate * gradients


@dataclass(kw_only=True)
class Wide(Signs):
    def allocate(self, parameters):
        self.average = np.zeros(parameters.shape)

    def update(self, parameters, gradients, iteration):
        self.average += gradients
        parameters -= self.learning_rate * self.average


@dataclass(kw_only=True)
class Climbs(Signs):
    def update(self, parameters, gradients, iteration):
        parameters += self.learning_rate * gradients


@dataclass(kw_only=True)
class Shares(Signs):
    layerwise = True
    counts: ClassVar[list] = []

    def update(self, parameters, gradients, iteration):
        self.counts.append(1)
        parameters -= self.learning_rate * gradients / len(self.counts)


@dataclass(kw_only=True)
class Turns(Signs):
    layerwise = True
    turn: ClassVar[int] = 0

    def update(self, parameters, gradients, iteration):
        Turns.turn = (Turns.turn + 1) % 3
        parameters -= self.learning_rate * gradients / (1 + Turns.turn)


@dataclass(kw_only=True)
class Remembers(Signs):
    def allocate(self, parameters):
        self.rate = self.learning_rate

    def update(self, parameters, gradients, iteration):
        parameters -= self.rate * gradients


@dataclass(kw_only=True)
class Random(Signs):
    def update(self, parameters, gradients, iteration):
        parameters -= self.learning_rate * gradients * np.random.rand()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module with optimizers in it, sound and broken."""
    name = "checked_optimizers"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the two processes that compare runs, whose start takes a second."""
    monkeypatch.setattr("nnbench.sweep.repeatability.unrepeatable", lambda configs: {})


def failed(out: str) -> set[str]:
    """The names of the checks that failed."""
    return {line[:13].strip() for line in out.splitlines() if line[15:21] == "FAILED"}


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    "name",  # half a second each: a few kinds for every day
    [pytest.param(name, marks=[pytest.mark.heavy] * (name not in {"adam", "lbfgs", "mars", "sgd"})) for name in known()],
)
def test_the_included_optimizers_pass(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main([name])
    out = capsys.readouterr().out
    assert (status, failed(out)) == (0, set()), out
    assert len(out.splitlines()) == 12
    laws = {"adam": ("times 1 (invariant)", "others"), "sgd": ("times 100 (proportional)", "the steps rotate too")}
    assert all(law in out for law in laws.get(name, ()))


@pytest.mark.heavy
@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("Signs", set()),
        ("Wide", {"dtype float32"}),
        ("Climbs", {"parabola", "Rosenbrock"}),
        ("Remembers", {"schedule"}),
    ],
)
def test_each_fault_fails_one_check(module: str, kind: str, broken: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = main([f"{module}:{kind}"])
    out = capsys.readouterr().out
    assert failed(out) >= broken, out
    assert status == int(bool(broken))


@pytest.mark.usefixtures("in_this_process")
def test_an_update_that_is_not_in_place_is_reported(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{module}:Copies"]) == 1
    out = capsys.readouterr().out
    assert {"shapes", "in place"} <= failed(out)
    assert "in place" in out
    assert "determinism    not tested" in out


@pytest.mark.usefixtures("in_this_process")
def test_state_of_the_class_fails_the_reset(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{module}:Shares"]) == 1
    assert "reset" in failed(capsys.readouterr().out)


@pytest.mark.usefixtures("in_this_process")
def test_dependence_on_the_order_of_layers_is_reported(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{module}:Turns"]) == 1
    assert "layer order" in failed(capsys.readouterr().out)


def test_random_numbers_without_a_seed_fail_the_check(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{module}:Random"]) == 1
    out = capsys.readouterr().out
    assert {"reset", "determinism"} <= failed(out)
    assert "np.random" in out


@pytest.mark.usefixtures("in_this_process")
def test_hyperparameters_are_checked_and_used(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adam", "learning_rate=1e-2", "beta_1=0.8"]) == 0
    assert main(["adam", "learning_rate=-1"]) == 2
    assert "optimizer.learning_rate=-1: must be" in capsys.readouterr().err
    assert main(["adam", "lerning_rate=1"]) == 2
    assert "learning_rate" in capsys.readouterr().err
    assert main([f"{module}:Nothing"]) == 2
    assert main(["adamm"]) == 2
    assert "adamm: unknown" in capsys.readouterr().err
    assert main([]) == 2


def test_help_lists_the_sub_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from nnbench.cli.main import COMMANDS
    from nnbench.cli.main import main as dispatch

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["nnbench", "--help"])
    assert dispatch() == 0
    out = capsys.readouterr().out
    for name in COMMANDS:
        assert out.index(f"\n  {name} ") < out.index("Options of each group")
    monkeypatch.setattr("sys.argv", ["nnbench", "report", "--help"])
    assert dispatch() == 0
    assert capsys.readouterr().out.startswith("Remake the report of a study")
