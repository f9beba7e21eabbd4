"""Transcripts of Adam and the rules that change its averages, its rate or its direction."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def adam(
    w: FloatArray, gradient: Gradient, *, learning_rate: float, decay: float, beta_1: float, beta_2: float, epsilon: float
) -> Iterator[FloatArray]:
    """Kingma and Ba 2015, algorithm 1, and the notebook's decay of the rate."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        w = w - learning_rate / (1 + decay * (t - 1)) * m_hat / (np.sqrt(v_hat) + epsilon)
        yield w


def adamw(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
) -> Iterator[FloatArray]:
    """Loshchilov and Hutter 2019, algorithm 2, with lambda * alpha in place of lambda."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        w = w - learning_rate * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * w)
        yield w
