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
    shown = [(name, value) for name, value in values.items() if low <= value <= high]
    for at, (name, value) in enumerate(shown):
        # The name of a line close above would cover this one's.
        below = at + 1 < len(shown) and _points(axes, shown[at + 1][1]) - _points(axes, value) < 1.5 * LEAST
        axes.axhline(value, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        if named:
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
