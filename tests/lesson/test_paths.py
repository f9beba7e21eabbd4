"""Paths on functions of two variables, against closed forms and SciPy."""

from dataclasses import dataclass
from math import cos, sin

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

from nnbench import Optimizer, Positive, optimizers
from nnbench.core.arrays import FloatArray
from nnbench.lesson.functions import BOTTOM, CURVATURES, FUNCTIONS, TURN, Function, ravine, rosenbrock
from nnbench.lesson.paths import RATES, STEPS, best_path, follow
from nnbench.optimizers.muon import Muon
from nnbench.optimizers.sgd import SGD
from nnbench.optimizers.soap import SOAP

RAVINE, ROSENBROCK = FUNCTIONS
AXES = np.array([[cos(TURN), sin(TURN)], [-sin(TURN), cos(TURN)]])  # along the floor of the ravine, and across


def test_values_and_derivatives() -> None:
    for x, y in np.random.default_rng(0).uniform(-2, 2, (20, 2)):
        value, *slopes = rosenbrock(x, y)
        assert value == pytest.approx(rosen([x, y]))
        np.testing.assert_allclose(slopes, rosen_der([x, y]))
        value, *slopes = ravine(x, y)
        hessian = AXES.T @ np.diag(CURVATURES) @ AXES
        away = np.array([x, y]) - BOTTOM
        assert value == pytest.approx(away @ hessian @ away / 2)
        np.testing.assert_allclose(slopes, hessian @ away)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)
def test_the_surface_has_its_minimum_and_the_start_within(function: Function) -> None:
    surface = function.surface
    left, right, bottom, top = surface.extent
    assert function.evaluate(*surface.minimum) == (0.0, 0.0, 0.0)
    row, column = np.unravel_index(surface.values.argmin(), surface.values.shape)
    side = len(surface.values) - 1
    found = left + (right - left) * column / side, bottom + (top - bottom) * row / side
    assert surface.values.min() < 0.01 * surface.values[0, 0], "of a valley that runs through the minimum"
    assert function.evaluate(*found)[0] == pytest.approx(surface.values.min())
    assert left < function.start[0] < right
    assert bottom < function.start[1] < top


def test_gradient_descent_on_the_ravine_has_the_closed_form() -> None:
    rate = 0.03
    positions, values = follow(SGD(learning_rate=rate), RAVINE)
    assert len(positions) == len(values) == STEPS + 1
    start = AXES @ (np.array(RAVINE.start) - BOTTOM)
    powers = np.arange(STEPS + 1)[:, np.newaxis]
    expected = start * (1 - rate * np.array(CURVATURES)) ** powers  # (1 - rate k)^t in the direction of curvature k
    np.testing.assert_allclose((positions - BOTTOM) @ AXES.T, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(values, (expected**2 * CURVATURES).sum(axis=1) / 2, rtol=1e-9, atol=1e-20)


def test_gradient_descent_diverges_above_twice_the_inverse_curvature() -> None:
    assert len(follow(SGD(learning_rate=2.02 / CURVATURES[1]), RAVINE, 2000)[0]) < 2001
    assert len(follow(SGD(learning_rate=1.98 / CURVATURES[1]), RAVINE, 2000)[0]) == 2001


def test_the_best_rate_of_gradient_descent_is_that_of_the_closed_form() -> None:
    start = AXES @ (np.array(RAVINE.start) - BOTTOM)
    rates = [rate for rate in RATES if rate < 0.1]  # greater ones diverge
    ends = [(((1 - rate * np.array(CURVATURES)) ** STEPS * start) ** 2 * CURVATURES).sum() / 2 for rate in rates]
    path = best_path(SGD(learning_rate=5.0), RAVINE)
    assert path.learning_rate == rates[int(np.argmin(ends))]
    assert path.values[-1] == pytest.approx(min(ends))
    assert not path.diverged


@pytest.mark.parametrize("name", ["adam", "lion", "schedule_free_adamw", "muon"])
def test_paths_come_down_both_functions(name: str) -> None:
    optimizer = optimizers.find(name)()
    before = dict(vars(optimizer))
    for function in FUNCTIONS:
        path = best_path(optimizer, function, 60)
        assert path.values[-1] < 0.3 * path.values[0]
        assert path.values[0] == function.evaluate(*function.start)[0]
        np.testing.assert_array_equal(path.positions[0], function.start)
    assert vars(optimizer) == before, "the optimizer is not changed"


def test_rules_of_matrices_get_the_two_variables_as_a_matrix_of_one_column() -> None:
    rate = 0.1
    steps = np.diff(follow(Muon(learning_rate=rate, adamw_learning_rate=3.0), RAVINE)[0], axis=0)
    lengths = np.hypot(*steps.T)
    assert (lengths > 0.6 * rate).all()  # a column made orthogonal has a norm near 1, whatever the gradient's is
    assert (lengths < 1.3 * rate).all()
    first = follow(SOAP(learning_rate=rate), RAVINE, 1)[0]
    np.testing.assert_array_equal(first[0], first[1])  # the first gradient only makes the bases


@dataclass(kw_only=True)
class Broken(Optimizer):
    """An optimizer that raises."""

    learning_rate: Positive = 0.1

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        raise ValueError("not today")


def test_the_error_of_an_optimizer_is_raised() -> None:
    with pytest.raises(ValueError, match="not today"):
        best_path(Broken(), RAVINE)
