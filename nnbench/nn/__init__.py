"""A fully connected network in NumPy, laid out for speed."""

from nnbench.nn.loss import SoftmaxCrossEntropy, score
from nnbench.nn.network import Network, logits, probabilities

__all__ = ["Network", "SoftmaxCrossEntropy", "logits", "probabilities", "score"]
