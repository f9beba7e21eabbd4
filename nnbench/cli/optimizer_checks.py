"""Checks of an optimizer for `nnbench check`: shapes, in-place updates, reset, dtype, descent, layers, schedule, laws."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.random import default_rng

from nnbench.cli.optimizer_laws import SCALE, rotation_law, scale_law
from nnbench.cli.optimizer_runs import SHAPES, STEPS, Problem, noise
from nnbench.core.arrays import FloatArray
from nnbench.core.user_code import describe_error, user_code_location
from nnbench.optimizers.base import Optimizer
from nnbench.training.stepper import Stepper

RATES = (1e-3, 1e-2, 1e-1, 1.0)  # learning rates tried besides the given one
LOWERED = 0.2  # share of its initial value that a function must fall to
ROTATIONS = {
    "vectors": "in a rotated space, the steps rotate too",
    "matrices": "where weight matrices are rotated from both sides, their steps rotate too",
    "none": "in a rotated space, the steps are others",
}


class Finding(NamedTuple):
    """Result of a check.

    Attributes:
        name: of the check.
        ok: whether it passed; None for a check that only informs.
        text: the fault, or the measurement.
    """

    name: str
    ok: bool | None
    text: str


class _Wrong(Exception):
    """A check has failed, for the reason in its text."""


def check_optimizer(optimizer: Optimizer) -> Iterator[Finding]:
    """Run all checks on an instance, which is left as it is; an exception of the user's code fails its check."""
    checks: tuple[tuple[str, Callable[[Optimizer], str]], ...] = (
        ("shapes", _shapes),
        ("in place", _in_place),
        ("reset", _reset),
        ("dtype float32", lambda one: _dtype(one, "float32")),
        ("dtype float64", lambda one: _dtype(one, "float64")),
        ("parabola", _parabola),
        ("Rosenbrock", _rosenbrock),
        ("layer order", _layer_order),
        ("schedule", _schedule),
    )
    with np.errstate(all="ignore"):
        for name, check in checks:
            yield _finding(name, check, optimizer)
        for name, law in (("scale law", _scale_law), ("rotation law", _rotation_law)):
            found = _finding(name, law, optimizer)
            yield found._replace(ok=None) if found.ok else found


def _finding(name: str, check: Callable[[Optimizer], str], optimizer: Optimizer) -> Finding:
    try:
        return Finding(name, True, check(copy.deepcopy(optimizer)))
    except _Wrong as wrong:
        return Finding(name, False, str(wrong))
    except Exception as error:
        place = f" ({where})" if (where := user_code_location(error)) else ""
        return Finding(name, False, f"{describe_error(error)}{place}")


def _random_run(optimizer: Optimizer) -> list[FloatArray]:
    problem = Problem(SHAPES)
    return problem.run(optimizer, noise(problem.parameters.size))


def _shapes(optimizer: Optimizer) -> str:
    blockwise = optimizer.rest() is not None
    for shapes in (SHAPES,) if blockwise else (SHAPES, SHAPES[-1:]):
        problem = Problem(shapes)
        trace = problem.run(optimizer, noise(problem.parameters.size))
        if not np.isfinite(trace[-1]).all():
            raise _Wrong(f"parameters are not finite after {STEPS} steps of gradients from N(0, 1)")
    if blockwise:
        return "the blocks that it takes, one at a time"
    return "weight matrices, one at a time" if optimizer.layerwise else "all parameters as one vector"


def _in_place(optimizer: Optimizer) -> str:
    trace = _random_run(optimizer)  # raises where update returns an array or the parameters stay as they are
    if all(np.array_equal(trace[0], later) for later in trace[1:]):
        raise _Wrong(f"the parameters do not change in steps 2 to {STEPS}; change them in place, as by -=")
    return ""


def _reset(optimizer: Optimizer) -> str:
    before = repr(vars(optimizer))
    first, second = _random_run(optimizer), _random_run(optimizer)
    for number, (one, other) in enumerate(zip(first, second, strict=True), 1):
        if not np.array_equal(one, other):
            raise _Wrong(f"two runs of one instance differ from step {number} on; create the state in allocate, at each call")
    if repr(vars(optimizer)) != before:
        raise _Wrong("a run changes the instance outside allocate; create the state in allocate")
    return "two runs of one instance are equal"


def _dtype(optimizer: Optimizer, dtype: str) -> str:
    problem = Problem(SHAPES, dtype)
    stepper = Stepper(optimizer, problem.parameters, problem.gradients, problem.layers)
    for k in range(3):
        problem.gradients[:] = 1
        stepper.step(k)
    for owner in stepper.optimizers:
        wrong = {
            name: value.dtype
            for name, value in vars(owner).items()
            if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.dtype != dtype
        }
        if wrong:
            raise _Wrong(", ".join(f"self.{name} is {kind}" for name, kind in wrong.items()) + f" for {dtype} parameters")
    return ""


def _parabola(optimizer: Optimizer) -> str:
    goal = np.array([1.0, -2.0, 3.0, 0.5])

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        return float(((x - goal) ** 2).sum() / 2), x - goal

    return _lowers(optimizer, (2, 2), [-1.0, 2.0, 0.0, 1.5], 2000, function)


