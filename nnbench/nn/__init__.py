"""Fully connected network in NumPy, with memory layout and in-place operations chosen for speed."""

from nnbench.nn.losses import LOSSES, Loss, MeanSquaredError, SoftmaxCrossEntropy
from nnbench.nn.network import Network, outputs, probabilities

__all__ = ["LOSSES", "Loss", "MeanSquaredError", "Network", "SoftmaxCrossEntropy", "outputs", "probabilities"]
