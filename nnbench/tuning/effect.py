"""How much the value of a hyperparameter changes what an optimizer does, measured on the optimizer itself.

Two copies of the optimizer, alike but for that value, are given the same gradients for as many steps as a run has, and their
updates are compared. This holds for any hyperparameter of any optimizer, with no list of names: a decay of 1e-7 at the low
end of its space changes no update of a run by more than a thousandth, an epsilon of 1e-12 or a weight decay of 1e-9 none at
all, a learning rate all of them.
"""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from nnbench.core.arrays import FloatArray
from nnbench.core.signals import checkpoint
from nnbench.optimizers import Optimizer
from nnbench.optimizers.base import IterationsPer, stepper
from nnbench.sweep.failure import attempt
from nnbench.sweep.job import Failure

NEGLIGIBLE = 0.01  # relative change of the updates, under which a value may as well be the other one
MOST = 100_000  # steps; of a longer run, its first ones
LONGEST = 10.0  # seconds for each of the two; of a slow optimizer, the steps that both have made by then
SHAPES = (3, 4), (5, 3)  # of the layers whose parameters are updated


def effect(
    rule: type[Optimizer],
    values: Mapping[str, Any],
    others: Mapping[str, Any],
    steps: int,
    iterations_per: IterationsPer = "step",
) -> float:
    """The relative difference between the updates of an optimizer with two settings that is given the same gradients.

    Args:
        rule: the optimizer's class, which may be a user's own.
        values: of its hyperparameters; the updates with these are what the difference is set against.
        others: of its hyperparameters, likewise.
        steps: of a run.
        iterations_per: as for `stepper`.

    Returns:
        The sum over steps of the norm of the difference, over that of the norm of the updates with `values`. Infinite where
        an update is not finite, or where the optimizer raises when it updates. 0 where it cannot be made with `others`: there
        is nothing to be tried there.
    """
    if isinstance(attempt(partial(rule, **others)), Failure):
        return 0.0

    def compared() -> tuple[float, float]:
        mine, theirs = (_updates(rule(**each), min(steps, MOST), iterations_per) for each in (values, others))
        shared = min(len(mine), len(theirs))
        difference, size = (
            float(np.linalg.norm(moves[:shared], axis=1).sum()) for moves in (mine[:shared] - theirs[:shared], mine)
        )
        return difference, size

    with np.errstate(all="ignore"):
        found = attempt(compared)
    if isinstance(found, Failure) or not np.isfinite(found).all():
        return np.inf
    difference, size = found
    return difference / size if size else (np.inf if difference else 0.0)


def _length(updates: FloatArray) -> float:
    return float(np.linalg.norm(updates, axis=1).sum())


def _updates(optimizer: Optimizer, steps: int, iterations_per: IterationsPer) -> FloatArray:
    """What each step adds to the parameters, shape (steps, parameters); the gradients have a steady part and noise.

    Fewer steps, but at least one, where they take longer than `LONGEST`.
    """
    rng = np.random.default_rng(0)
    sizes = [rows * columns for rows, columns in SHAPES]
    parameters = rng.normal(size=sum(sizes))
    gradients, steady = np.empty_like(parameters), 0.1 * rng.normal(size=parameters.size)
    ends = np.cumsum([0, *sizes])
    layers = [
        (parameters[start:end].reshape(shape), gradients[start:end].reshape(shape))
        for start, end, shape in zip(ends, ends[1:], SHAPES, strict=False)
    ]
    step = stepper(optimizer, parameters, gradients, layers, iterations_per)
    way = np.empty((steps + 1, parameters.size))
    way[0] = parameters
    began, made = time.monotonic(), 0
    for k in range(steps):
        checkpoint()
        gradients[:] = steady + 0.1 * rng.normal(size=parameters.size)
        step(k)
        way[k + 1] = parameters
        made = k + 1
        if time.monotonic() - began > LONGEST:
            break
    return np.diff(way[: made + 1], axis=0)
