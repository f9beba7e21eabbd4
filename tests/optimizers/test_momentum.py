"""The two forms of momentum, each against its formula at every step of a short budget under schedules."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers.sgd import SGD
from nnbench.schedules import find, known
from nnbench.training.stepper import Stepper

STEPS, RATE, MOMENTUM, DECAY = 24, 0.3, 0.9, 0.05
Form = Literal["gradient", "velocity"]
FORMS: tuple[Form, Form] = "gradient", "velocity"
Formula = Callable[[FloatArray, FloatArray, FloatArray, float], tuple[FloatArray, FloatArray]]


def gradient(weights: FloatArray) -> FloatArray:
    """Of a valley: half of 1, 4 and 9 times the squares."""
    result: FloatArray = np.array([1.0, 4.0, 9.0]) * weights
    return result


# (weights, velocity, gradient, rate) -> the next weights and velocity.
FORMULAS: dict[tuple[Form, bool], Formula] = {
    ("gradient", False): lambda w, v, g, r: (w + (MOMENTUM * v - r * g), MOMENTUM * v - r * g),
    ("velocity", False): lambda w, v, g, r: (w - r * (MOMENTUM * v + g), MOMENTUM * v + g),
    ("gradient", True): lambda w, v, g, r: (w + MOMENTUM * (MOMENTUM * v - r * g) - r * g, MOMENTUM * v - r * g),
    ("velocity", True): lambda w, v, g, r: (w - r * (g + MOMENTUM * (MOMENTUM * v + g)), MOMENTUM * v + g),
}


def ours(form: Form, nesterov: bool, multiplier: Callable[[int], float] | None = None, decay: float = DECAY) -> FloatArray:
    """The weights after each step."""
    rule = SGD(learning_rate=RATE, momentum=MOMENTUM, decay=decay, nesterov=nesterov, rate_scales=form)
    weights, gradients = np.ones(3), np.zeros(3)
    step = Stepper(rule, weights, gradients, multiplier=multiplier).step
    path = []
    for k in range(STEPS):
        gradients[:] = gradient(weights)
        step(k)
        path.append(weights.copy())
    return np.array(path)


@pytest.mark.parametrize("schedule", known())
@pytest.mark.parametrize(("form", "nesterov"), FORMULAS)
def test_follows_its_formula_under_every_schedule(form: Form, nesterov: bool, schedule: str) -> None:
    multiplier = find(schedule)().multiplier
    path = ours(form, nesterov, lambda k: multiplier(k, STEPS))
    weights: FloatArray = np.ones(3)
    velocity: FloatArray = np.zeros(3)
    for k in range(STEPS):
        rate = RATE * multiplier(k, STEPS) / (1 + DECAY * k)
        weights, velocity = FORMULAS[form, nesterov](weights, velocity, gradient(weights), rate)
        np.testing.assert_allclose(path[k], weights, rtol=1e-11, atol=1e-13, err_msg=f"step {k}")


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_forms_are_equal_until_the_rate_changes(nesterov: bool) -> None:
    inside, outside = (ours(form, nesterov, lambda k: 0.5 if k >= 7 else 1.0, decay=0.0) for form in FORMS)
    np.testing.assert_allclose(inside[:7], outside[:7], rtol=1e-10, atol=1e-13)
    assert np.abs(inside[7] - outside[7]).max() > 0.01


def test_the_notebooks_form_is_the_default() -> None:
    assert (SGD().rate_scales, SGD().nesterov) == ("gradient", False)
    settings: dict[str, Any] = {"learning_rate": RATE, "momentum": MOMENTUM}
    assert SGD(**settings) == SGD(**settings, rate_scales="gradient", nesterov=False)
