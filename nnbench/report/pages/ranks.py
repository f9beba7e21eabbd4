"""Page: ranks within seeds: mean ranks with the critical difference, and how often each setting took each rank."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import style, text
from nnbench.report.plots.drawing import middle
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import INK, LEAST, MUTED, SMALL, WIDTH
from nnbench.report.sentences import wording
from nnbench.report.sentences.wording import short_name
from nnbench.stats.friedman import LEAST_BLOCKS, LEAST_SETTINGS, Friedman, friedman
from nnbench.stats.signed_rank import LEVEL

_MANY = 12
_NAME = 48.0  # millimetres that a name may take
_ROW = 6.5  # millimetres from one name of the diagram to the next


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per setting, best first.

    Returns:
        `setting`, `mean_rank`, and how often it took each rank, ties at the better one.
    """
    by = findings.primary
    values = findings.by(by).scores
    if findings.searches > 1:
        raise NoDataError("no test of ranks covers the variation between searches; the page Searches has the pairs")
    if values.shape[1] < LEAST_SETTINGS:
        raise NoDataError(f"fewer than {LEAST_SETTINGS} settings are ranked")
    shown = values.iloc[:, :_MANY].dropna()
    if len(shown) < LEAST_BLOCKS:
        raise NoDataError(f"fewer than {LEAST_BLOCKS} seeds have a run of every setting")
    test = friedman(shown, higher=by.higher)
    page = section.page(_title(findings, test), _caption(findings, values, test))
    _diagram(page, findings, test)
    places = shown.rank(axis="columns", ascending=not by.higher, method="min")
    counts = pd.DataFrame({rank: (places == rank).sum() for rank in range(1, shown.shape[1] + 1)}).loc[test.ranks.index]
    _places(page, counts)
    return counts.add_prefix("rank ").assign(mean_rank=test.ranks).reset_index(names="setting")


def _title(findings: Findings, test: Friedman) -> str:
    if not findings.by(findings.primary).conclusion.can_rank:
        return wording.headline(findings, findings.primary)
    p = numbers.p_value(test.p)
    p_text = f"Friedman p {p if p.startswith('<') else f'= {p}'}"
    if not test.p < LEVEL:
        return f"Ranks within seeds do not show the {findings.noun}s to differ ({p_text})"
    best = str(test.ranks.index[0])
    apart = test.ranks.index[test.ranks - test.ranks.iloc[0] >= test.critical_difference]
    if not len(apart):
        return f"Ranks within seeds differ ({p_text}), but the best, {short_name(best)}, is not shown to differ from any"
    names = [short_name(str(name)) for name in apart]
    some = numbers.listing(names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} others"])
    rank = numbers.fixed(test.ranks.iloc[0], 1)
    return f"First by mean rank: {short_name(best)} ({rank} of {len(test.ranks)}), shown to differ from {some}"


def _caption(findings: Findings, values: pd.DataFrame, test: Friedman) -> str:
    more = f" The first {_MANY} of {values.shape[1]} settings." if values.shape[1] > _MANY else ""
    lost = "; a run that diverged ranks last" if findings.by(findings.primary).conclusion.diverged else ""
    return (
        f"Each of {numbers.count(test.blocks, 'seed')} ranks the {findings.noun}s by {findings.primary.name}, 1 the best"
        f"{lost}. Settings joined by a bar are not shown to differ: their mean ranks lie within the critical difference "
        f"(CD) of Nemenyi's test at level {LEVEL:g}. It ignores the size of a difference, and so shows fewer pairs to differ "
        f"than the signed-rank test.{more}"
    )


def _diagram(page: Page, findings: Findings, test: Friedman) -> None:
    """Draw Demsar's critical-difference diagram: mean ranks on an axis, names at both sides, bars over `Friedman.groups`."""
    k = len(test.ranks)
    left_names = -(-k // 2)
    names = text.fit_all([str(name) for name in test.ranks.index], SMALL, _NAME)
    room = max(text.width(name, SMALL) for name in names) + 16
    left, right = room, WIDTH - room
    drawing = page.drawing("Mean ranks: " + "; ".join(f"{name} {mean:.2f}" for name, mean in test.ranks.items()))
    bars = 3.2 * len(test.groups) + 4

    def x(rank: float) -> float:
        return left + (rank - 1) / (k - 1) * (right - left)

    y = 6.0
    drawing.line((x(1), x(1 + test.critical_difference)), (y, y), color=INK, linewidth=1.2, marker="|", markersize=5)
    drawing.write(x(1), y - 5.5, f"CD = {test.critical_difference:.2f}", size=SMALL, colour=MUTED)
    y += 12
    drawing.line((left, right), (y, y), color=MUTED, linewidth=0.8)
    for rank in range(1, k + 1):
        drawing.line((x(rank), x(rank)), (y - 1.2, y), color=MUTED, linewidth=0.8)
        drawing.write(x(rank), y - 5, str(rank), size=LEAST, colour=MUTED, align="center")
    for number, group in enumerate(test.groups):
        at = y + 3.2 * (number + 1)
        ends = x(test.ranks[group[0]]) - 1, x(test.ranks[group[-1]]) + 1
        drawing.line(ends, (at, at), color=INK, linewidth=2.6, solid_capstyle="butt")
    for number, (name, mean) in enumerate(test.ranks.items()):
        at_left = number < left_names
        row = number if at_left else k - 1 - number
        height, edge = y + bars + _ROW * row + 3, left - 3 if at_left else right + 3
        line_style = findings.styles[str(name)]
        drawing.line((x(mean), x(mean), edge), (y, height, height), color=line_style.colour, linewidth=1.0)
        drawing.line((x(mean),), (y,), color=line_style.colour, marker=line_style.marker, markersize=5)
        words = f"{names[number]}  {mean:.2f}" if at_left else f"{mean:.2f}  {names[number]}"
        align, beside = ("right", edge - 1) if at_left else ("left", edge + 1)
        drawing.write(beside, height - middle(SMALL), words, size=SMALL, align=align)


def _places(page: Page, counts: pd.DataFrame) -> None:
    """Draw how often each setting took each rank: one cell per setting and rank, darker for more seeds."""
    page.heading("Number of seeds at each rank")
    drawing = page.drawing()
    names = text.fit_all([str(name) for name in counts.index], SMALL, _NAME)
    k = len(names)
    left = max(text.width(name, SMALL) for name in names) + 4
    step = 8.0
    axes = drawing.axes(left, 5, min(WIDTH - left, 14.0 * k), step * k)
    for at, name in enumerate(names):
        drawing.write(0, 5 + step * (at + 0.5) - middle(SMALL), name, size=SMALL)
    _cells(axes, counts)


def _cells(axes: Axes, counts: pd.DataFrame) -> None:
    k, most = counts.shape[1], max(1, int(counts.to_numpy().max()))
    shades = LinearSegmentedColormap.from_list("shades", ["white", palette.OPTIMIZER_STYLES["sgd"].colour])
    axes.imshow(counts, cmap=shades, vmin=0, vmax=most, aspect="auto")
    for (row, column), seeds in np.ndenumerate(counts.to_numpy()):
        ink = "white" if seeds > 0.6 * most else style.INK if seeds else style.FAINT
        axes.text(column, row, str(seeds), ha="center", va="center", fontsize=LEAST, color=ink)
    axes.xaxis.tick_top()
    axes.set(xticks=range(k), yticks=[])
    axes.set_xticklabels([str(rank) for rank in range(1, k + 1)])
    axes.tick_params(length=0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
