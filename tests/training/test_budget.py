"""Budgets of a training: in epochs, steps or evaluations of the gradient."""

from typing import Any

import numpy as np
import pytest

import nnbench
from nnbench.datasets.spiral import Spiral
from nnbench.optimizers.lbfgs import LBFGS
from nnbench.optimizers.sgd import SGD
from nnbench.records.history import History
from nnbench.schedules.cosine import Cosine
from nnbench.schedules.linear import Linear

DATA = Spiral(samples=20, val_samples=20, test_samples=20)


def train(optimizer: Any, **options: Any) -> History:
    return nnbench.train(optimizer, DATA, hidden=[8], dtype="float64", **options)


def same(one: History, other: History) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.weights, other.weights, strict=True))


@pytest.mark.parametrize("unit", ["epochs", "steps", "gradient_evaluations"])
def test_on_the_full_batch_a_budget_is_a_number_of_updates(unit: Any) -> None:
    options = {"schedule": Cosine()}
    expected, found = train(SGD(), epochs=21, **options), train(SGD(), budget=20, budget_unit=unit, **options)
    assert same(expected, found)
    assert np.array_equal(expected.train_loss, found.train_loss)
    assert found.steps[-1] == found.gradient_evaluations[-1] == 20


@pytest.mark.parametrize("unit", ["steps", "gradient_evaluations"])
def test_a_budget_ends_within_an_epoch_of_mini_batches(unit: Any) -> None:
    """60 points in batches of 16 are 4 steps an epoch; 10 steps are two epochs and a half."""
    half = train(SGD(), budget=10, budget_unit=unit, batch_size=16)
    assert half.steps[-1] == half.gradient_evaluations[-1] == len(half.batch_loss) == 10
    assert half.evaluated[-1] == 3
    assert np.isfinite(half.train_loss[-1])
    whole = train(SGD(), epochs=4, batch_size=16)
    assert np.array_equal(half.batch_loss, whole.batch_loss[:10])
    assert same(train(SGD(), budget=12, budget_unit=unit, batch_size=16), whole)
    assert same(train(SGD(), budget=3, budget_unit="epochs", batch_size=16), whole)


def test_the_schedule_ends_with_the_budget() -> None:
    short = train(SGD(), budget=8, budget_unit="steps", batch_size=16, schedule=Linear())
    expected = [Linear().multiplier(step, 8) for step in range(8)]
    assert short.diagnostics["multiplier"][-1] == pytest.approx(expected[-1])


@pytest.mark.parametrize("budget", [5, 17, 40, 41, 42, 43])
def test_lbfgs_ends_when_its_evaluations_are_spent(budget: int) -> None:
    """A step that would take more is taken back: the weights are those of the last step within the budget."""
    whole = train(LBFGS(), budget=200, budget_unit="steps")
    found = train(LBFGS(), budget=budget, budget_unit="gradient_evaluations")
    assert found.gradient_evaluations[-1] == budget
    within = whole.gradient_evaluations[whole.gradient_evaluations <= budget]
    assert found.train_loss[-1] == whole.train_loss[whole.evaluated[len(within) - 1]]


def test_the_schedule_of_lbfgs_counts_its_evaluations() -> None:
    found = train(LBFGS(line_search="none"), budget=30, budget_unit="gradient_evaluations", schedule=Linear())
    assert found.diagnostics["multiplier"][-1] == pytest.approx(Linear().multiplier(29, 30))
    searched = train(LBFGS(), budget=30, budget_unit="gradient_evaluations", schedule=Linear())
    assert searched.diagnostics["multiplier"][-1] < 0.5


def test_a_run_on_mini_batches_that_diverges_does_not_end_as_finished() -> None:
    diverged = train(SGD(learning_rate=1e300), budget=10, budget_unit="steps", batch_size=16)
    assert diverged.outcome == "diverged"
