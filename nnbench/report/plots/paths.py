"""Paths of an optimizer on the contour lines of a function, and the lengths of its steps."""

import numpy as np
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.core.arrays import FloatArray
from nnbench.core.palette import LineStyle
from nnbench.records.demonstration import Path, Surface
from nnbench.report.plots import style
from nnbench.report.plots.ticks import logarithmic

LEVELS = 9  # contour lines


def levels(surface: Surface) -> FloatArray:
    """Values of the contour lines, each four times the one before."""
    return float(surface.values.max()) / 2 * 4.0 ** np.arange(1 - LEVELS, 1)


def draw_path(axes: Axes, path: Path, line_style: LineStyle) -> None:
    """Draw a path from its start, a ring, over the contour lines; a cross marks the minimum."""
    surface = path.surface
    left, right, bottom, top = surface.extent
    rows, columns = surface.values.shape
    across, up = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
    axes.contour(across, up, surface.values, levels=levels(surface), colors=style.FAINT, linewidths=0.5)
    axes.plot(*path.positions.T, color=line_style.colour, linewidth=0.9, marker=".", markersize=2, markeredgewidth=0)
    axes.plot(*path.positions[0], color=style.INK, marker="o", markersize=4, markerfacecolor="white", markeredgewidth=0.8)
    axes.plot(*surface.minimum, color=style.INK, marker="x", markersize=4.5, markeredgewidth=0.9)
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.FAINT)


def step_lengths(path: Path) -> FloatArray:
    """The Euclidean length of each step."""
    lengths: FloatArray = np.hypot(*np.diff(path.positions, axis=0).T)
    return lengths


def draw_lengths(axes: Axes, paths: tuple[Path, ...], line_style: LineStyle, limits: tuple[float, float]) -> None:
    """Draw the lengths of the steps on a logarithmic axis: solid on the first function, dashed on the second."""
    for path, dashes in zip(paths, ("-", (0, (3, 1.5))), strict=True):
        lengths = step_lengths(path)
        shown = np.where(lengths > 0, lengths, np.nan)
        axes.plot(np.arange(1, len(lengths) + 1), shown, color=line_style.colour, linestyle=dashes, linewidth=0.9)
    axes.set(xlim=(0, max(len(path.positions) - 1 for path in paths) or 1), xlabel="step")
    logarithmic(axes.yaxis, *limits, numbers.tick)
