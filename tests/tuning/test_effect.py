"""Edges of a space count only if a neighbouring value makes a difference."""

import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from nnbench import optimizers
from nnbench.optimizers.base import Optimizer
from nnbench.records.rows import Row
from nnbench.tuning.contender import Contender
from nnbench.tuning.effect import NEGLIGIBLE, effect
from nnbench.tuning.selection import choose
from nnbench.tuning.space import read
from tests.conftest import composed

ALIKE: list[tuple[str, str, float, float]] = [
    ("adam", "decay", 1.3e-7, 4.6e-9),  # changes the rate by 0.13 % over a run of 10,000 epochs
    ("adam", "epsilon", 1e-10, 1e-12),
    ("sgd", "decay", 1e-8, 1e-10),
]
APART: list[tuple[str, str, float, float]] = [
    ("adam", "learning_rate", 0.5, 2.3),
    ("sgd", "learning_rate", 0.1, 0.02),
    ("sgd", "momentum", 0.98, 0.99),
    ("adam", "beta_1", 0.5, 0.34),
    ("adam", "decay", 1e-3, 2e-2),
    ("rmsprop", "rho", 0.9, 0.95),
]


def _effect(algorithm: str, key: str, one: float, other: float, steps: int = 10_000) -> float:
    rule = optimizers.find(algorithm)
    return effect(rule, {key: one}, {key: other}, steps)


@pytest.mark.parametrize("case", ALIKE)
def test_a_value_with_a_negligible_effect(case: tuple[str, str, float, float]) -> None:
    assert _effect(*case) < NEGLIGIBLE / 5


@pytest.mark.parametrize("case", APART)
def test_a_value_with_an_effect(case: tuple[str, str, float, float]) -> None:
    assert _effect(*case, steps=1000) > 3 * NEGLIGIBLE


def test_the_edge_depends_on_the_length_of_a_run() -> None:
    """A decay that is nothing over a hundred steps is much over ten thousand."""
    assert _effect("adam", "decay", 1e-5, 0.0, steps=100) < NEGLIGIBLE < _effect("adam", "decay", 1e-5, 0.0)


def test_the_changed_learning_rate_is_reported() -> None:
    assert _effect("sgd", "learning_rate", 0.1, 0.13, steps=50) == pytest.approx(0.3)


class Rude(BaseException):
    """Exception of a user that is not derived from `Exception`."""


@dataclass(kw_only=True)
class Layerwise(Optimizer):
    """Has hyperparameters that do nothing, that its updates depend on, that it refuses, and that it refuses together."""

    layerwise = True
    learning_rate: float = 0.1
    unused: float = 1.0
    broken: bool = False
    low: float = 0.5
    high: float = 0.9

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise Rude

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        if self.broken:
            raise Rude
        parameters -= self.learning_rate * gradients / np.linalg.norm(gradients)


def test_a_users_optimizer() -> None:
    assert effect(Layerwise, {}, {"unused": 2.0}, 100) == 0
    assert effect(Layerwise, {}, {"learning_rate": 0.2}, 100) == pytest.approx(1.0)
    assert effect(Layerwise, {}, {"broken": True}, 100) == np.inf
    assert effect(Layerwise, {}, {"learning_rate": np.nan}, 100) == np.inf
    assert effect(Layerwise, {}, {"low": 0.95}, 100) == 0, "what cannot be made is nothing to try"


def test_a_slow_optimizer_is_compared_over_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[effect.__module__], "LONGEST", 0.02)
    began = time.monotonic()
    assert effect(Layerwise, {}, {"learning_rate": 0.2}, 90_000) == pytest.approx(1.0)
    assert time.monotonic() - began < 0.5


def test_only_an_edge_value_with_an_effect_is_marked() -> None:
    """A learning rate at the top of its space, beside a decay at the low end that changes the rate by 0.13 % over the run."""
    tree = composed("optimizer=adam")
    bare = Contender(label="adam", seeds=[1000], stage="tuning", overrides=(), tree=tree, space={})
    contender = replace(bare, space=read(tree["space"], bare.check))
    setting = {"learning_rate": 0.5, "beta_1": 0.9, "beta_2": 0.999, "decay": 1.3e-7}
    trials = [contender.trial(one) for one in (setting, {**setting, "learning_rate": 0.05})]
    runs = {
        trial.identities[0]: Row(
            run_id=str(accuracy),
            name="",
            status="FINISHED",
            started=0,
            tags={"nnbench.outcome": "finished"},
            metrics={"final/val_accuracy": accuracy, "final/val_loss": 1.0},
        )
        for accuracy, trial in zip((0.8, 0.7), trials, strict=True)
    }
    found = choose(contender, trials, runs)
    assert (found.setting, found.edges) == (setting, {"learning_rate": "high"})
