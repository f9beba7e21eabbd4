"""L-BFGS: a quasi-Newton direction from the last steps, and a line search along it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Annotated, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from numpy import add, multiply, negative, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Positive
from nnbench.optimizers.base import Optimizer

DECREASE, CURVATURE = 1e-4, 0.9  # constants of the strong Wolfe conditions, as Nocedal and Wright recommend
MOST_EVALUATIONS = 25  # of the loss in one line search
MARGIN = 0.1  # an interval's ends, this fraction of it, in which no step length is tried


@dataclass(kw_only=True)
class LBFGS(Optimizer):
    """w += t * d, where d = -H g, H is the BFGS inverse Hessian of the last `history` steps, t a step length.

    H starts from s.y / y.y times the identity, with s the last step and y the change of the gradient in it; steps without
    positive curvature s.y are left out. Liu and Nocedal, Mathematical Programming 45, 1989; Nocedal and Wright, Numerical
    Optimization, 2006, algorithms 7.4 and 7.5.

    Attributes
    ----------
    learning_rate : float
        The step length that is tried first; in the first step, and after a failed search, at most 1 / |g| times as long.
    history : int
        Pairs of s and y that are kept.
    line_search : str
        `strong_wolfe`: one that meets the strong Wolfe conditions (algorithms 3.5 and 3.6); it evaluates loss and gradient
        once or several times a step, each of which counts. `none`: always `learning_rate`.

    Not for mini-batches, whose noise enters the differences of gradients; nor for comparisons by epochs, as one step costs
    two evaluations of the gradient or more.
    """

    indivisible = True
    full_batch = True

    learning_rate: Positive = 1.0
    history: Annotated[int, Ge(1), Le(100)] = 10
    line_search: Literal["strong_wolfe", "none"] = "strong_wolfe"

    def formula(self) -> tuple[str, ...]:
        step = r"w \leftarrow w + a\,d,\ \ a\ \mathrm{by\ line\ search}"
        return (
            r"s = w_t - w_{t-1},\ \ y = g_t - g_{t-1}",
            r"H\,y = s\ \ \mathrm{for\ the\ last\ pairs}\ s,\ y",
            r"d = -H\,g",
            r"w \leftarrow w + \eta_t\,d" if self.line_search == "none" else step,
        )

    def allocate(self, parameters: FloatArray) -> None:
        shape = self.history, parameters.size
        self.steps, self.changes = np.zeros(shape, parameters.dtype), np.zeros(shape, parameters.dtype)
        self.curvatures = [0.0] * self.history
        self.stored = 0  # pairs since the start; the newest is in row (stored - 1) % history
        self.start, self.start_gradients = np.zeros_like(parameters), np.zeros_like(parameters)
        self.reached, self.direction, self.scratch = (np.zeros_like(parameters) for _ in range(3))
        self.loss = inf  # at `reached`
        self.moved = False  # whether `start` is the beginning of a step
        self.step_length, self.evaluations = 0.0, 0

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        if self.moved:
            self._remember(parameters, gradients)
        np.copyto(self.start, parameters)
        np.copyto(self.start_gradients, gradients)
        self.moved = True
        self._find_direction()
        slope = float(self.direction.dot(gradients))
        if not slope < 0:  # rounding, or gradients that do not belong to one function
            self.stored = 0
            negative(gradients, self.direction)
            slope = -float(gradients.dot(gradients))
        if slope == 0 or not isfinite(slope):
            return
        length = self.learning_rate
        if not self.stored:
            length *= min(1.0, 1.0 / sqrt(float(gradients.dot(gradients))))
        closure = self.closure
        if closure is None or self.line_search == "none":
            self._move(parameters, length)
            self.step_length = length
            return

        def evaluate(t: float) -> Point:
            self._move(parameters, t)
            loss = closure()
            return Point(t, loss, float(self.direction.dot(gradients)))

        known = self.loss < inf and np.array_equal(parameters, self.reached)
        loss = self.loss if known else closure()
        found, last, count = search(evaluate, Point(0.0, loss, slope), length)
        if last.length != found.length:
            self._move(parameters, found.length)
        np.copyto(self.reached, parameters)
        self.loss, self.step_length, self.evaluations = found.loss, found.length, count + (not known)
        if not found.length:
            self.stored, self.moved = 0, False  # no step along this direction lowers the loss: the next is the gradient's

    def diagnostics(self) -> dict[str, float]:
        """Return `step_length` and, of the last line search, the number of `evaluations`."""
        return {"step_length": self.step_length, "evaluations": self.evaluations}

    def _move(self, parameters: FloatArray, length: float) -> None:
        multiply(self.direction, length, self.scratch)
        add(self.start, self.scratch, parameters)

    def _remember(self, parameters: FloatArray, gradients: FloatArray) -> None:
        """Store the last step and its change of the gradient, if its curvature is positive."""
        row = self.stored % self.history
        step, change = self.scratch, self.direction
        subtract(parameters, self.start, step)
        subtract(gradients, self.start_gradients, change)
        curvature = float(step.dot(change))
        smallest = float(np.finfo(step.dtype).eps) * sqrt(float(step.dot(step)) * float(change.dot(change)))
        if smallest < curvature < inf:
            self.steps[row], self.changes[row], self.curvatures[row] = step, change, curvature
            self.stored += 1

    def _find_direction(self) -> None:
        """Write -H g into `direction`: the recursion of two loops."""
        direction, scratch = self.direction, self.scratch
        negative(self.start_gradients, direction)
        rows = [number % self.history for number in range(max(0, self.stored - self.history), self.stored)]
        weights = {}
        for row in reversed(rows):
            weights[row] = float(self.steps[row].dot(direction)) / self.curvatures[row]
            multiply(self.changes[row], weights[row], scratch)
            subtract(direction, scratch, direction)
        if rows:
            newest = self.changes[rows[-1]]
            multiply(direction, self.curvatures[rows[-1]] / float(newest.dot(newest)), direction)
        for row in rows:
            weight = weights[row] - float(self.changes[row].dot(direction)) / self.curvatures[row]
            multiply(self.steps[row], weight, scratch)
            add(direction, scratch, direction)


class Point(NamedTuple):
    """A step length, with the loss there and its derivative by the length."""

    length: float
    loss: float
    slope: float


def search(evaluate: Callable[[float], Point], start: Point, length: float) -> tuple[Point, Point, int]:
    """Search a step length that meets the strong Wolfe conditions.

    Nocedal and Wright, algorithms 3.5 and 3.6; lengths double until an interval holds a solution, within which cubic
    interpolation, kept from its ends, gives the next.

    Args:
        evaluate: gives the point at a length.
        start: that at length zero, with a negative slope.
        length: tried first.

    Returns:
        The point found, the one evaluated last, and the number of evaluations. Where `MOST_EVALUATIONS` do not find one that
        meets both conditions, it is the best with a sufficient decrease of the loss, or `start` if there is none.
    """
    low, high, count = start, None, 0
    current = start
    while count < MOST_EVALUATIONS:
        current, count = evaluate(length), count + 1
        if not _decreases(current, start) or current.loss > low.loss:
            high = current
        elif abs(current.slope) <= -CURVATURE * start.slope:
            return current, current, count
        elif high is None and current.slope < 0:
            low, length = current, 2.0 * length
            continue
        else:
            if high is None or current.slope * (high.length - low.length) >= 0:
                high = low
            low = current
        length = _between(low, high)
        if length in (low.length, high.length):  # the interval has no number inside
            break
    return low, current, count


def _decreases(point: Point, start: Point) -> bool:
    """Return whether a point meets the condition of sufficient decrease; not if its loss is not a number."""
    return isfinite(point.slope) and point.loss <= start.loss + DECREASE * point.length * start.slope


def _between(one: Point, other: Point) -> float:
    """Return the minimum of the cubic through two points and their slopes, kept from the ends; the middle if there is none."""
    width = other.length - one.length
    cubic = 0.5
    secant = one.slope + other.slope - 3.0 * (one.loss - other.loss) / (one.length - other.length)
    square = secant * secant - one.slope * other.slope
    if square >= 0 and isfinite(square):
        root = sqrt(square) * (1.0 if width > 0 else -1.0)
        if bottom := other.slope - one.slope + 2.0 * root:
            cubic = 1.0 - (other.slope + root - secant) / bottom
    return one.length + width * min(max(cubic, MARGIN), 1.0 - MARGIN)
