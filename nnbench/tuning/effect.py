"""Effect of a hyperparameter's value on the updates of an optimizer, measured by running it.

Two copies of the optimizer that differ in that value get the same gradients for as many steps as a run has, and their
updates are compared. This works for any hyperparameter of any optimizer, without a list of names: a decay of 1e-7 at the low
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
from nnbench.sweep.failure import attempt
from nnbench.sweep.job import Failure
from nnbench.training.pieces import IterationsPer
from nnbench.training.stepper import Stepper

NEGLIGIBLE = 0.01  # relative change of the updates below which two values count as equivalent
MOST = 100_000  # steps; only the first ones of a longer run
LONGEST = 10.0  # seconds for each of the two; of a slow optimizer, the steps that both have made within them
SHAPES = (3, 4), (5, 3)  # of the layers' parameters


def effect(
    rule: type[Optimizer],
    values: Mapping[str, Any],
    others: Mapping[str, Any],
    steps: int,
    iterations_per: IterationsPer = "step",
) -> float:
    """Relative difference between the updates of an optimizer with two settings, for the same gradients.

    Args:
        rule: the optimizer's class, which may be a user's own.
        values: its hyperparameters; the difference is relative to the updates with these.
        others: its hyperparameters, with the other value.
        steps: number of steps of a run.
        iterations_per: as for `Stepper`.

    Returns:
        The sum over steps of the norm of the difference, divided by that of the norm of the updates with `values`. Infinite
        where an update is not finite, or where the optimizer raises in an update. 0 where it cannot be constructed with
        `others`: that value cannot be tried.
    """
    if isinstance(attempt(partial(rule, **others)), Failure):
        return 0.0

    def compared() -> tuple[float, float]:
        first, second = (_updates(rule(**each), min(steps, MOST), iterations_per) for each in (values, others))
        shared = min(len(first), len(second))
        difference, size = (
            float(np.linalg.norm(updates[:shared], axis=1).sum()) for updates in (first[:shared] - second[:shared], first)
        )
        return difference, size

    with np.errstate(all="ignore"):
        found = attempt(compared)
    if isinstance(found, Failure) or not np.isfinite(found).all():
        return np.inf
    difference, size = found
    return difference / size if size else (np.inf if difference else 0.0)


def _updates(optimizer: Optimizer, steps: int, iterations_per: IterationsPer) -> FloatArray:
    """Update of each step, shape (steps, parameters), for gradients of a constant part and noise.

    Fewer steps, but at least one, where they take longer than `LONGEST`.
    """
    rng = np.random.default_rng(0)
    sizes = [rows * columns for rows, columns in SHAPES]
    parameters = rng.normal(size=sum(sizes))
    gradients, constant = np.empty_like(parameters), 0.1 * rng.normal(size=parameters.size)
    ends = np.cumsum([0, *sizes])
    layers = [
        (parameters[start:end].reshape(shape), gradients[start:end].reshape(shape))
        for start, end, shape in zip(ends, ends[1:], SHAPES, strict=False)
    ]
    step = Stepper(optimizer, parameters, gradients, layers, iterations_per=iterations_per).step
    path = np.empty((steps + 1, parameters.size))
    path[0] = parameters
    start, made = time.monotonic(), 0
    for k in range(steps):
        checkpoint()
        gradients[:] = constant + 0.1 * rng.normal(size=parameters.size)
        step(k)
        path[k + 1] = parameters
        made = k + 1
        if time.monotonic() - start > LONGEST:
            break
    return np.diff(path[: made + 1], axis=0)
