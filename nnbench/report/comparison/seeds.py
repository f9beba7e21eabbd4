"""Page: each pair of runs of a seed, before and after."""

import numpy as np
import pandas as pd

from nnbench.core.formatting import count
from nnbench.report.comparison.pairing import Versus
from nnbench.report.comparison.panels import more, panels
from nnbench.report.plots import style
from nnbench.report.plots.page import Section


def draw(section: Section, versus: Versus) -> pd.DataFrame:
    """Draw the page; return `setting`, `seed`, `before`, `after` in the primary measure."""
    by = versus.primary
    table = versus.pairs(by)
    names = [str(name) for name in table["setting"].unique()]
    caption = (
        f"Line: the two runs of a seed, in {by.name}: {versus.names[0]} on the left, {versus.names[1]} on the right. "
        f"In colour: those that became better; grey: the others.{_unpaired(table)}{more(names)}"
    )
    page = section.page(_title(table, versus), caption)
    values = table[["before", "after"]].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    room = 0.06 * (values.max() - values.min()) or 0.01
    for name, axes, _ in panels(page, names, versus.styles):
        pairs, line_style = table[table["setting"] == name], versus.styles[name]
        for before, after in pairs[["before", "after"]].itertuples(index=False):
            better = after > before if by.higher else after < before
            colour = line_style.colour if better else "#9a9a9a"
            ends = [value if np.isfinite(value) else np.nan for value in (before, after)]
            axes.plot([0, 1], ends, color=colour, linewidth=0.9, marker=line_style.marker, markersize=2.6, clip_on=False)
        axes.set(xlim=(-0.25, 1.25), xticks=[0, 1], ylim=(values.min() - room, values.max() + room))
        axes.set_xticklabels(["before", "after"])
        axes.locator_params(axis="y", nbins=5)
        axes.grid(axis="x", visible=False)
        axes.tick_params(axis="x", colors=style.FAINT, labelcolor=style.MUTED)
    return table


def _unpaired(table: pd.DataFrame) -> str:
    """Caption sentence about marks without a line; empty if there are none."""
    lost = bool(np.isinf(table[["before", "after"]].to_numpy(dtype=np.float64)).any())
    return " A mark without a line: the other run of the seed diverged, which is worse than any value." if lost else ""


def _title(table: pd.DataFrame, versus: Versus) -> str:
    """The numbers of pairs that became better and worse; the page of differences has the tests."""
    rose, fell = table["after"] > table["before"], table["after"] < table["before"]
    better, worse = (int(one.sum()) for one in ((rose, fell) if versus.primary.higher else (fell, rose)))
    same = f" and {len(table) - better - worse} stayed the same" if better + worse < len(table) else ""
    return f"In {versus.primary.name}, {better} of {count(len(table), 'pair')} of runs became better, {worse} worse{same}"