def _rosenbrock(optimizer: Optimizer) -> str:
    def function(x: FloatArray) -> tuple[float, FloatArray]:
        valley = x[1] - x[0] ** 2
        value = float((1 - x[0]) ** 2 + 100 * valley**2)
        return value, np.array([-2.0 * (1.0 - x[0]) - 400.0 * x[0] * valley, 200.0 * valley])

    return _lowers(optimizer, (2, 1), [-1.2, 1.0], 5000, function)


def _lowers(
    optimizer: Optimizer,
    shape: tuple[int, int],
    start: Sequence[float],
    steps: int,
    function: Callable[[FloatArray], tuple[float, FloatArray]],
) -> str:
    """Minimize with the given and, if there is a learning rate, with other `RATES` until the value is low enough.

    Args:
        function: gives value and gradient. For a rule with a rest, each of three layers has parameters of its own, and their
            values are added, so that there is a hidden layer.
    """
    copies = 1 if optimizer.rest() is None else 3

    def total(x: FloatArray) -> tuple[float, FloatArray]:
        values, gradients = zip(*map(function, x.reshape(copies, -1)), strict=True)
        return sum(values), np.concatenate(gradients)

    first, _ = total(np.tile(start, copies))
    ends: dict[str, float] = {}
    errors: list[Exception] = []
    for label, variant in _variants(optimizer):
        try:
            value, _ = total(_end(variant, [shape] * copies, np.tile(start, copies), steps, total))
        except Exception as error:  # for example, a step so long that it ends at the start
            errors.append(error)
            continue
        ends[label] = value if np.isfinite(value) else np.inf
        if value <= LOWERED * first:
            break
    if not ends:
        raise errors[0]
    label, lowest = min(ends.items(), key=lambda item: item[1])
    text = f"from {first:.3g} to {lowest:.2g} in {steps:,} steps, {label}"
    if lowest > LOWERED * first:
        raise _Wrong(f"{text}, at best; must reach {LOWERED * first:.2g}")
    return text


def _end(
    optimizer: Optimizer,
    shapes: Sequence[tuple[int, int]],
    start: FloatArray,
    steps: int,
    function: Callable[[FloatArray], tuple[float, FloatArray]],
) -> FloatArray:
    problem = Problem(shapes)
    problem.parameters[:] = start

    def closure() -> float:
        value, problem.gradients[:] = function(problem.parameters)
        return value

    return problem.run(optimizer, lambda k: function(problem.parameters)[1], steps, closure=closure)[-1]


def _variants(optimizer: Optimizer) -> Iterator[tuple[str, Optimizer]]:
    yield "as given", optimizer
    rates = [one.name for one in fields(optimizer) if one.name.endswith("learning_rate") and one.init]
    for rate in RATES if rates else ():
        changes: dict[str, Any] = dict.fromkeys(rates, rate)
        yield f"learning_rate={rate:g}", replace(optimizer, **changes)


def _layer_order(optimizer: Optimizer) -> str:
    """Run with the layers in reverse order, each with the gradients that it had."""
    backward, drawn = Problem(SHAPES[::-1]), Problem(SHAPES)
    rng = default_rng(0)
    before = rng.bit_generator.state
    step = Stepper(optimizer, drawn.parameters, drawn.gradients, drawn.layers, rng=rng).step
    reverse = Stepper(optimizer, backward.parameters, backward.gradients, backward.layers).step
    draw = noise(drawn.parameters.size)
    for k in range(STEPS):
        drawn.gradients[:] = draw(k)
        for (_, gradients), (_, same) in zip(drawn.layers, backward.layers[::-1], strict=True):
            same[:] = gradients
        step(k)
        reverse(k)
    if rng.bit_generator.state != before:
        return "not compared: it draws from self.rng, which the layers share"
    for number, ((one, _), (other, _)) in enumerate(zip(drawn.layers, backward.layers[::-1], strict=True), 1):
        if not np.allclose(one, other, rtol=1e-6, atol=1e-9):
            raise _Wrong(f"layer {number} of {len(SHAPES)} changes differently when the layers are in reverse order")
    return ""


def _schedule(optimizer: Optimizer) -> str:
    """Compare the path under half of the learning rate by a schedule."""
    plain, halved = Problem(SHAPES), Problem(SHAPES)
    draw = noise(plain.parameters.size)
    one = plain.run(optimizer, draw)
    other = halved.run(optimizer, draw, multiplier=lambda k: 0.5)
    if not all(map(np.array_equal, one, other)):
        return "a schedule changes its steps"
    if any(one.name == "learning_rate" for one in fields(optimizer)):
        raise _Wrong("a schedule does not change its steps; read self.learning_rate in update, not in allocate")
    return "a schedule does not change its steps; without a field learning_rate, use self.multiplier in update"


def _scale_law(optimizer: Optimizer) -> str:
    law, ratio = scale_law(optimizer)
    return f"gradients times {SCALE:g} make steps times {ratio:.3g} ({law})"


def _rotation_law(optimizer: Optimizer) -> str:
    return ROTATIONS[rotation_law(optimizer)]
