"""Formulas in TeX as outlines, which look the same in every document and browser."""

from functools import cache

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from nnbench.report.plots import style

LEADING = 1.75  # distance of two lines over the type size: indices and roots need room


def height(lines: int, size: float) -> float:
    """Millimetres of so many lines."""
    return lines * size * LEADING / style.MM


def draw(axes: Axes, lines: tuple[str, ...], width: float, size: float) -> None:
    """Fill empty axes with lines of TeX, the first on top; all are made smaller if one is wider than the axes.

    Args:
        axes: of `height`, without frame afterwards.
        lines: each in the part of TeX that matplotlib sets.
        width: of the axes in millimetres.
        size: of the letters in points.
    """
    axes.set_axis_off()
    points = width * style.MM
    axes.set(xlim=(0, points), ylim=(-len(lines) * size * LEADING, 0))
    outlines = [_outline(line) for line in lines]
    widest = max((float(np.max(one.vertices[:, 0])) for one in outlines if len(one.vertices)), default=1.0)
    scale = min(size, points / widest)
    for number, outline in enumerate(outlines):
        place = Affine2D().scale(scale).translate(0, -(number + 0.68) * size * LEADING)
        axes.add_artist(PathPatch(outline.transformed(place), facecolor=style.INK, linewidth=0))


@cache
def _outline(line: str) -> TextPath:
    """The outline of a line in letters of size 1, the baseline at zero."""
    with mpl.rc_context({"text.parse_math": True}):  # reports set it to false, for names with dollar signs
        return TextPath((0, 0), f"${line}$", size=1, prop=FontProperties(family="DejaVu Sans"))
