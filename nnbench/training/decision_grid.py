"""Classes that a network predicts on a grid over the plane, from its weights."""

from collections.abc import Sequence

import numpy as np

from nnbench.core.arrays import ByteArray, FloatArray
from nnbench.nn import probabilities


def grid(extent: tuple[float, float, float, float], cells: int) -> FloatArray:
    """Return the points of a grid, shape (cells, cells, 2), row 0 at the bottom; `extent` is (left, right, bottom, top)."""
    left, right, bottom, top = extent
    points = np.empty((cells, cells, 2))
    points[..., 0] = np.linspace(left, right, cells)
    points[..., 1] = np.linspace(bottom, top, cells)[:, None]
    return points


def classify(weights: Sequence[FloatArray], points: FloatArray, activation: str) -> tuple[ByteArray, ByteArray]:
    """Return the predicted class at each point of a grid, and its softmax probability scaled to 0..255."""
    shares = probabilities(weights, points.reshape(-1, 2), activation).T
    largest, shape = shares.max(axis=0), points.shape[:-1]
    confidence = np.nan_to_num(255 * largest)
    return _first(shares, largest).reshape(shape), confidence.astype(np.uint8).reshape(shape)


def _first(values: FloatArray, largest: FloatArray) -> ByteArray:
    """Return the first row of each column that has its largest value, as `argmax`, which takes ten times as long.

    Args:
        values: shape (rows, n), at most 256 rows.
        largest: of each column, shape (n,).
    """
    found = np.zeros(len(largest), np.uint8)  # 255 minus the row
    for row, candidates in enumerate(values):
        equal = np.equal(candidates, largest).view(np.uint8)
        np.maximum(found, np.multiply(equal, np.uint8(255 - row), out=equal), out=found)
    if not found.all():  # of NaN, or of row 255
        found[:] = values.argmax(axis=0)
        return found
    np.subtract(np.uint8(255), found, out=found)
    return found
