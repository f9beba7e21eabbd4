"""Page: the spread of each setting over seeds, compared with the differences between settings."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import INK, MUTED
from nnbench.report.sentences.wording import short_name

_MANY = 16  # settings in the forest plot
_LINES = 6  # cumulative curves that can be distinguished in one panel
_ACROSS = 48  # dots side by side across the axis; closer ones are stacked


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per run: `setting`, `seed`, `value`, settings in ranking order."""
    by = findings.primary
    values = findings.by(by).values
    if values.empty:
        raise NoDataError("no run was completed")
    if values.count().max() < 2:
        raise NoDataError("each setting has at most one completed run, so the spread is unknown")
    shown = values.iloc[:, :_MANY]
    page = section.page(_title(findings, values), _caption(findings, values))
    strip_axes = _forest_plot(page, shown, findings)
    if shown.shape[1] <= _LINES:
        _shares(page, strip_axes, shown, findings)
    table = values.rename_axis(columns="setting").melt(ignore_index=False).reset_index().dropna(subset=["value"])
    return table[["setting", "seed", "value"]].reset_index(drop=True)


def _title(findings: Findings, values: pd.DataFrame) -> str:
    name, spread = findings.primary.name, values.max() - values.min()
    widest = str(spread.idxmax())
    if values.shape[1] == 1:
        return f"The {name} of {short_name(widest)} differs by {numbers.fixed(spread.max(), 2)} between seeds"
    ranked = findings.ranking(findings.primary)["estimate"].dropna()
    between = numbers.fixed(ranked.max() - ranked.min(), 2)
    return (
        f"The {name} of {short_name(widest)} differs by {numbers.fixed(spread.max(), 2)} between seeds, "
        f"{findings.noun} means by {between}"
    )


def _caption(findings: Findings, values: pd.DataFrame) -> str:
    few, diverged = values.shape[1] <= _LINES, findings.by(findings.primary).conclusion.diverged
    more = "" if values.shape[1] <= _MANY else f" The first {_MANY} of {values.shape[1]} settings."
    direction = "right" if findings.primary.higher else "left"
    shares = (
        f" Below: the proportion of a setting's runs that are no better than a value; the further {direction}, the better; "
        "marked at the median." + (" A diverged run is no better than any value." if diverged else "")
    )
    return (
        f"Dot: the {findings.primary.name} of one run. Bar: the middle half of the runs; tick: their interquartile mean."
        f"{shares if few else ''}{more}"
    )


def _forest_plot(page: Page, shown: pd.DataFrame, findings: Findings) -> Axes:
    """Draw a dot for each run, the middle half as a bar and its mean as a tick."""
    rows = []
    means = findings.ranking(findings.primary).set_index("setting")["estimate"].to_dict()
    for setting, group in shown.items():
        figures = [numbers.fixed(value) for value in (means[str(setting)], group.min(), group.max())]
        rows.append(Row(name=str(setting), figures=(*figures, str(group.count())), line_style=findings.styles[str(setting)]))
    step = min(17.0, 170 / len(rows))
    axes = forest_plot(page, rows, findings.primary.name, ("mean", "least", "most", "runs"), step=step)
    reach = float(np.nanmax(shown) - np.nanmin(shown)) or 1.0
    for at, (setting, group) in enumerate(shown.items()):
        line_style, known = findings.styles[str(setting)], group.dropna().sort_values()
        low, high = known.quantile([0.25, 0.75])
        axes.fill_between([low, high], at - 0.3, at + 0.3, color=line_style.colour, alpha=0.18, linewidth=0)
        axes.plot([means[str(setting)]] * 2, [at - 0.3, at + 0.3], color=line_style.colour, linewidth=1.5)
        heights = at + stacked(known.to_numpy(), reach / _ACROSS) * min(0.07, 0.6 / max(1, len(known)) * 4)
        axes.plot(known, heights, "o", color=line_style.colour, markersize=3.2, markeredgewidth=0.3, markeredgecolor="white")
    return axes


def stacked(values: npt.NDArray[np.float64], width: float) -> npt.NDArray[np.float64]:
    """Vertical offsets of dots that would overlap: 0, 1, -1, 2, -2, ... within one `width`; values ascending."""
    place = pd.Series(np.floor((values - values[0]) / width)).groupby(lambda at: np.floor((values[at] - values[0]) / width))
    order = place.cumcount().to_numpy()
    return np.where(order % 2 == 1, (order + 1) // 2, -(order // 2)).astype(float)


def _shares(page: Page, above: Axes, shown: pd.DataFrame, findings: Findings) -> None:
    """Draw the cumulative distribution of each setting, aligned with the axis above."""
    page.heading(f"Proportion of runs no {'better' if findings.primary.higher else 'worse'} than a value")
    drawing = page.drawing()
    axes = drawing.below(above, 2, 80)
    low, high = above.get_xlim()
    diverged = {name: many for name, many, _ in findings.by(findings.primary).conclusion.diverged}
    axes.set(xlim=(low, high), ylim=(0, 1.02), yticks=[0, 0.25, 0.5, 0.75, 1], xlabel=findings.primary.name)
    axes.axhline(0.5, color=MUTED, linewidth=0.5)
    axes.locator_params(axis="x", nbins=6)
    for setting, group in shown.items():
        line_style, known = findings.styles[str(setting)], np.sort(group.dropna().to_numpy())
        lost = diverged.get(str(setting), 0)
        of, below = len(known) + lost, lost if findings.primary.higher else 0  # where a diverged run is no better than any
        x = np.concatenate([[low], known, [high]])
        y = (below + np.concatenate([[0], np.arange(1, len(known) + 1), [len(known)]])) / of
        axes.step(x, y, where="post", **line_style.line, linewidth=1.3)
        middle = (of - 1) // 2 - below
        if 0 <= middle < len(known):
            axes.plot(known[middle : middle + 1], [0.5], line_style.marker, color=line_style.colour, markeredgecolor=INK)
