"""Classes that a network predicts on a grid over the plane, from its weights."""

from collections.abc import Sequence

import numpy as np

from nnbench.core.arrays import ByteArray, FloatArray
from nnbench.nn import probabilities


def grid(extent: tuple[float, float, float, float], cells: int) -> FloatArray:
    """Return the points of a grid, shape (cells, cells, 2), row 0 at the bottom; `extent` is (left, right, bottom, top)."""
    left, right, bottom, top = extent
    return np.stack(np.meshgrid(np.linspace(left, right, cells), np.linspace(bottom, top, cells)), axis=-1)


def classify(weights: Sequence[FloatArray], points: FloatArray, activation: str) -> tuple[ByteArray, ByteArray]:
    """Return the predicted class at each point of a grid, and its softmax probability scaled to 0..255."""
    shares = probabilities(weights, points.reshape(-1, 2), activation)
    label, confidence = shares.argmax(axis=1), np.nan_to_num(255 * shares.max(axis=1))
    shape = points.shape[:-1]
    return label.astype(np.uint8).reshape(shape), confidence.astype(np.uint8).reshape(shape)
