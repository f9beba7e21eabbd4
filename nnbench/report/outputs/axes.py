"""Ticks, labels and grid of axes as a few artists.

matplotlib makes five objects for each tick and lays each out; together they took three quarters of the time of a report's
plots.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import NullLocator

from nnbench.core.arrays import FloatArray
from nnbench.report.plots import text
from nnbench.report.plots.style import MM, RC

_TOLERANCE = 1e-6  # of the length of an axis, by which a tick may lie outside
_BELOW_DATA, _ABOVE_SPINES = 0.5, 2.51  # orders of drawing: of matplotlib's grid, and of its ticks
_HEIGHT = 1.0  # of a line of DejaVu over the type size, as matplotlib lays it out
# What `axes.tick_params` does not change; in points.
_GIVEN: dict[str, Any] = {
    "length": RC["xtick.major.size"],
    "width": RC["xtick.major.width"],
    "pad": 3.5,  # matplotlib's
    "labelsize": RC["xtick.labelsize"],
    "color": RC["xtick.color"],
    "labelcolor": RC["xtick.labelcolor"],
    "gridOn": True,
}


def simplify(figure: Figure) -> None:
    """Replace the ticks of all axes.

    Hidden ones stay as they are, and those that have minor ticks, ticks at the top or the right, or a common power of ten.
    """
    for axes in figure.axes:
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                _replace(axes, axis)


def _replace(axes: Axes, axis: Axis) -> None:
    if not axis.get_visible():
        return
    given = _GIVEN | axis.get_tick_params()
    places, formatter = np.asarray(axis.get_majorticklocs(), dtype=np.float64), axis.get_major_formatter()
    words = formatter.format_ticks(list(places))
    elsewhere = any(given.get(name) for name in ("top", "right", "labeltop", "labelright"))
    if elsewhere or formatter.get_offset() or not isinstance(axis.get_minor_locator(), NullLocator):
        return
    along = axis.get_transform().transform(np.concatenate([axis.get_view_interval(), places]))
    shares = (along[2:] - along[0]) / (along[1] - along[0])
    within = (shares > -_TOLERANCE) & (shares < 1 + _TOLERANCE)
    places, words = places[within], [word for word, shown in zip(words, within, strict=True) if shown]
    side = "bottom" if _is_horizontal(axis) else "left"
    if not given.get(f"label{side}", True):
        words = [""] * len(places)
    if given["gridOn"]:
        _add_grid(axes, axis, places)
    if given["length"] and given.get(side, True):
        _add_ticks(axes, axis, places, given)
    _add_texts(axes, axis, places, words, given)
    axis.set_visible(False)


def _is_horizontal(axis: Axis) -> bool:
    return bool(axis.axis_name == "x")  # type: ignore[attr-defined]


def _add_grid(axes: Axes, axis: Axis, places: FloatArray) -> None:
    """Draw all lines of the grid as one, which is interrupted by NaN: a collection of lines takes ten times as long."""
    across = _is_horizontal(axis)
    along, ends = np.repeat(places, 3), np.tile([0.0, 1.0, np.nan], len(places))
    grid = Line2D(
        *(along, ends)[:: 1 if across else -1],
        color=RC["grid.color"],  # type: ignore[arg-type]
        linewidth=_GIVEN["width"],
        solid_capstyle="butt",
        transform=axes.get_xaxis_transform() if across else axes.get_yaxis_transform(),
        zorder=_BELOW_DATA,
    )
    axes.add_artist(grid)


def _add_ticks(axes: Axes, axis: Axis, places: FloatArray, given: dict[str, Any]) -> None:
    across = _is_horizontal(axis)
    ticks = Line2D(
        *(places, np.zeros(len(places)))[:: 1 if across else -1],
        color=given["color"],
        linestyle="none",
        marker=TICKDOWN if across else TICKLEFT,  # type: ignore[arg-type]
        markersize=given["length"],
        markeredgewidth=given["width"],
        transform=axes.get_xaxis_transform() if across else axes.get_yaxis_transform(),
        zorder=_ABOVE_SPINES,
        clip_on=False,
    )
    axes.add_artist(ticks)


def _add_texts(axes: Axes, axis: Axis, places: FloatArray, words: list[str], given: dict[str, Any]) -> None:
    """Write the labels of the ticks, and that of the axis beside them."""
    across, size, gap = _is_horizontal(axis), given["labelsize"], given["length"] + given["pad"]
    transform, vertical, horizontal = axes.get_xaxis_text1_transform(gap) if across else axes.get_yaxis_text1_transform(gap)
    for place, word in zip(places, words, strict=True):
        if not word:
            continue
        x, y = (place, 0) if across else (0, place)
        axes.text(x, y, word, transform=transform, va=vertical, ha=horizontal, fontsize=size, color=given["labelcolor"])
    if not (words_of_axis := axis.label.get_text()):
        return
    depth = max((text.width(word, size) for word in words), default=0) * MM
    if not any(words):
        gap -= given["pad"]
    elif across:
        depth = size * _HEIGHT
    gap += axis.labelpad + depth
    axes.annotate(
        words_of_axis,
        xy=(0.5, 0) if across else (0, 0.5),
        xycoords="axes fraction",
        xytext=(0, -gap) if across else (-gap, 0),
        textcoords="offset points",
        ha="center",
        va="top" if across else "bottom",
        rotation=0 if across else 90,
        rotation_mode="anchor",
        fontsize=axis.label.get_fontsize(),
        color=axis.label.get_color(),
    )
