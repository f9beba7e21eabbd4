"""Page: quality against cost, in gradient evaluations and in seconds, with the Pareto front."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.records.budgets import amounts
from nnbench.report.findings.budgets import at_budgets
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import MUTED, WIDTH
from nnbench.report.plots.ticks import logarithmic, positive
from nnbench.report.sentences.wording import short_name
from nnbench.stats.pareto import front

_MANY = 12
_COSTS = {
    "gradient_evaluations": ("time/gradient_evaluations", "gradient evaluations"),
    "seconds": ("time/train_seconds", "seconds"),
}
_CAPTION = (
    "Each mark is a setting{budgets}: {measure}, interquartile mean over seeds, against what its runs spent, the median over "
    "seeds. Large marks on the grey line are the Pareto front: no other is cheaper and at least as good, or better and at "
    "most as expensive. The front is one of estimates: nearby marks may not differ. Seconds are of this machine, "
    "evaluations included."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per cost, budget and setting, the cheapest first.

    Returns:
        `cost` (gradient_evaluations or seconds), `budget` (NaN without), `setting`, `spent`, `estimate`, `front`.
    """
    table = _points(findings)
    if table.empty:
        raise NoDataError("no completed run has a known cost")
    differing = [str(cost) for cost, group in table.groupby("cost", sort=False) if _differs(group["spent"])]
    if not differing:
        raise NoDataError("all settings spent the same number of gradient evaluations and, to within 10 %, the same time")
    several = table["budget"].nunique() > 1
    budgets = " at one budget, joined by lines" if several else ""
    title = _title(table[table["cost"].isin(differing)], findings)
    page = section.page(title, _CAPTION.format(budgets=budgets, measure=findings.primary.name))
    names = [str(one) for one in findings.ranking(findings.primary)["setting"] if one in set(table["setting"])][:_MANY]
    page.legend({name: findings.styles[name] for name in names})
    for cost, group in table.groupby("cost", sort=False):
        page.heading(f"{numbers.capitalized(findings.primary.name)} against {_COSTS[str(cost)][1]}")
        if cost not in differing:
            spent = group["spent"].median()
            amount = f"about {numbers.duration(spent)}" if cost == "seconds" else f"{spent:,.0f} {_COSTS[str(cost)][1]}"
            page.paragraph(f"All settings spent {amount}.")
            continue
        _panel(page, findings, group, names, str(cost))
    return table


def _differs(spent: "pd.Series[float]") -> bool:
    """Whether costs differ by more than seconds do between equal runs on one machine."""
    return float(spent.max()) > 1.1 * float(spent.min())


def _points(findings: Findings) -> pd.DataFrame:
    """The estimate and the median costs of each setting at each budget."""
    sides = [one.findings for one in at_budgets(findings)] if amounts(findings.runs).notna().any() else [findings]
    parts = []
    for cost, (column, _) in _COSTS.items():
        rows = []
        for side in sides:
            estimates = side.ranking(findings.primary).set_index("setting")["estimate"]
            spent = side.scored.groupby("setting")[column].median() if column in side.scored else pd.Series(dtype=float)
            part = pd.DataFrame({"spent": spent.reindex(estimates.index), "estimate": estimates}).reset_index()
            rows.append(part.assign(budget=amounts(side.runs).median()))
        table = pd.concat(rows, ignore_index=True).dropna(subset=["spent", "estimate"]).sort_values(["spent", "setting"])
        marked = front(table["spent"], table["estimate"], higher=findings.primary.higher)
        parts.append(table.assign(cost=cost, front=marked))
    return pd.concat(parts, ignore_index=True)[["cost", "budget", "setting", "spent", "estimate", "front"]]


def _title(table: pd.DataFrame, findings: Findings) -> str:
    by_cost = {str(cost): group[group["front"]] for cost, group in table.groupby("cost", sort=False)}
    cost = "gradient_evaluations" if by_cost.get("gradient_evaluations", pd.DataFrame()).shape[0] > 1 else "seconds"
    on = by_cost.get(cost, next(iter(by_cost.values())))
    names = list(dict.fromkeys(short_name(str(name)) for name in on["setting"]))
    shown = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return f"The Pareto front of {findings.primary.name} and {_COSTS[cost][1]} has {numbers.listing(shown)}"


def _panel(page: Page, findings: Findings, table: pd.DataFrame, names: list[str], cost: str) -> None:
    axes = page.drawing().axes(9, 2, WIDTH - 14, 66)
    low, high = positive(float(table["spent"].min()) / 1.3, float(table["spent"].max()) * 1.3)
    logarithmic(axes.xaxis, low, high, numbers.tick if cost == "seconds" else lambda tick: f"{tick:,.0f}")
    _staircase(axes, table[table["front"]].sort_values("spent"))
    for name in names:
        rows, style = table[table["setting"] == name].sort_values("spent"), findings.styles[name]
        axes.plot(rows["spent"], rows["estimate"], color=style.colour, linewidth=0.8, alpha=0.6)
        for spent, estimate, on_front in rows[["spent", "estimate", "front"]].itertuples(index=False):
            size, face = (8, style.colour) if on_front else (5, "white")
            axes.plot([spent], [estimate], style.marker, color=style.colour, markersize=size, markerfacecolor=face)
    axes.set_xlabel(f"{_COSTS[cost][1]}, logarithmic")


def _staircase(axes: Axes, on: pd.DataFrame) -> None:
    """Draw the front as steps, to the right end of the axis."""
    x = np.append(on["spent"], axes.get_xlim()[1])
    y = np.append(on["estimate"], on["estimate"].iloc[-1])
    axes.step(x, y, where="post", color=MUTED, linewidth=0.8)
