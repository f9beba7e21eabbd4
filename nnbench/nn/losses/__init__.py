"""Loss functions, one file each; a dataset names its own."""

from nnbench.nn.losses.base import Loss
from nnbench.nn.losses.cross_entropy import SoftmaxCrossEntropy
from nnbench.nn.losses.mean_squared_error import MeanSquaredError

LOSSES: dict[str, type[Loss]] = {"cross_entropy": SoftmaxCrossEntropy, "mean_squared_error": MeanSquaredError}

__all__ = ["LOSSES", "Loss", "MeanSquaredError", "SoftmaxCrossEntropy"]
