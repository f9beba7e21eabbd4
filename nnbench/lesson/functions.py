"""Functions of two variables on which the paths of optimizers are shown."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

import numpy as np

from nnbench.core.arrays import FloatArray
from nnbench.records.demonstration import Surface

GRID = 96  # points along each side of the grid for contour lines

CURVATURES = (1.0, 50.0)  # of the ravine, along its floor and across
TURN = radians(30)  # of the ravine's floor against the first axis, so that no axis is special
BOTTOM = (1.0, 0.5)  # of the ravine; not the origin, to which weight decay pulls
_COS, _SIN = cos(TURN), sin(TURN)


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function with its gradient.

    Attributes:
        name, formula, extent, minimum: as in `Surface`.
        start: from which all optimizers start.
        evaluate: returns the value at (x, y), and the partial derivatives.
    """

    name: str
    formula: str
    extent: tuple[float, float, float, float]
    minimum: tuple[float, float]
    start: tuple[float, float]
    evaluate: Callable[[float, float], tuple[float, float, float]]

    @cached_property
    def surface(self) -> Surface:
        """The function on a grid."""
        left, right, bottom, top = self.extent
        ys, xs = np.linspace(bottom, top, GRID), np.linspace(left, right, GRID)
        values: FloatArray = np.array([[self.evaluate(float(x), float(y))[0] for x in xs] for y in ys])
        return Surface(name=self.name, formula=self.formula, extent=self.extent, values=values, minimum=self.minimum)


def ravine(x: float, y: float) -> tuple[float, float, float]:
    """Value and derivatives of (u^2 + 50 v^2) / 2, with u and v the distances from the bottom along the floor and across."""
    along, across = CURVATURES
    x, y = x - BOTTOM[0], y - BOTTOM[1]
    u, v = _COS * x + _SIN * y, _COS * y - _SIN * x
    return 0.5 * (along * u * u + across * v * v), along * u * _COS - across * v * _SIN, along * u * _SIN + across * v * _COS


def rosenbrock(x: float, y: float) -> tuple[float, float, float]:
    """Value and derivatives of (1 - x)^2 + 100 (y - x^2)^2: Rosenbrock, The Computer Journal 3, 1960."""
    valley = y - x * x
    return (1.0 - x) ** 2 + 100.0 * valley * valley, -2.0 * (1.0 - x) - 400.0 * x * valley, 200.0 * valley


FUNCTIONS = (
    Function(
        name="ravine",
        formula=r"f = (u^2 + 50\,v^2) / 2",
        extent=(-4.0, 2.2, -3.2, 3.0),
        minimum=BOTTOM,
        start=(-3.1, -0.7),
        evaluate=ravine,
    ),
    Function(
        name="Rosenbrock",
        formula=r"f = (1 - x)^2 + 100\,(y - x^2)^2",
        extent=(-1.8, 1.8, -1.0, 2.6),
        minimum=(1.0, 1.0),
        start=(-1.2, 1.0),  # the usual one
        evaluate=rosenbrock,
    ),
)
