"""Lines across a panel at the values that references reach."""

from collections.abc import Mapping

from matplotlib.axes import Axes

from nnbench.core.formatting import fixed
from nnbench.report.plots.style import LEAST, MUTED


def draw(axes: Axes, values: Mapping[str, float], *, named: bool) -> None:
    """Draw a line across a panel for each value within its limits.

    Args:
        values: by their names, ascending.
        named: whether there is room for the names.
    """
    low, high = axes.get_ylim()
    shown = {name: value for name, value in values.items() if low <= value <= high}
    heights = [_points(axes, value) for value in shown.values()]
    for (name, value), height, above in zip(shown.items(), heights, [*heights[1:], float("inf")], strict=True):
        axes.axhline(value, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        if named:
            below = above - height < 1.5 * LEAST  # the name of the next line would cover this one
            axes.annotate(
                f"{name} {fixed(value)}",
                (0.005, value),
                xycoords=axes.get_yaxis_transform(),
                xytext=(0, -1.5 if below else 1.5),
                textcoords="offset points",
                va="top" if below else "bottom",
                fontsize=LEAST,
                color=MUTED,
            )


def _points(axes: Axes, value: float) -> float:
    """Height of a value on the figure, in points."""
    assert axes.figure is not None
    return float(axes.transData.transform((axes.get_xlim()[0], value))[1]) * 72 / axes.figure.dpi
