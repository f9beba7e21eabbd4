"""Map of settings over problems: one row a setting, one column a problem, the colour of a cell its normalised score."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from nnbench.core import formatting as numbers
from nnbench.core.palette import LineStyle
from nnbench.report.plots import text
from nnbench.report.plots.drawing import SWATCH, line_height, middle
from nnbench.report.plots.page import Page
from nnbench.report.plots.style import INK, LEAST, MUTED, SMALL, WIDTH

_NAME, _HEAD = 46.0, 30.0  # millimetres that the name of a setting, and of a problem, may take
_WIDEST = 17.0  # millimetres of a cell
_MANY, _HIGHEST, _LOWEST = 12, 6.2, 4.2  # more rows than this are of the least height, so that a map leaves room below it
_COLOURS = colormaps["cividis"]
_DARK = 0.55  # score below which the text of a cell is white


def problem_map(
    page: Page,
    cells: pd.DataFrame,
    settings: Sequence[str],
    problems: Sequence[str],
    styles: Mapping[str, LineStyle],
    *,
    right: tuple[str, Mapping[str, str]] | None = None,
    below: tuple[str, Mapping[str, str]] | None = None,
) -> None:
    """Add the map to a page.

    Args:
        page: the page.
        cells: `Suite.cells`, with at most one row a setting and problem.
        settings, problems: of the rows and columns, in order.
        styles: of the settings.
        right, below: head and texts of a further column by setting, and of a further row by problem.
    """
    height = _LOWEST if len(settings) > _MANY else _HIGHEST
    names = text.fit_all(list(settings), SMALL, _NAME)
    heads = text.fit_all(list(problems), SMALL, _HEAD)
    last = 0.0 if right is None else max(text.width(word, SMALL) for word in (right[0], *right[1].values())) + 3
    left = SWATCH + max(text.width(name, SMALL) for name in (*names, *([below[0]] if below else []))) + 3
    width = min(_WIDEST, (WIDTH - last - left) / len(problems))
    head = max(text.width(name, SMALL) for name in heads) + 2
    drawing = page.drawing()
    axes = drawing.axes(left, head, width * len(problems), height * len(settings))
    axes.set(xlim=(0, len(problems)), ylim=(len(settings), 0), yticks=[])
    axes.set_xticks(np.arange(len(problems)) + 0.5, heads, rotation=90, fontsize=SMALL, color=INK)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=2)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    at = {name: number for number, name in enumerate(settings)}
    column = {name: number for number, name in enumerate(problems)}
    for row in cells.to_dict("records"):
        if row["setting"] in at and row["problem"] in column:
            _cell(axes, column[row["problem"]], at[row["setting"]], row, width)
    for name, shown in zip(settings, names, strict=True):
        y = head + height * (at[name] + 0.5) - middle(SMALL)
        drawing.swatch(0, y, styles[name])
        drawing.write(SWATCH, y, shown, size=SMALL)
        if right is not None:
            drawing.write(left + width * len(problems) + last, y, right[1].get(name, ""), size=SMALL, align="right")
    if right is not None:
        x, y = left + width * len(problems) + last, head - line_height(SMALL)
        drawing.write(x, y, right[0], size=SMALL, colour=MUTED, align="right")
    if below is not None:
        foot = head + height * len(settings) + 1.5
        drawing.write(SWATCH, foot, below[0], size=SMALL, colour=MUTED)
        for name, number in column.items():
            x = left + width * (number + 0.5)
            drawing.write(x, foot, below[1].get(name, ""), size=LEAST, colour=MUTED, align="center")


def _cell(axes: Axes, x: int, y: int, row: Mapping[object, object], width: float) -> None:
    """Draw one cell: its score, hatched if runs diverged, with a ring if it leads."""
    score, diverged, counted = (float(str(row[name])) for name in ("score", "diverged", "counted"))
    if not counted:
        axes.text(x + 0.5, y + 0.5, numbers.MISSING, ha="center", va="center", fontsize=LEAST, color=MUTED)
        return
    known = np.isfinite(score)
    face = _COLOURS(float(np.clip(score, 0, 1))) if known else "white"
    axes.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", linewidth=0.8))
    ink = "white" if known and score < _DARK else INK
    if diverged:
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor="none", edgecolor=ink, hatch="/////", linewidth=0, alpha=0.45))
    words = numbers.fixed(score, 2 if width > 8 else 1)
    box = {"facecolor": face, "edgecolor": "none", "pad": 0.8} if diverged else None
    weight = "bold" if row["leads"] else "normal"
    axes.text(x + 0.5, y + 0.5, words, ha="center", va="center", fontsize=LEAST, color=ink, fontweight=weight, bbox=box)
    if row["leads"]:
        axes.add_patch(Rectangle((x + 0.06, y + 0.09), 0.88, 0.82, facecolor="none", edgecolor=ink, linewidth=1.3))
