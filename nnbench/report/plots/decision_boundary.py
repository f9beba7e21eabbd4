"""Decision boundary of a network in the plane, with the points that it classifies correctly and wrongly."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nnbench.core.palette import CLASS_COLOURS, POINT_SHADE
from nnbench.records.boundary import Boundary
from nnbench.report.plots import style

_POINTS = 1000  # in a panel of 83 millimetres, in a smaller one fewer: more would hide the field


def draw(axes: Axes, boundary: Boundary, epoch: int | None, scale: float) -> None:
    """Draw the predicted classes and the points, at a checkpoint or, if `epoch` is None, at the end.

    Args:
        scale: of the points, 1 for a panel of 83 millimetres.
    """
    axes.imshow(_picture(axes, boundary, epoch, scale), extent=boundary.extent, interpolation="nearest", aspect="auto")
    axes.set(xlim=boundary.extent[:2], ylim=boundary.extent[2:], xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.FAINT)


def _picture(axes: Axes, boundary: Boundary, epoch: int | None, scale: float) -> npt.NDArray[np.uint8]:
    """A raster at the printed resolution, shape (height, width, 3).

    As vectors the points would take more bytes than the rest of the report.
    """
    frame = axes.get_window_extent()
    figure = Figure(figsize=(frame.width / axes.figure.dpi, frame.height / axes.figure.dpi), dpi=style.DOTS)
    panel = figure.add_axes((0, 0, 1, 1))
    panel.axis("off")
    panel.imshow(_field(boundary, epoch), origin="lower", extent=boundary.extent, interpolation="nearest", aspect="auto")
    panel.set(xlim=boundary.extent[:2], ylim=boundary.extent[2:])
    points, labels = _points(boundary)
    misclassified, shades = wrong(boundary, epoch), POINT_SHADE * _colours(int(labels.max()) + 1)
    every = max(1, round(len(points) / (_POINTS * scale)))  # points are ordered by class: each class keeps its share
    points, labels, misclassified = points[::every], labels[::every], misclassified[::every]
    right_x, right_y = points[~misclassified].T
    panel.scatter(right_x, right_y, s=3 * scale, c=shades[labels[~misclassified]], linewidths=0)
    wrong_x, wrong_y = points[misclassified].T
    panel.scatter(wrong_x, wrong_y, s=7 * scale, c=style.INK, marker="x", linewidths=0.6 * min(1, 1.5 * scale))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]


def wrong(boundary: Boundary, epoch: int | None) -> npt.NDArray[np.bool_]:
    """Whether each drawn point lies in a cell with another predicted class than its own."""
    points, labels = _points(boundary)
    label, _ = _grids(boundary, epoch)
    left, right, bottom, top = boundary.extent
    height, width = label.shape
    column = ((points[:, 0] - left) / (right - left) * width).astype(int).clip(0, width - 1)
    row = ((points[:, 1] - bottom) / (top - bottom) * height).astype(int).clip(0, height - 1)
    return np.asarray(label[row, column] != labels)


def _grids(boundary: Boundary, epoch: int | None) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    return (boundary.label, boundary.confidence) if epoch is None else boundary.checkpoints[epoch]


def _colours(classes: int) -> npt.NDArray[np.float64]:
    return np.array([CLASS_COLOURS[number % len(CLASS_COLOURS)] for number in range(classes)]) / 255


def _field(boundary: Boundary, epoch: int | None) -> npt.NDArray[np.float64]:
    """The class's colour at each cell, the paler the lower its probability; shape (height, width, 3)."""
    label, confidence = _grids(boundary, epoch)
    classes = max(2, int(boundary.train_labels.max()) + 1, int(label.max()) + 1)
    sure = np.clip((confidence / 255 - 1 / classes) / (1 - 1 / classes), 0, 1)[..., np.newaxis]
    return np.asarray(1 - 0.7 * sure * (1 - _colours(classes)[label]))


def _points(boundary: Boundary) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """The drawn points, test points if there are any, and their classes."""
    if len(boundary.test_points):
        return boundary.test_points, boundary.test_labels
    return boundary.train_points, boundary.train_labels
