"""Transcripts of gradient descent with momentum, AdaGrad and RMSProp."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def sgd(w: FloatArray, gradient: Gradient, *, learning_rate: float, momentum: float, nesterov: bool) -> Iterator[FloatArray]:
    """Sutskever et al. 2013, equations 1 to 4: the gradient at the point that is yielded, as usual for Nesterov's too."""
    v = np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        v = momentum * v - learning_rate * g
        w = w + (momentum * v - learning_rate * g if nesterov else v)
        yield w


def adagrad(w: FloatArray, gradient: Gradient, *, learning_rate: float, decay: float, epsilon: float) -> Iterator[FloatArray]:
    """Duchi et al. 2011, figure 1 with a diagonal matrix, and the notebook's decay of the rate."""
    s = np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        s = s + g**2
        w = w - learning_rate / (1 + decay * (t - 1)) * g / (np.sqrt(s) + epsilon)
        yield w


def rmsprop(
    w: FloatArray, gradient: Gradient, *, learning_rate: float, decay: float, rho: float, epsilon: float
) -> Iterator[FloatArray]:
    """Tieleman and Hinton 2012, slide 29, and the notebook's decay of the rate."""
    v = np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        v = rho * v + (1 - rho) * g**2
        w = w - learning_rate / (1 + decay * (t - 1)) * g / (np.sqrt(v) + epsilon)
        yield w
