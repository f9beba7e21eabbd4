"""Page: mean rank of the settings over the problems, against the budget of their training."""

import pandas as pd

from nnbench.records.budgets import unit
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.suite import Suite
from nnbench.report.pages import ReportOptions
from nnbench.report.pages.budgets import panel, title
from nnbench.report.plots.page import Section
from nnbench.report.sentences.wording import first_of
from nnbench.stats.mean_ranks import LEAST_UNITS

_MANY = 12
_CAPTION = (
    "Mean rank of a setting over the problems that were run with a budget, 1 the best; runs of their own at each budget. "
    f"Hollow: another setting is shown to rank before it at that budget, with the problem as the unit, of which {LEAST_UNITS} "
    "are needed. Settings are not compared across budgets. The other pages are about the largest budget of each problem."
)


def draw(section: Section, suite: Suite, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per budget and setting, the best first.

    Returns:
        `budget`, `unit`, `setting`, `rank` (mean over problems), `problems` (how many), `behind`.
    """
    measured_in = unit(suite.runs)
    found = suite.at_budgets if measured_in else {}
    parts = [
        pd.DataFrame(
            {
                "budget": amount,
                "unit": measured_in,
                "setting": one.ranks.index.astype(str),
                "rank": one.ranks.to_numpy(dtype=float),
                "problems": one.units,
                "behind": [bool(one.not_worse) and str(name) not in one.not_worse for name in one.ranks.index],
            }
        )
        for amount, one in found.items()
        if one.units > 1 and len(one.ranks) > 1
    ]
    if len(parts) < 2:
        raise NoDataError("no two budgets were run on several problems: training.budgets=[100,1000] makes runs of both")
    table = pd.concat(parts, ignore_index=True)
    best = table.loc[table.groupby("budget")["rank"].idxmin()]
    page = section.page(title(best, "mean rank over the problems"), _CAPTION)
    names = [str(name) for name in table.groupby("setting")["rank"].mean().sort_values().index]
    page.legend({name: suite.styles[name] for name in names[:_MANY]})
    page.note(first_of(len(names), _MANY))
    panel(page, table, names[:_MANY], suite.styles, "rank", "mean rank", height=120.0)
    return table
