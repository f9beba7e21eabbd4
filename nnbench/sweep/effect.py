"""How much the value of a hyperparameter changes what an optimizer does, measured on the optimizer itself.

Two copies of the optimizer, alike but for that value, are given the same gradients for as many steps as a run has, and their
updates are compared. This holds for any hyperparameter of any optimizer, with no list of names: a decay of 1e-7 at the low
end of its space changes no update of a run by more than a thousandth, an epsilon of 1e-12 or a weight decay of 1e-9 none at
all, a learning rate all of them.
"""

import numpy as np

from nnbench.history import FloatArray
from nnbench.optimizers import Optimizer
from nnbench.optimizers.base import IterationsPer, stepper

NEGLIGIBLE = 0.01  # relative change of the updates, under which a value may as well be the other one
MOST = 100_000  # steps; of a longer run, its first ones
SHAPES = (3, 4), (5, 3)  # of the layers whose parameters are updated


def effect(one: Optimizer, other: Optimizer, steps: int, iterations_per: IterationsPer = "step") -> float:
    """The relative difference between the updates of two optimizers that are given the same gradients.

    Args:
        one: the updates of which the difference is set against.
        other: the other.
        steps: of a run.
        iterations_per: as for `stepper`.

    Returns:
        The sum over steps of the norm of the difference, over that of the norm of the updates of `one`; infinite where an
        update is not finite, or where an optimizer raises.
    """
    try:
        with np.errstate(all="ignore"):
            mine, theirs = (_updates(optimizer, min(steps, MOST), iterations_per) for optimizer in (one, other))
            difference, size = (float(np.linalg.norm(moves, axis=1).sum()) for moves in (mine - theirs, mine))
    except (Exception, SystemExit):  # a user's own code
        return np.inf
    if not (np.isfinite(difference) and np.isfinite(size)):
        return np.inf
    return difference / size if size else (np.inf if difference else 0.0)


def _updates(optimizer: Optimizer, steps: int, iterations_per: IterationsPer) -> FloatArray:
    """What each step adds to the parameters, shape (steps, parameters); the gradients have a steady part and noise."""
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
    for k in range(steps):
        gradients[:] = steady + 0.1 * rng.normal(size=parameters.size)
        step(k)
        way[k + 1] = parameters
    return np.diff(way, axis=0)
