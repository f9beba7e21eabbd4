"""What every optimizer must do, asked of all that there are: a new file is tested with no new test."""

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any, Literal, get_origin, get_type_hints

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from nnbench.core.arrays import FloatArray
from nnbench.optimizers import Optimizer, find, known
from nnbench.training.stepper import Stepper

every = pytest.mark.parametrize("kind", [find(name) for name in known()], ids=known())


def parabola(x: FloatArray) -> FloatArray:
    """The gradient of half the squared distance from (1, -2, 3)."""
    slopes: FloatArray = x - np.array([1.0, -2.0, 3.0], x.dtype)
    return slopes


def rosenbrock(x: FloatArray) -> FloatArray:
    """The gradient of (1 - x)^2 + 100 (y - x^2)^2."""
    valley = x[1] - x[0] ** 2
    return np.array([-2.0 * (1.0 - x[0]) - 400.0 * x[0] * valley, 200.0 * valley], x.dtype)


def descend(
    optimizer: Optimizer, slope: Callable[[FloatArray], FloatArray], start: list[float], steps: int, dtype: str = "float64"
) -> FloatArray:
    """Where `steps` steps lead."""
    x = np.array(start, dtype)
    gradients = np.zeros_like(x)
    step = Stepper(optimizer, x, gradients).step
    with np.errstate(all="ignore"):
        for k in range(steps):
            gradients[:] = slope(x)
            step(k)
    return x


def tuned(kind: type[Optimizer], learning_rate: float) -> Optimizer:
    return replace(kind(), learning_rate=learning_rate)  # type: ignore[call-arg]  # every optimizer has one


@every
def test_minimizes_a_parabola_with_some_learning_rate(kind: type[Optimizer]) -> None:
    ends = [descend(tuned(kind, rate), parabola, [-1.0, 2.0, 0.0], 2000) for rate in (1e-2, 1e-1, 1.0)]
    assert min(np.abs(parabola(end)).max() for end in ends) < 0.01


@every
def test_descends_rosenbrocks_function_with_some_learning_rate(kind: type[Optimizer]) -> None:
    ends = [descend(tuned(kind, rate), rosenbrock, [-1.2, 1.0], 5000) for rate in (1e-3, 1e-2, 1e-1, 1.0)]
    values = [(1 - x) ** 2 + 100 * (y - x**2) ** 2 for x, y in ends]
    assert np.nanmin(values) < 0.5  # from 24.2; the valley's bend at the origin is 1


@every
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keeps_the_dtype(kind: type[Optimizer], dtype: str) -> None:
    optimizer = kind()
    parameters, gradients = np.ones(5, dtype), np.ones(5, dtype)
    optimizer.allocate(parameters)
    state = {name: id(value) for name, value in vars(optimizer).items() if isinstance(value, np.ndarray)}
    optimizer.update(parameters, gradients, 0)
    for name, value in vars(optimizer).items():
        if isinstance(value, np.ndarray):
            assert value.dtype == dtype, name
            assert id(value) == state[name], f"{name} was made anew"


@every
def test_float32_follows_float64(kind: type[Optimizer]) -> None:
    single, double = (descend(tuned(kind, 0.01), parabola, [-1.0, 2.0, 0.0], 50, dtype) for dtype in ("float32", "float64"))
    np.testing.assert_allclose(single, double, atol=1e-4)


@every
def test_state_is_not_shared(kind: type[Optimizer]) -> None:
    optimizer = tuned(kind, 0.01)
    alone = descend(optimizer, parabola, [-1.0, 2.0, 0.0], 20)
    pairs = [(np.array(start), np.zeros(3)) for start in ([-1.0, 2.0, 0.0], [5.0, 5.0, 5.0])]
    steps = [Stepper(optimizer, x, gradients).step for x, gradients in pairs]
    for k in range(20):
        for (x, gradients), step in zip(pairs, steps, strict=True):
            gradients[:] = parabola(x)
            step(k)
    np.testing.assert_array_equal(pairs[0][0], alone)
    assert vars(optimizer) == asdict(optimizer)  # no state was left on it


@every
def test_layerwise_updates_equal_updates_of_the_vector(kind: type[Optimizer]) -> None:
    rng = np.random.default_rng(0)
    apart, whole = np.zeros(10), np.zeros(10)
    slopes, same = np.zeros(10), np.zeros(10)
    layers = [(apart[:6].reshape(2, 3), slopes[:6].reshape(2, 3)), (apart[6:].reshape(4, 1), slopes[6:].reshape(4, 1))]
    layered = type("Layered", (kind,), {"layerwise": True})()
    one, two = Stepper(layered, apart, slopes, layers).step, Stepper(kind(), whole, same).step
    for k in range(10):
        slopes[:] = same[:] = rng.standard_normal(10)
        one(k)
        two(k)
    np.testing.assert_array_equal(apart, whole)


@every
def test_memory_does_not_grow(kind: type[Optimizer]) -> None:
    parameters, gradients = np.ones(50_000), np.ones(50_000)
    step = Stepper(kind(), parameters, gradients).step
    step(1)
    tracemalloc.start()
    for k in range(2, 40):
        step(k)
    current, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * parameters.nbytes  # a few results on the way to one are nobody's fault
    assert current < 10_000


@every
def test_zero_gradients_change_nothing(kind: type[Optimizer]) -> None:
    np.testing.assert_array_equal(descend(kind(), np.zeros_like, [1.0, -2.0, 0.0], 10), [1, -2, 0])


@every
def test_hyperparameters_can_be_checked(kind: type[Optimizer]) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    assert adapter.validate_json("{}") == adapter.validate_json(json.dumps(asdict(kind()))) == kind()
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        kind_of = hints[field.name]
        assert hasattr(kind_of, "__metadata__") or kind_of is bool or get_origin(kind_of) is Literal, (
            f"{field.name} has no range"
        )
        assert field.kw_only
        for bad in ({field.name: float("nan")}, {field.name: -1.0}, {field.name: "1"}, {f"{field.name}_": 1.0}):
            with pytest.raises(ValidationError):
                adapter.validate_json(json.dumps(bad))
