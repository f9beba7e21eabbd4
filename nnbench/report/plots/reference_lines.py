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
    for name, value in values.items():
        if not low <= value <= high:
            continue
        axes.axhline(value, color=MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        if named:
            axes.annotate(
                f"{name} {fixed(value)}",
                (0.005, value),
                xycoords=axes.get_yaxis_transform(),
                xytext=(0, 1.5),
                textcoords="offset points",
                fontsize=LEAST,
                color=MUTED,
            )
