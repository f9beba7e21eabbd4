"""Page: heat maps of the result over two hyperparameters, with diverged runs marked."""

import re
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from nnbench.core import formatting as numbers
from nnbench.core.formatting import listing
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.search import Search
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import text
from nnbench.report.plots.drawing import Drawing, line_height
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import INK, LEAST, MUTED, SMALL, WIDTH
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences.wording import hyperparameter_label, hyperparameter_value, left_out, pooled, short_name

_MANY = 6
_CHOICES = 4  # distinct values that are drawn at equal distances
_COLOURS = "cividis"
_KEY, _HIGHEST = 13.0, 110.0  # millimetres of the colour bar, and of a map over the whole width
_HATCH = "/////"


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per cell, or per configuration where values were drawn from ranges.

    Returns:
        `optimizer`, `x` and `y` (hyperparameters), `x_value`, `y_value`, `value`, `place`, `diverged` (runs), `of` (all
        runs).
    """
    search = findings.search
    tried = {name: varied[:2] for name, varied in search.varied.items() if len(varied) > 1} if search else {}
    if search is None or not tried:
        raise NoDataError("no optimizer was run with two hyperparameters that vary")
    tables = {name: _cells(search, name, *pair) for name, pair in tried.items()}
    known = {name: table for name, table in tables.items() if table["value"].notna().any()}
    if not known:
        raise NoDataError("no configuration completed all of its seeds")
    page = section.page(_title(known), _caption(search, known) + pooled(findings) + left_out(list(known), _MANY, "optimizer"))
    _arrange(page, search, dict(list(known.items())[:_MANY]))
    return pd.concat([table.assign(optimizer=name) for name, table in tables.items()], ignore_index=True)


def _cells(search: Search, name: str, x: str, y: str) -> pd.DataFrame:
    """The best configuration of each cell; on a grid, the best over all other hyperparameters."""
    table = search.of(name)
    if search.gridded(name, x, y):
        by = table.groupby([x, y])
        cells = pd.DataFrame(
            {"value": by["value"].max(), "place": by["place"].min(), "diverged": by["diverged"].sum(), "of": by["seeds"].sum()}
        ).reset_index()
    else:
        cells = table[[x, y, "value", "place", "diverged", "seeds"]].rename(columns={"seeds": "of"})
    cells = cells.rename(columns={x: "x_value", y: "y_value"})
    return cells.assign(optimizer=name, x=x, y=y)[
        ["optimizer", "x", "y", "x_value", "y_value", "value", "place", "diverged", "of"]
    ]


def _title(tables: dict[str, pd.DataFrame]) -> str:
    spread = {name: float(table["value"].max() - table["value"].min()) for name, table in tables.items()}
    most = max(spread, key=lambda name: spread[name])
    if len(tables) > 2:
        diverged = [short_name(name) for name, table in tables.items() if (table["diverged"] > 0).any()]
        lost = f"; runs of {listing(diverged)} diverged" if diverged else "; no run diverged"
        by = numbers.fixed(spread[most], 2)
        return f"In this search the choice matters most for {short_name(most)}: {by} from worst to best{lost}"
    return f"Best configurations tried: {listing([_place(name, table) for name, table in tables.items()])}"


def _place(name: str, table: pd.DataFrame) -> str:
    """`adam at learning rate 0.05, β₁ 0.9`."""
    best = table.iloc[int(table["place"].argmin())]
    phrases = [f"{hyperparameter_label(best[axis])} {hyperparameter_value(best[f'{axis}_value'])}" for axis in ("x", "y")]
    return f"{short_name(name)} at {', '.join(phrases)}"


def _caption(search: Search, tables: dict[str, pd.DataFrame]) -> str:
    gridded = [name for name in tables if search.gridded(name, tables[name]["x"].iloc[0], tables[name]["y"].iloc[0])]
    caption = f"Colour: {search.measure}, mean over seeds, on one scale for all."
    if gridded:
        caption += " Cell: the best of the configurations with these two values; hatched: some of their runs diverged."
    if len(gridded) < len(tables):
        caption += " Square: a configuration drawn from the ranges; hatched: some of its runs diverged."
        caption += " The other tuned hyperparameters vary, too."
    return f"{caption} Outlined: the best; as the best of many, its value is slightly optimistic."


def _arrange(page: Page, search: Search, tables: dict[str, pd.DataFrame]) -> None:
    values = pd.concat([table["value"] for table in tables.values()])
    norm = Normalize(values.min(), max(values.max(), values.min() + 1e-9))
    across = 1 if len(tables) == 1 else 2
    gap, head = 22.0, line_height(SMALL) + 2
    width = (WIDTH - 14 - gap * (across - 1)) / across
    height = min(width, _HIGHEST / across)
    for first in range(0, len(tables), across):  # a plot for each row, between which a page may end
        row = list(tables.items())[first : first + across]
        drawing = page.drawing(f"{page.title}. {listing([short_name(name) for name, _ in row])}")
        top = 0.0 if first else _KEY
        if first == 0:
            _colour_bar(drawing, search, norm)
        for column, (name, table) in enumerate(row):
            x = 14 + column * (width + gap)
            drawing.name(x, top, name, search.line_style(name), width, bold=True)
            axes = drawing.axes(x, top + head, width, height)
            labels = table["x"].iloc[0], table["y"].iloc[0]
            axes.set(xlabel=hyperparameter_label(labels[0]), ylabel=hyperparameter_label(labels[1]))
            if search.gridded(name, *labels):
                _grid(axes, table, norm)
            else:
                _scatter(axes, table, norm, search.log)


def _colour_bar(drawing: Drawing, search: Search, norm: Normalize) -> None:
    """Draw the colour bar."""
    drawing.write(0, 0.3, search.measure, size=SMALL, colour=MUTED)
    left = text.width(search.measure, SMALL) + 4
    axes = drawing.axes(left, 0, min(70.0, WIDTH - left), 3.2)
    axes.set_label("key")
    bar = drawing.figure.colorbar(ScalarMappable(norm, _COLOURS), cax=axes, orientation="horizontal")
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=LEAST, length=2)
    bar.ax.locator_params(nbins=5)


def _grid(axes: Axes, table: pd.DataFrame, norm: Normalize) -> None:
    """Draw one cell per pair of values, equally spaced."""
    xs, ys = (sorted(table[axis].unique(), key=_order) for axis in ("x_value", "y_value"))
    grid = table.pivot(index="y_value", columns="x_value", values="value").reindex(index=ys, columns=xs)
    axes.imshow(grid, cmap=_COLOURS, norm=norm, origin="lower", aspect="auto", interpolation="nearest")
    best = table["place"].idxmin()
    for at, row in table.iterrows():
        x, y = xs.index(row["x_value"]), ys.index(row["y_value"])
        known, corner = bool(np.isfinite(row["value"])), (x - 0.5, y - 0.5)
        if row["diverged"] > 0:
            edge = "white" if known else MUTED
            axes.add_patch(Rectangle(corner, 1, 1, facecolor="none", edgecolor=edge, hatch=_HATCH, linewidth=0))
        if known:
            colour, weight = "white" if norm(row["value"]) < 0.55 else INK, "bold" if at == best else "normal"
            words = numbers.fixed(row["value"], 2)
            axes.text(x, y, words, ha="center", va="center", fontsize=LEAST, color=colour, fontweight=weight)
        if at == best:
            axes.add_patch(Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, facecolor="none", edgecolor=INK, linewidth=1.6))
    axes.set_xticks(range(len(xs)), [hyperparameter_value(x) for x in xs])
    axes.set_yticks(range(len(ys)), [hyperparameter_value(y) for y in ys])
    axes.set(xlim=(-0.5, len(xs) - 0.5), ylim=(-0.5, len(ys) - 0.5))
    axes.grid(False)


def _order(value: object) -> tuple[object, ...]:
    """Sort numbers by value, and text by the numbers in it: `[16]` before `[128]`."""
    if not isinstance(value, str):
        return (value,)
    return tuple((part.isdecimal(), int(part) if part.isdecimal() else part) for part in re.split(r"(\d+)", value))


def _scatter(axes: Axes, table: pd.DataFrame, norm: Normalize, log: frozenset[str]) -> None:
    """Draw one square per configuration."""
    x, y = table["x"].iloc[0], table["y"].iloc[0]
    for axis, name, which in ((axes.xaxis, x, "x"), (axes.yaxis, y, "y")):
        values = table[f"{which}_value"]
        if not pd.api.types.is_numeric_dtype(values) or values.nunique() <= _CHOICES:
            table = table.assign(**{f"{which}_value": values.astype("category").cat.codes})
            axis.set_ticks(range(values.nunique()), [hyperparameter_value(value) for value in sorted(values.unique())])
        elif name in log:
            logarithmic(axis, values.min() / 1.5, values.max() * 1.5, numbers.tick)
    square: dict[str, Any] = {"marker": "s", "s": 60}
    known, lost = table[table["value"].notna()], table[table["diverged"] > 0]
    axes.scatter(known["x_value"], known["y_value"], c=known["value"], cmap=_COLOURS, norm=norm, linewidths=0, **square)
    hatched: dict[str, Any] = {"facecolor": "white", "edgecolor": MUTED, "hatch": _HATCH * 2, "linewidths": 0.6}
    axes.scatter(lost["x_value"], lost["y_value"], **hatched, **square)
    best = table.iloc[int(table["place"].argmin())]
    axes.scatter([best["x_value"]], [best["y_value"]], facecolor="none", edgecolor=INK, marker="o", s=170, linewidths=1.2)
    axes.margins(0.08)
