"""Base class of loss functions of the training batch."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.nn.buffers import aligned

MeasureName = Literal["accuracy", "r2"]


class Loss(ABC):
    """Loss of the training batch, bound to the network's outputs and their gradient.

    In each step `write_gradient` writes the gradient, and buffers in a row what the loss is computed from. The losses of
    many rows are then computed together: of the full batch by `metrics`, of mini-batches by `batch_losses`.

    Args:
        outputs: shape (outputs, batch + padding), written by the network.
        gradient: the same shape; `write_gradient` writes the gradient of the mean loss by the outputs. It is NaN in all
            outputs of a point if the loss of the point is not finite.
        targets: of the training points, shape (n,) or (n, outputs).
        block: the number of rows that are buffered.
        batch: points in a batch, whose targets `gather` selects; None for all points, in their order.

    Attributes:
        measure_name: name of the measure that is computed with the loss.
    """

    measure_name: ClassVar[MeasureName]

    @abstractmethod
    def __init__(
        self,
        outputs: FloatArray,
        gradient: FloatArray,
        targets: npt.NDArray[Any],
        block: int,
        batch: int | None = None,
    ) -> None: ...

    def _bind(self, outputs: FloatArray, values: FloatArray, batch: int | None) -> None:
        """Allocate `target`, whose padding is zero, and the buffers of `gather`.

        Args:
            outputs: as above.
            values: what `target` holds of each training point, shape (n, outputs), in the dtype of `outputs`.
            batch: as above.
        """
        self.batch = len(values) if batch is None else batch
        self.target = aligned(outputs.shape, outputs.dtype)
        self._values, self._target_columns = values, self.target[:, : self.batch]
        self._target_columns[:] = values[: self.batch].T
        self._gathered = aligned((self.batch, len(outputs)), outputs.dtype)

    def gather(self, points: IntArray) -> None:
        """Set the targets to those of the training points at these positions, shape (batch,)."""
        self._values.take(points, 0, self._gathered, "clip")  # any other mode copies `out`
        np.copyto(self._target_columns, self._gathered.T)

    @abstractmethod
    def write_gradient(self, row: int) -> None:
        """Write the gradient, and buffer in `row` what `metrics` needs."""

    @abstractmethod
    def buffer_batch(self, row: int) -> None:
        """Buffer in `row`, after `write_gradient`, what `batch_losses` needs of the batch's targets."""

    @abstractmethod
    def batch_losses(self, rows: slice) -> FloatArray:
        """Return the mean loss of the batches in some rows, of which `buffer_batch` has been called."""

    @abstractmethod
    def metrics(self, rows: int) -> tuple[FloatArray, FloatArray]:
        """Return the mean loss and the measure of the full batch in the first `rows` rows, shape (rows,) each."""

    @abstractmethod
    def measure(self, row: int) -> float:
        """Return the measure of the full batch in `row`."""

    @staticmethod
    @abstractmethod
    def score(outputs: FloatArray, targets: npt.NDArray[Any]) -> tuple[float, float]:
        """Return the mean loss and the measure of any points, in float64.

        Args:
            outputs: shape (n, outputs).
            targets: shape (n,) or (n, outputs).
        """

    @classmethod
    def train_score(cls, outputs: FloatArray, targets: npt.NDArray[Any]) -> tuple[float, float]:
        """Return the same of training points, the loss as `metrics` computes it."""
        return cls.score(outputs, targets)
