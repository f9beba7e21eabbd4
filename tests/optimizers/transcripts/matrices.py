"""Transcripts of the rules for weight matrices, whose shape here is (inputs, outputs)."""

from collections.abc import Iterator
from itertools import count
from math import sqrt

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def muon(
    w: FloatArray, gradient: Gradient, *, learning_rate: float, momentum: float, nesterov: bool, weight_decay: float
) -> Iterator[FloatArray]:
    """Jordan et al. 2024."""
    w, m = w.T, np.zeros_like(w.T)  # their matrices are (outputs, inputs)
    for t in count(1):
        g = gradient(w.T, t).T
        m = momentum * m + (1 - momentum) * g
        update = (1 - momentum) * g + momentum * m if nesterov else m
        x = update / (np.linalg.norm(update) + 1e-7)
        x = x.T if x.shape[0] > x.shape[1] else x
        for _ in range(5):
            a = x @ x.T
            b = -4.7750 * a + 2.0315 * a @ a
            x = 3.4445 * x + b @ x
        x = x.T if w.shape[0] > w.shape[1] else x
        scale = max(1, w.shape[0] / w.shape[1]) ** 0.5
        w = w * (1 - learning_rate * weight_decay) - learning_rate * scale * x
        yield w.T


def soap(
    w: FloatArray,
    gradient: Gradient,
    *,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
    frequency: int,
) -> Iterator[FloatArray]:
    """Vyas et al. 2025, algorithms 3 and 4, with Adam's corrections, and the following from their code.

    The first gradient makes the bases alone; columns are sorted by eigenvalue, and v with them.
    """
    g = gradient(w, 1)
    left, right = (1 - beta_2) * g @ g.T, (1 - beta_2) * g.T @ g
    q_l, q_r = (np.linalg.eigh(each)[1][:, ::-1] for each in (left, right))
    m, v = np.zeros_like(w), np.zeros_like(w)
    yield w
    for t in count(1):
        g = gradient(w, t + 1)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * (q_l.T @ g @ q_r) ** 2
        m_hat, v_hat = q_l.T @ m @ q_r / (1 - beta_1**t), v / (1 - beta_2**t)
        n = m_hat / (np.sqrt(v_hat) + epsilon / sqrt(1 - beta_2**t))
        w = (w - learning_rate * q_l @ n @ q_r.T) * (1 - learning_rate * weight_decay)
        left = beta_2 * left + (1 - beta_2) * g @ g.T
        right = beta_2 * right + (1 - beta_2) * g.T @ g
        if t % frequency == 0:
            order_l, order_r = (np.argsort(-np.diag(q.T @ a @ q)) for a, q in ((left, q_l), (right, q_r)))
            q_l, q_r = np.linalg.qr((left @ q_l)[:, order_l])[0], np.linalg.qr((right @ q_r)[:, order_r])[0]
            v = v[order_l][:, order_r]
        yield w
