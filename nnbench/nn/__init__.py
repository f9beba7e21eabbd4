"""Fully connected network in NumPy, with memory layout and in-place operations chosen for speed."""

from nnbench.nn.losses.cross_entropy import SoftmaxCrossEntropy, score
from nnbench.nn.network import Network, logits, probabilities

__all__ = ["Network", "SoftmaxCrossEntropy", "logits", "probabilities", "score"]
