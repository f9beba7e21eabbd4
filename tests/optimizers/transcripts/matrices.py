"""Transcripts of the rules for weight matrices, whose shape here is (inputs, outputs)."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def muon(
    w: FloatArray, gradient: Gradient, *, learning_rate: float, momentum: float, nesterov: bool, weight_decay: float
) -> Iterator[FloatArray]:
    """Jordan et al. 2024. The polynomial acts on singular values alone, so it is applied to those of a decomposition."""
    w, m = w.T, np.zeros_like(w.T)  # their matrices are (outputs, inputs)
    for t in count(1):
        g = gradient(w.T, t).T
        m = momentum * m + (1 - momentum) * g
        update = (1 - momentum) * g + momentum * m if nesterov else m
        u, s, v = np.linalg.svd(update / (np.linalg.norm(update) + 1e-7), full_matrices=False)
        for _ in range(5):
            s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
        scale = max(1, w.shape[0] / w.shape[1]) ** 0.5
        w = w * (1 - learning_rate * weight_decay) - learning_rate * scale * (u * s) @ v
        yield w.T
