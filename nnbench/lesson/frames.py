"""Decision boundaries at the checkpoints of a run, evaluated from its weights."""

from collections.abc import Mapping, Sequence

import numpy as np

from nnbench.core.arrays import FloatArray
from nnbench.nn.activations import ACTIVATIONS
from nnbench.records.boundary import Boundary, Frames
from nnbench.training.decision_grid import classify, grid


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
    points = grid(boundary.extent, cells)
    labels, confidences = np.empty((2, len(checkpoints), cells, cells), np.uint8)
    for at, epoch in enumerate(sorted(checkpoints)):
        labels[at], confidences[at] = classify(checkpoints[epoch], points, activation)
    return Frames(epochs=tuple(sorted(checkpoints)), labels=labels, confidences=confidences, boundary=boundary)
