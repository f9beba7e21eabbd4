"""Transcripts of the rules that replace a schedule or the learning rate."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def schedule_free_adamw(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    warmup_steps: int,
) -> Iterator[FloatArray]:
    """Defazio et al. 2024, algorithm 1; yields y, at which the next gradient is taken, stacked on x."""
    x, z, v, total = w, w, np.zeros_like(w), 0.0
    for t in count(1):
        y = (1 - beta_1) * z + beta_1 * x
        g = gradient(y, t)
        v = beta_2 * v + (1 - beta_2) * g**2
        gamma = learning_rate * np.sqrt(1 - beta_2**t) * (min(1, t / warmup_steps) if warmup_steps else 1)
        z = z - gamma * g / (np.sqrt(v) + epsilon) - gamma * weight_decay * y
        total += gamma**2
        c = gamma**2 / total
        x = (1 - c) * x + c * z
        yield np.concatenate([(1 - beta_1) * z + beta_1 * x, x])
