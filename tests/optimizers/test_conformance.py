"""Requirements of every optimizer; a new file is included automatically."""

import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer, find, known
from nnbench.optimizers.base import Layers
from nnbench.optimizers.soap import SOAP
from nnbench.sweep.repeatability import SHIPPED
from nnbench.training.stepper import CHECK_AFTER, FLUSH_EVERY, Stepper
from tests.conformance import assert_fields_are_checked

every = pytest.mark.parametrize("kind", [find(name) for name in known()], ids=known())
OURS = sorted({*known()} & SHIPPED["optimizer"])
# The rules that treat each parameter on its own.
ELEMENTWISE = [name for name in known() if not find(name).indivisible and find(name)().rest() is None]
elementwise = pytest.mark.parametrize("kind", [find(name) for name in ELEMENTWISE], ids=ELEMENTWISE)


Function = Callable[[FloatArray], tuple[float, FloatArray]]


def parabola(x: FloatArray) -> tuple[float, FloatArray]:
    """Half the squared distance from (1, -2, 3), and its gradient."""
    gradient: FloatArray = x - np.array([1.0, -2.0, 3.0], x.dtype)
    return float(gradient @ gradient) / 2, gradient


def rosenbrock(x: FloatArray) -> tuple[float, FloatArray]:
    """(1 - x)^2 + 100 (y - x^2)^2, and its gradient."""
    valley = x[1] - x[0] ** 2
    gradient = np.array([-2.0 * (1.0 - x[0]) - 400.0 * x[0] * valley, 200.0 * valley], x.dtype)
    return float((1 - x[0]) ** 2 + 100 * valley**2), gradient


def still(x: FloatArray) -> tuple[float, FloatArray]:
    return 0.0, np.zeros_like(x)


def descend(
    optimizer: Optimizer, function: Function, start: list[float], steps: int, dtype: str = "float64", **options: Any
) -> FloatArray:
    """Where `steps` steps lead; of a rule with a rest, those of a hidden layer between two like it."""
    copies, size = 1 if optimizer.rest() is None else 3, len(start)
    x = np.tile(np.array(start, dtype), copies)
    gradients = np.zeros_like(x)
    parts = list(zip(np.split(x, copies), np.split(gradients, copies), strict=True))
    layers = [] if copies == 1 else [(values[:, None], slopes[:, None]) for values, slopes in parts]

    def closure() -> float:
        loss = 0.0
        for values, slopes in parts:
            value, slopes[:] = function(values)
            loss += value
        return loss

    stepper = Stepper(optimizer, x, gradients, layers, closure=closure, **options)
    with np.errstate(all="ignore"):
        for k in range(steps):
            closure()
            stepper.step(k)
    return stepper.evaluation_parameters()[-2 * size :][:size] if copies > 1 else stepper.evaluation_parameters()


def tuned(kind: type[Optimizer], learning_rate: float) -> Optimizer:
    rates = [field.name for field in fields(kind) if field.name.endswith("learning_rate")]
    assert "learning_rate" in rates  # every optimizer has one
    return replace(kind(), **dict.fromkeys(rates, learning_rate))


def problem(kind: type[Optimizer], dtype: str = "float64", width: int = 4) -> tuple[FloatArray, FloatArray, Layers]:
    """Parameters of ones and gradients of three layers, as vectors and as matrices."""
    shapes = [(3, width), (width + 1, width), (width + 1, 2)]
    sizes = [rows * columns for rows, columns in shapes]
    vectors = [np.ones(sum(sizes), dtype) for _ in range(2)]
    views = [
        [part.reshape(shape) for part, shape in zip(np.split(vector, np.cumsum(sizes)[:-1]), shapes, strict=True)]
        for vector in vectors
    ]
    return vectors[0], vectors[1], list(zip(*views, strict=True))


