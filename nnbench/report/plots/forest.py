"""Forest plot: one row per setting, with its name, an estimate with its interval on a common axis, and figures."""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.report.plots import text
from nnbench.report.plots.drawing import SWATCH, Drawing, line_height, middle
from nnbench.report.plots.page import Page
from nnbench.report.plots.style import BODY, INK, MUTED, NOTE, SMALL, WIDTH

_NAME, _AXIS = 66.0, 36.0  # millimetres that a name may take, and that the axis must have
_BETWEEN = 4.0  # millimetres left of a column of figures
_NUMBER = re.compile(rf"(?:< |[+{numbers.MINUS}])?[\d,]+(\.\d+)")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row.

    Attributes:
        name: of the row.
        figures: one per column.
        line_style: drawn before the name; None for no swatch.
        bold: whether the name and the first figure are bold.
        estimate: with its lower and upper bound; drawn in `mark_style`.
        hollow: whether the mark of the estimate is.
        values: of single runs, drawn as small dots where there are two or more.
        mark_style: of the mark and the dots, by default `line_style`.
    """

    name: str
    figures: Sequence[str] = ()
    line_style: palette.LineStyle | None = None
    bold: bool = False
    estimate: tuple[float, float, float] | None = None
    hollow: bool = False
    values: "pd.Series[float] | None" = None
    mark_style: palette.LineStyle | None = None


def forest_plot(page: Page, rows: Sequence[Row], axis: str, heads: Sequence[str] = (), *, step: float | None = None) -> Axes:
    """Add a plot of the rows to a page; return its axes, on which row i is at height i.

    Args:
        rows: one or more.
        axis: what the common axis measures; empty where it bears no scale.
        heads: over the figures; nothing is set over them where all are empty. A column with no figure at all is left out.
        step: millimetres from one row to the next; by default as the number of rows allows.
    """
    drawing = page.drawing(_alt(page, rows, axis))
    return _draw(drawing, rows, axis, heads, step)


def _alt(page: Page, rows: Sequence[Row], axis: str) -> str:
    """The title and the figures of each row."""
    values = "; ".join(" ".join((row.name, *filter(None, row.figures))) for row in rows)
    return f"{page.title}. {numbers.capitalized(axis)}: {values}" if axis else f"{page.title}. {values}"


def _draw(drawing: Drawing, rows: Sequence[Row], axis: str, heads: Sequence[str], step: float | None) -> Axes:
    """Draw names, marks and figures of the rows."""
    step = max(step or (8.5 if len(rows) <= 6 else 6.5), 8.5 / len(rows))
    filled = [at for at in range(len(heads)) if any(row.figures[at] for row in rows)]
    heads, columns = [heads[at] for at in filled], [[row.figures[at] for row in rows] for at in filled]
    edges: list[float] = []
    right = WIDTH
    for head, words in zip(reversed(heads), reversed(columns), strict=True):
        edges.insert(0, right)
        right -= max(_before(words) + _after(words), *(text.width(part, NOTE) for part in head.split("\n"))) + _BETWEEN
    swatch = SWATCH if any(row.line_style for row in rows) else 0.0
    room = min(_NAME, right - _AXIS - swatch - 5)
    bold = any(row.bold for row in rows)
    size = BODY if all(text.width(row.name, BODY, bold=bold) <= room for row in rows) else SMALL
    names = text.fit_all([row.name for row in rows], size, room, bold=bold)
    left = swatch + max(text.width(name, size, bold=row.bold) for name, row in zip(names, rows, strict=True)) + 5
    if any(heads):
        height = max(head.count("\n") + 1 for head in heads) * line_height(NOTE)
        for head, edge in zip(heads, edges, strict=True):
            for line, part in enumerate(head.split("\n")):
                drawing.write(edge, drawing.y + line * line_height(NOTE), part, size=NOTE, colour=MUTED, align="right")
        drawing.y += height + 0.5
    axes = drawing.axes(left, drawing.y, right - left, step * len(rows))
    for at, (row, name) in enumerate(zip(rows, names, strict=True)):
        centre = drawing.y + step * (at + 0.5)
        if row.line_style:
            drawing.swatch(0, centre - middle(BODY), row.line_style, BODY)
        drawing.write(swatch, centre - middle(size), name, size=size, bold=row.bold)
        for number, (column, edge) in enumerate(zip(columns, edges, strict=True)):
            bold, colour, figure = row.bold and number == 0, INK if number == 0 else MUTED, column[at]
            x = edge - _after(column) + fraction(figure, SMALL, bold=bold)
            drawing.write(x, centre - middle(BODY), figure, size=SMALL, bold=bold, colour=colour, align="right")
        mark_style = row.mark_style or row.line_style
        if mark_style and row.values is not None and len(known := row.values.dropna()) > 1:
            heights = [at + 0.27] * len(known)
            axes.plot(known, heights, "o", color=mark_style.colour, markersize=2.2, alpha=0.35, markeredgewidth=0)
        if mark_style and row.estimate:
            mark(axes, at, row.estimate, mark_style, hollow=row.hollow)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.06)
    axes.locator_params(axis="x", nbins=6)
    if axis:
        axes.set_xlabel(axis)
    return axes


def interval_row(
    row: Mapping[Hashable, Any], styles: Mapping[str, palette.LineStyle], values: "pd.Series[float]", *, hollow: bool = False
) -> Row:
    """Row of a setting with the figures estimate, interval and number of runs.

    Args:
        row: `setting`, `estimate`, `low`, `high`, `n`.
        styles: of the settings.
        values: of the setting's runs.
        hollow: whether the mark is.
    """
    name, interval = row["setting"], (row["estimate"], row["low"], row["high"])
    figures = (*numbers.estimate_and_bounds(*interval), str(row["n"]))
    return Row(name=name, figures=figures, line_style=styles[name], estimate=interval, hollow=hollow, values=values)


def mark(
    axes: Axes, at: float, estimate: tuple[float, float, float], line_style: palette.LineStyle, *, hollow: bool = False
) -> None:
    """Draw an estimate with its interval (estimate, low, high) at height `at`."""
    value, low, high = estimate
    axes.plot([low, high], [at, at], color=line_style.colour, linewidth=2, solid_capstyle="butt")
    face = "white" if hollow else line_style.colour
    axes.plot([value], [at], marker=line_style.marker, markersize=6, color=line_style.colour, markerfacecolor=face)


def fraction_of(words: str) -> str:
    """A number from its decimal point on; empty for other texts."""
    number = _NUMBER.fullmatch(words)
    return number[1] if number else ""


def fraction(words: str, size: float, *, bold: bool = False) -> float:
    """Width in millimetres of a number from its decimal point on; 0 for other texts."""
    return text.width(fraction_of(words), size, bold=bold)


def _after(words: Sequence[str]) -> float:
    """Millimetres that the longest fraction of a column takes, in bold as some of it may be."""
    return max(fraction(word, SMALL, bold=True) for word in words)


def _before(words: Sequence[str]) -> float:
    return max(text.width(word, SMALL, bold=True) - fraction(word, SMALL, bold=True) for word in words)
