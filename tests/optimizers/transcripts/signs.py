"""Transcripts of the rules that use the sign of a direction."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def lion(
    w: FloatArray, gradient: Gradient, *, learning_rate: float, beta_1: float, beta_2: float, weight_decay: float
) -> Iterator[FloatArray]:
    """Chen et al. 2023, algorithm 2."""
    m = np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        c = beta_1 * m + (1 - beta_1) * g
        w = w - learning_rate * (np.sign(c) + weight_decay * w)
        m = beta_2 * m + (1 - beta_2) * g
        yield w


def signum(w: FloatArray, gradient: Gradient, *, learning_rate: float, momentum: float) -> Iterator[FloatArray]:
    """Bernstein et al. 2018, algorithm 1."""
    m = np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        m = momentum * m + (1 - momentum) * g
        w = w - learning_rate * np.sign(m)
        yield w
