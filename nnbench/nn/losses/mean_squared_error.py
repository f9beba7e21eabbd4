"""Mean squared error of regression, with R² as the measure beside it."""

from math import isfinite, nan
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy import multiply, subtract

from nnbench.core.arrays import FloatArray
from nnbench.nn.buffers import aligned
from nnbench.nn.losses.base import Loss


class MeanSquaredError(Loss):
    """Mean of the squared residuals over all points and outputs, as in PyTorch's `MSELoss`; the measure is R².

    The unit of the loss is that of the targets, squared. R² = 1 - (sum of squared residuals) / (sum of squared deviations of
    the targets from their mean), both sums over all points and outputs; with several outputs, this is scikit-learn's
    `variance_weighted`. It is NaN where the targets are constant.

    A sum of squares that overflows the dtype counts as divergence: the gradient is NaN then.

    Args:
        outputs, gradient, block, batch: see `Loss`.
        targets: shape (n, outputs).
    """

    measure_name = "r2"

    def __init__(
        self, outputs: FloatArray, gradient: FloatArray, targets: npt.NDArray[Any], block: int, batch: int | None = None
    ) -> None:
        self._bind(outputs, targets.astype(outputs.dtype), batch)
        self.outputs, self.gradient = outputs, gradient
        self.residuals = aligned(outputs.shape, outputs.dtype)
        self.flat = self.residuals.reshape(-1)
        self.terms = self.batch * len(outputs)
        self.factor = np.array(2.0 / self.terms, outputs.dtype)
        self.variation = _variation(targets)
        self.squares = np.empty(block)  # the sum of squared residuals in each row

    def write_gradient(self, row: int) -> None:
        subtract(self.outputs, self.target, self.residuals)
        self.squares[row] = total = self.flat.dot(self.flat)
        multiply(self.residuals, self.factor, self.gradient)
        if not isfinite(total):
            self.gradient.fill(nan)

    def buffer_batch(self, row: int) -> None:
        pass  # the sum of squares is all that is needed

    def batch_losses(self, rows: slice) -> FloatArray:
        losses: FloatArray = self.squares[rows] / self.terms
        return losses

    def metrics(self, rows: int) -> tuple[FloatArray, FloatArray]:
        return self.batch_losses(slice(rows)), 1.0 - self.squares[:rows] / self.variation

    def measure(self, row: int) -> float:
        return float(1.0 - self.squares[row] / self.variation)

    @staticmethod
    def score(outputs: FloatArray, targets: npt.NDArray[Any]) -> tuple[float, float]:
        squares = float(np.square(outputs.astype(np.float64) - targets).sum())
        return squares / targets.size, 1.0 - squares / _variation(targets)


def _variation(targets: npt.NDArray[Any]) -> float:
    """Return the sum of squared deviations from the mean of each output; NaN where all outputs are constant."""
    return float(np.square(targets - targets.mean(axis=0)).sum()) if np.ptp(targets, axis=0).any() else nan
