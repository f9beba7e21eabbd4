"""Paths of optimizers on functions of two variables."""

import copy
from collections.abc import Iterator
from dataclasses import fields, replace
from math import inf, isfinite
from typing import Any

import numpy as np

from nnbench.core.arrays import FloatArray
from nnbench.lesson.functions import Function
from nnbench.optimizers.base import Optimizer
from nnbench.records.demonstration import Path
from nnbench.training.stepper import Stepper

STEPS = 200
RATES = tuple(float(f"{rate:.1g}") for rate in np.geomspace(1e-4, 10, 11))  # 1e-4, 3e-4, 1e-3, ...
FAR = 1e3  # a path that goes so far from the origin has diverged
# Shapes of three layers: an optimizer of matrices gets the two variables as the weights of the hidden one, a matrix of one
# column. All other parameters are zero, and their gradients too.
_LAYERS = ((2, 2), (3, 1), (2, 1))


def best_path(optimizer: Optimizer, function: Function, steps: int = STEPS) -> Path:
    """Return the path with that of `RATES` whose last value is lowest, among those whose path stays in the drawing.

    If none stays there, all count. The other hyperparameters are those of `optimizer`; without a learning rate, there is one
    path.

    Raises:
        Exception: raised by the optimizer at every rate.
    """
    found: list[tuple[float | None, FloatArray, FloatArray]] = []
    errors: list[Exception] = []
    for rate, variant in _variants(optimizer):
        try:
            found.append((rate, *follow(variant, function, steps)))
        except Exception as error:  # for example, a step so long that the function overflows
            errors.append(error)
    if not found:
        raise errors[0]
    left, right, bottom, top = function.extent
    lower, upper = (left, bottom), (right, top)

    def badness(one: tuple[float | None, FloatArray, FloatArray]) -> tuple[bool, float]:
        _, positions, values = one
        stays = bool(((positions >= lower) & (positions <= upper)).all())
        return not stays, float(values[-1]) if len(values) > steps else inf

    rate, positions, values = min(found, key=badness)
    return Path(
        surface=function.surface,
        positions=positions,
        values=values,
        learning_rate=rate,
        diverged=len(values) <= steps,
    )


def follow(optimizer: Optimizer, function: Function, steps: int = STEPS) -> tuple[FloatArray, FloatArray]:
    """Make steps from the function's start; the optimizer is not changed.

    Returns:
        The parameters by which a network would be judged, shape (steps + 1, 2), and the values there, shape (steps + 1,);
        fewer if the path diverges.
    """
    optimizer = copy.copy(optimizer)
    parameters, gradients, layers, point, slope = _parameters(optimizer)
    point[:] = function.start

    def closure() -> float:
        value, slope[0], slope[1] = function.evaluate(point.item(0), point.item(1))
        return value

    with np.errstate(all="ignore"):  # divergence is detected in each step
        stepper = Stepper(optimizer, parameters, gradients, layers, closure=closure)
        where = slice(0, 2) if not layers else slice(len(parameters) - 5, len(parameters) - 3)
        positions, values = [point.copy()], [function.evaluate(*function.start)[0]]
        for k in range(steps):
            closure()
            stepper.step(k)
            position = stepper.evaluation_parameters()[where].copy()
            try:
                value = function.evaluate(position.item(0), position.item(1))[0]
            except OverflowError:
                break
            if not (isfinite(value) and abs(position.item(0)) < FAR and abs(position.item(1)) < FAR):
                break
            positions.append(position)
            values.append(value)
    return np.array(positions), np.array(values)


def _parameters(
    optimizer: Optimizer,
) -> tuple[FloatArray, FloatArray, list[tuple[FloatArray, FloatArray]], FloatArray, FloatArray]:
    """Return parameters, gradients, layers of both, and the views of both that are the two variables."""
    if optimizer.rest() is None and not optimizer.layerwise:
        parameters, gradients = np.zeros(2), np.zeros(2)
        return parameters, gradients, [], parameters, gradients
    sizes = [rows * columns for rows, columns in _LAYERS]
    parameters, gradients = np.zeros(sum(sizes)), np.zeros(sum(sizes))
    pieces = [np.split(flat, np.cumsum(sizes)[:-1]) for flat in (parameters, gradients)]
    layers = [(one.reshape(shape), other.reshape(shape)) for shape, one, other in zip(_LAYERS, *pieces, strict=True)]
    hidden, slopes = layers[1]
    return parameters, gradients, layers, hidden[:2, 0], slopes[:2, 0]


def _variants(optimizer: Optimizer) -> Iterator[tuple[float | None, Optimizer]]:
    """Yield the optimizer with each of `RATES`, or as it is if it has no learning rate."""
    if not any(one.name == "learning_rate" and one.init for one in fields(optimizer)):
        yield None, optimizer
        return
    for rate in RATES:
        changed: dict[str, Any] = {"learning_rate": rate}
        yield rate, replace(optimizer, **changed)
