"""Page: the expected best of k configurations, that is, how much a longer search gains."""

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nnbench.core import formatting as numbers
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.search import Search
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import SMALL, WIDTH
from nnbench.report.sentences.wording import left_out, pooled, short_name
from nnbench.stats.best_of_k import best_of_k

_MANY = 8
_LEAST = 3  # configurations that make a curve


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per optimizer and k: `optimizer`, `k`, `expected`."""
    search = findings.search
    tried = [name for name in search.varied if len(search.of(name)) >= _LEAST] if search else []
    if search is None or not tried:
        raise NoDataError(f"no optimizer was run with {_LEAST} configurations or more")
    curves = {name: best_of_k(search.of(name)["value"]).set_index("k")["expected"] for name in tried}
    curves = {name: curve for name, curve in curves.items() if curve.notna().any()}
    curves = dict(sorted(curves.items(), key=lambda one: -one[1].iloc[-1]))  # as the lines end
    if not curves:
        raise NoDataError("no configuration completed all of its seeds")
    page = section.page(_title(curves), _caption(search) + pooled(findings) + left_out(list(curves), _MANY, "optimizer"))
    shown = dict(list(curves.items())[:_MANY])
    page.legend({name: search.line_style(name) for name in shown})
    _panel(page, search, shown)
    _figures(page, search, shown)
    parts = [curve.reset_index().assign(optimizer=name) for name, curve in curves.items()]
    return pd.concat(parts, ignore_index=True)[["optimizer", "k", "expected"]]


def _title(curves: dict[str, "pd.Series[float]"]) -> str:
    """Name the optimizer that gains most from a longer search, with its expected value for the fewest and the most."""
    known = {name: curve.dropna() for name, curve in curves.items()}
    most = max(known, key=lambda name: float(known[name].iloc[-1] - known[name].iloc[0]))
    steepest = known[most]
    first, last = numbers.fixed(steepest.iloc[0], 2), numbers.fixed(steepest.iloc[-1], 2)
    few = numbers.count(int(steepest.index[0]), "configuration")
    gains = "gains" if len(known) == 1 else "gains most"
    return (
        f"In this space {short_name(most)} {gains} from a longer search: {first} from {few}, {last} from {steepest.index[-1]}"
    )


def _caption(search: Search) -> str:
    return (
        f"The expected {search.measure} of the best of k configurations, drawn from those that were tried. The value of a "
        "configuration is its mean over seeds; one with a diverged run counts as worse than any other. The same values "
        "decided the choice, so the curves are slightly optimistic. Where a curve is flat, more configurations gain little."
    )


def _ks(most: int) -> list[int]:
    return [k for k in (1, 2, 4, 8, 16, 32, 64, 128, 256) if k < most / 1.2] + [most]


def _panel(page: Page, search: Search, curves: dict[str, "pd.Series[float]"]) -> None:
    page.heading(f"Expected best {search.measure}")
    drawing = page.drawing()
    axes = drawing.axes(9, 2, WIDTH - 13, 72)
    most = max(int(curve.index[-1]) for curve in curves.values())
    axes.set_xscale("log")
    axes.set_xlim(1, most)
    axes.xaxis.set_major_locator(FixedLocator(_ks(most)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda k, _: f"{k:.0f}"))
    axes.set_xlabel("configurations tried, k")
    for name, curve in curves.items():
        line_style = search.line_style(name)
        axes.plot(curve.index, curve, **line_style.line)
        axes.plot(curve.index[-1:], curve.tail(1), line_style.marker, color=line_style.colour, clip_on=False)
    axes.margins(y=0.08)


def _figures(page: Page, search: Search, curves: dict[str, "pd.Series[float]"]) -> None:
    most = max(int(curve.index[-1]) for curve in curves.values())
    ks = _ks(most)[-9:]
    rows: list[list[Cell | str]] = []
    for name, curve in curves.items():
        values = [numbers.fixed(float(curve.get(k, np.nan))) for k in ks]
        rows.append([Cell(name, line_style=search.line_style(name)), *values])
    columns = [Column(f"k = {k}", min(16.0, 126 / len(ks)), "decimal", SMALL) for k in ks]
    name_column = Column("", WIDTH - sum(column.width for column in columns), "left", SMALL)
    page.table([name_column, *columns], rows, f"Expected best {search.measure} of k configurations")
