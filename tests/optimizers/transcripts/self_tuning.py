"""Transcripts of the rules that replace a schedule or the learning rate."""

from collections.abc import Iterator
from itertools import count
from math import sqrt

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
        gamma = learning_rate * sqrt(1 - beta_2**t) * (min(1, t / warmup_steps) if warmup_steps else 1)
        z = z - gamma * g / (np.sqrt(v) + epsilon) - gamma * weight_decay * y
        total += gamma**2
        c = gamma**2 / total
        x = (1 - c) * x + c * z
        yield np.concatenate([(1 - beta_1) * z + beta_1 * x, x])


def prodigy(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    d_0: float,
    d_coefficient: float,
    bias_correction: bool,
    safeguard_warmup: bool,
) -> Iterator[FloatArray]:
    """Mishchenko and Defazio 2024, algorithm 4, and three options of their code: see `Prodigy`."""
    start, d, r, root = w, d_0, 0.0, sqrt(beta_2)
    m, v, s = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t in count(1):
        g = gradient(w, t)
        gamma = learning_rate * (sqrt(1 - beta_2**t) / (1 - beta_1**t) if bias_correction else 1)
        m = beta_1 * m + (1 - beta_1) * d * g
        v = beta_2 * v + (1 - beta_2) * d**2 * g**2
        r = root * r + (1 - root) * gamma * d**2 * np.sum(g * (start - w))
        s = root * s + (1 - root) * (1 if safeguard_warmup else gamma) * d**2 * g
        w = w - gamma * d * weight_decay * w
        w = w - gamma * d * m / (np.sqrt(v) + d * epsilon)
        d = max(d, d_coefficient * r / np.abs(s).sum())
        yield w