def arrays(optimizer: Optimizer) -> dict[str, FloatArray]:
    """The state of an optimizer, by name."""
    return {name: value for name, value in vars(optimizer).items() if isinstance(value, np.ndarray)}


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keeps_the_dtype(kind: type[Optimizer], dtype: str) -> None:
    parameters, gradients, layers = problem(kind, dtype)
    stepper = Stepper(kind(), parameters, gradients, layers)
    states = [arrays(one) for one in stepper.optimizers]
    for k in range(3):
        gradients[:] = 1
        stepper.step(k)
    for one, state in zip(stepper.optimizers, states, strict=True):
        for name, value in arrays(one).items():
            assert value.dtype == dtype or value.dtype.kind == "b", name
            assert value is state[name], f"{name} was made anew"


@every
def test_float32_follows_float64(kind: type[Optimizer]) -> None:
    single, double = (descend(tuned(kind, 0.01), parabola, [-1.0, 2.0, 0.0], 50, dtype) for dtype in ("float32", "float64"))
    # In SOAP's basis, parts of the gradient are zero but for rounding, which it divides by its own size.
    np.testing.assert_allclose(single, double, atol=1e-2 if kind is SOAP else 1e-4)


@every
def test_state_is_not_shared(kind: type[Optimizer]) -> None:
    optimizer = tuned(kind, 0.01)
    problems = [problem(kind) for _ in range(3)]
    steps = [Stepper(optimizer, *each).step for each in problems]
    for k in range(20):
        for number, ((_, gradients, _), step) in enumerate(zip(problems, steps, strict=True)):
            gradients[:] = np.random.default_rng([k, number // 2]).standard_normal(gradients.size)
            step(k)
    first, same, other = (parameters for parameters, _, _ in problems)
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert vars(optimizer) == asdict(optimizer)  # no state was left on it


@elementwise
def test_layerwise_updates_equal_updates_of_the_vector(kind: type[Optimizer]) -> None:
    layered: Optimizer = type("Layered", (kind,), {"layerwise": True})()
    apart, whole = problem(kind), problem(kind)
    one, two = Stepper(layered, *apart).step, Stepper(kind(), *whole).step
    for k in range(10):
        apart[1][:] = whole[1][:] = np.random.default_rng(k).standard_normal(whole[1].size)
        one(k)
        two(k)
    np.testing.assert_array_equal(apart[0], whole[0])


@every
def test_a_constant_multiplier_is_a_learning_rate(kind: type[Optimizer]) -> None:
    halved = descend(tuned(kind, 0.02), rosenbrock, [-1.2, 1.0], 30, multiplier=lambda k: 0.5)
    np.testing.assert_allclose(halved, descend(tuned(kind, 0.01), rosenbrock, [-1.2, 1.0], 30), rtol=1e-12)


def peak(kind: type[Optimizer]) -> float:
    """The memory that updates take on the way, as a share of the parameters'."""
    parameters, gradients, layers = problem(kind, width=160 if kind().rest() is None else 40)
    stepper = Stepper(kind(), parameters, gradients, layers)
    for k in (1, 2, CHECK_AFTER + 1):
        gradients[:] = 1
        stepper.step(k)
    tracemalloc.start()
    for k in range(CHECK_AFTER + 2, CHECK_AFTER + FLUSH_EVERY):
        stepper.step(k)
    current, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert current < 10_000, "memory grows"
    return highest / parameters.nbytes


@every
def test_memory_does_not_grow(kind: type[Optimizer]) -> None:
    assert peak(kind) < 6  # a few results on the way to one are nobody's fault


# SOAP's decompositions every ten steps: those of LAPACK have no output argument in NumPy.
ALLOCATES = {"soap"}


@pytest.mark.parametrize("name", sorted({*OURS} - ALLOCATES))
def test_update_allocates_nothing(name: str) -> None:
    assert peak(find(name)) < 0.2  # an eighth is a mask


@every
def test_zero_gradients_change_nothing(kind: type[Optimizer]) -> None:
    decays = {"weight_decay": 0.0} if "weight_decay" in {field.name for field in fields(kind)} else {}
    np.testing.assert_array_equal(descend(kind(**decays), still, [1.0, -2.0, 0.0], 10), [1, -2, 0])


@every
def test_hyperparameters_can_be_checked(kind: type[Optimizer]) -> None:
    assert_fields_are_checked(kind)
