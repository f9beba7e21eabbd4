"""Runs of an optimizer on gradients that do not depend on a network, for its checks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.random import default_rng

from nnbench.core.arrays import FloatArray
from nnbench.optimizers.base import Optimizer
from nnbench.training.stepper import Stepper

STEPS = 30  # of the checks that compare two runs
SHAPES = ((3, 4), (5, 2), (3, 1))  # weight matrices, the last row of each the bias


class Problem:
    """Parameters and gradients of some layers, laid out as the network's: one vector each, and matrices that are views."""

    def __init__(self, shapes: Sequence[tuple[int, int]], dtype: str = "float64") -> None:
        sizes = [rows * columns for rows, columns in shapes]
        self.parameters, self.gradients = np.zeros(sum(sizes), dtype), np.zeros(sum(sizes), dtype)
        self.layers = list(zip(*(self._views(flat, shapes, sizes) for flat in (self.parameters, self.gradients)), strict=True))

    @staticmethod
    def _views(flat: FloatArray, shapes: Sequence[tuple[int, int]], sizes: Sequence[int]) -> list[FloatArray]:
        pieces = np.split(flat, np.cumsum(sizes)[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]

    def run(
        self, optimizer: Optimizer, draw: Callable[[int], FloatArray], steps: int = STEPS, **options: Any
    ) -> list[FloatArray]:
        """Make steps with the gradients that `draw` gives for each; returns the parameters after each."""
        stepper = Stepper(optimizer, self.parameters, self.gradients, self.layers, **options)
        trace = []
        for k in range(steps):
            self.gradients[:] = draw(k)
            stepper.step(k)
            trace.append(stepper.evaluation_parameters().copy())
        return trace


def noise(size: int, seed: int = 1) -> Callable[[int], FloatArray]:
    """Return a function of the step that draws gradients from N(0, 1)."""
    return lambda k: default_rng([seed, k]).standard_normal(size)
