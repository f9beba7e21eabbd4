"""Page: score and rank of the settings against the budget of their training."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from nnbench.core.formatting import capitalized, listing
from nnbench.core.palette import LineStyle, optimizer_styles
from nnbench.records.budgets import NOUNS
from nnbench.records.tuned import base_label
from nnbench.report.findings.budgets import AtBudget, at_budgets
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import WIDTH
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences.wording import first_of, short_name

_MANY = 12
_CAPTION = (
    "Each point is the end of runs of their own, whose schedule ends with that budget. Above: {measure}, interquartile mean "
    "over seeds with its 95 % interval. Below: the rank by it among the settings at the same budget. Hollow: shown to be "
    "worse than the first at that budget (Wilcoxon signed-rank test on runs paired by seed, Holm-corrected). Settings are not "
    "compared across budgets."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per budget and setting, the best first.

    Returns:
        `budget`, `unit`, `setting`, `rank` (from 1; NaN where it is not ranked), `n`, `estimate`, `low`, `high`, `behind`.
    """
    every = at_budgets(findings)
    if len(every) < 2:
        raise NoDataError("no run has another budget: training.budgets=[100,1000] makes runs of several lengths")
    table = pd.concat([_ranks(one, findings) for one in every], ignore_index=True)
    best = table[table["rank"] == 1].sort_values("budget")
    page = section.page(title(best, "estimate"), _CAPTION.format(measure=findings.primary.name))
    names = [str(name) for name in table.groupby("setting")["rank"].mean().sort_values().index]
    styles = _styles(every)
    page.legend({name: styles[name] for name in names[:_MANY]})
    page.note(first_of(len(names), _MANY))
    panel(page, table, names[:_MANY], styles, "estimate", findings.primary.name, height=78.0)
    panel(page, table, names[:_MANY], styles, "rank", "rank", height=56.0)
    return table


def _ranks(one: AtBudget, findings: Findings) -> pd.DataFrame:
    ranking = one.findings.ranking(findings.primary)
    ranked = (ranking["aside"] == "") & (ranking["n"] > 0)
    table = ranking[["setting", "n", "estimate", "low", "high", "behind"]]
    table = table.assign(rank=ranked.cumsum().where(ranked).astype(float), budget=one.amount, unit=one.unit)
    return table[["budget", "unit", "setting", "rank", "n", "estimate", "low", "high", "behind"]]


def title(best: pd.DataFrame, what: str) -> str:
    """Name the best setting at each budget.

    Args:
        best: `budget`, `unit`, `setting`, one row a budget, the smallest first.
        what: that is the best of all settings, such as `mean rank`.
    """
    leaders: dict[str, list[str]] = {}
    for budget, setting in best[["budget", "setting"]].itertuples(index=False):
        leaders.setdefault(short_name(str(setting)), []).append(f"{budget:,.0f}")
    if not leaders:
        return "No setting is ranked at any budget"
    nouns = f"{NOUNS[best['unit'].iloc[0]]}s"
    if len(leaders) == 1:
        ((name, budgets),) = leaders.items()
        return f"{capitalized(name)} has the best {what} at {listing(budgets)} {nouns}"
    phrases = [f"of {name} at {listing(budgets)}" for name, budgets in leaders.items()]
    return f"The best {what} is that {', '.join(phrases[:-1])} and {phrases[-1]} {nouns}"


def _styles(every: Sequence[AtBudget]) -> dict[str, LineStyle]:
    """Styles of all settings: those of the first budget that has them."""
    labels: dict[str, str] = {}
    for one in every:
        for setting, label, tuned in one.findings.runs[["setting", "optimizer", "tuned"]].itertuples(index=False):
            labels.setdefault(str(setting), base_label(label, tuned))
    own = {name: style for one in reversed(every) for name, style in one.findings.styles.items()}
    return {
        name: own.get(name, style)
        for name, style in zip(labels, optimizer_styles(list(labels.values())).values(), strict=False)
    } | own


def panel(
    page: Page,
    table: pd.DataFrame,
    names: Sequence[str],
    styles: dict[str, LineStyle],
    column: str,
    label: str,
    *,
    height: float,
) -> None:
    """Draw a column of a table against the budget, a line a setting.

    Args:
        table: `budget`, `unit`, `setting`, `behind` (drawn hollow), and the column: `estimate`, with `low` and `high`, or
            `rank`.
        label: heading of the panel.
        height: in millimetres, without the labels of the axis.
    """
    page.heading(capitalized(label))
    axes = page.drawing().axes(9, 2, WIDTH - 14, height)
    axes.set_xlabel(f"budget in {NOUNS[table['unit'].iloc[0]]}s")
    budgets = sorted(table["budget"].unique())
    logarithmic(axes.xaxis, budgets[0] / 1.15, budgets[-1] * 1.15, lambda tick: f"{tick:,.0f}")
    axes.xaxis.set_major_locator(FixedLocator(budgets))
    for name in names:
        _line(axes, table[table["setting"] == name], styles[name], column)
    if column == "rank":
        last = math.ceil(table["rank"].max()) if table["rank"].notna().any() else 1  # a mean rank may be 5.4
        axes.set_ylim(last + 0.5, 0.5)
        axes.yaxis.set_major_locator(FixedLocator([*range(1, last + 1)]))
        axes.yaxis.set_minor_locator(NullLocator())


def _line(axes: Axes, rows: pd.DataFrame, style: LineStyle, column: str) -> None:
    rows = rows.sort_values("budget")
    axes.plot(rows["budget"], rows[column], **style.line, linewidth=1.3)
    if column == "estimate":
        for budget, low, high in rows[["budget", "low", "high"]].dropna().itertuples(index=False):
            axes.plot([budget, budget], [low, high], color=style.colour, linewidth=1.6, alpha=0.6)
    for budget, value, behind in rows[["budget", column, "behind"]].itertuples(index=False):
        face = "white" if behind else style.colour
        axes.plot([budget], [value], style.marker, color=style.colour, markerfacecolor=face, markersize=5.5)
