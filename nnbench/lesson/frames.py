"""Decision boundaries at the checkpoints of a run, evaluated from its weights."""

from collections.abc import Mapping, Sequence

import numpy as np

from nnbench.core.arrays import ByteArray, FloatArray
from nnbench.nn import probabilities
from nnbench.nn.activations import ACTIVATIONS
from nnbench.records.boundary import Boundary, Frames


def frames(boundary: Boundary, checkpoints: Mapping[int, Sequence[FloatArray]], activation: str, cells: int) -> Frames:
    """Evaluate classes and confidences on a square grid at each checkpoint.

    Args:
        boundary: of the same run, whose extent the grid has.
        checkpoints: epoch -> weights.
        activation: of the network.
        cells: of the grid along each side.

    Raises:
        ValueError: there is no such activation, or the weights are not those of a network on points in the plane.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"network.activation={activation!r}: must be one of {', '.join(ACTIVATIONS)}")
    left, right, bottom, top = boundary.extent
    axes = np.linspace(left, right, cells), np.linspace(bottom, top, cells)
    points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    labels, confidences = np.empty((2, len(checkpoints), cells, cells), np.uint8)
    for at, epoch in enumerate(sorted(checkpoints)):
        labels[at], confidences[at] = _grids(checkpoints[epoch], points, activation, cells)
    return Frames(epochs=tuple(sorted(checkpoints)), labels=labels, confidences=confidences, boundary=boundary)


def _grids(weights: Sequence[FloatArray], points: FloatArray, activation: str, cells: int) -> tuple[ByteArray, ByteArray]:
    shares = probabilities(weights, points, activation)
    label, confidence = shares.argmax(axis=1), np.nan_to_num(255 * shares.max(axis=1))
    return label.astype(np.uint8).reshape(cells, cells), confidence.astype(np.uint8).reshape(cells, cells)
