"""Decision boundary of a trained network, as arrays that can be drawn without the network."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nnbench.core.arrays import ByteArray


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """Predictions of a network on a square grid around the points, for data with two features.

    Attributes:
        extent: (left, right, bottom, top) of the grid in data units.
        label: the predicted class in each cell, shape (height, width), row 0 at the bottom.
        confidence: its softmax probability scaled to 0..255, shape (height, width).
        checkpoints: epoch -> (label, confidence) at that epoch.
        train_points: shape (n, 2); with `train_labels`, shape (n,).
        test_points: shape (k, 2), k may be 0; with `test_labels`, shape (k,).
    """

    extent: tuple[float, float, float, float]
    label: ByteArray
    confidence: ByteArray
    checkpoints: dict[int, tuple[ByteArray, ByteArray]] = field(default_factory=dict)
    train_points: npt.NDArray[np.float32]
    train_labels: ByteArray
    test_points: npt.NDArray[np.float32]
    test_labels: ByteArray


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Decision boundaries of a run at several epochs.

    Attributes:
        epochs: ascending.
        labels: the predicted class in each cell, shape (epochs, height, width), row 0 at the bottom.
        confidences: its softmax probability scaled to 0..255, the same shape.
        boundary: at the end, with the extent of the grids and the points.
    """

    epochs: tuple[int, ...]
    labels: ByteArray
    confidences: ByteArray
    boundary: Boundary
