"""Transcript of L-BFGS with steps of a fixed length; a line search has none of twenty lines."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from nnbench.core.arrays import FloatArray
from tests.optimizers.transcripts.base import Gradient


def lbfgs(w: FloatArray, gradient: Gradient, *, learning_rate: float, history: int) -> Iterator[FloatArray]:
    """Nocedal and Wright 2006, algorithms 7.4 and 7.5; the first step is at most `learning_rate` long."""
    pairs: list[tuple[FloatArray, FloatArray]] = []
    g = gradient(w, 1)
    for t in count(2):
        q, alphas = g.copy(), []
        for s, y in reversed(pairs):
            alphas.append(s @ q / (y @ s))
            q = q - alphas[-1] * y
        r = (pairs[-1][0] @ pairs[-1][1]) / (pairs[-1][1] @ pairs[-1][1]) * q if pairs else q
        for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
            r = r + s * (alpha - y @ r / (y @ s))
        length = learning_rate * (1.0 if pairs else min(1.0, 1.0 / float(np.linalg.norm(g))))
        old, w = w, w - length * r
        yield w
        g_old, g = g, gradient(w, t)
        pairs = [*pairs, (w - old, g - g_old)][-history:]
