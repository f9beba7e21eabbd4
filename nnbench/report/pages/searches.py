"""Page: how much the result of a tuned optimizer depends on the search, and the tests over searches and seeds."""

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings import power
from nnbench.report.findings.comparison import Comparison, by_search_and_seed
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import MUTED
from nnbench.stats.crossed import difference_interval
from nnbench.stats.interquartile import middle_mean
from nnbench.stats.signed_rank import LEVEL

_MANY = 12  # optimizers in the first plot
_PAIRS = 20  # in the second


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per tested pair, `first` ranking above `second`.

    Returns:
        `first`, `second`, `n` (seeds), `difference`, `low`, `high` (interquartile mean of first minus second, with its 95 %
        interval over searches and seeds), `p`, `p_holm`, `differ`.
    """
    if findings.searches < 2:
        raise NoDataError("no optimizer was tuned by several searches")
    comparison = findings.by(findings.primary)
    page = section.page(_title(findings, comparison), _caption(findings, comparison))
    _searches(page, findings, comparison)
    table = _pairs(findings, comparison)
    shown = table.head(_PAIRS)
    if len(shown):
        _differences(page, findings, shown)
    page.note(power.over_searches(findings))
    return table


def _title(findings: Findings, comparison: Comparison) -> str:
    conclusion, name = comparison.conclusion, findings.primary.name
    if not conclusion.can_rank:
        return f"{numbers.count(conclusion.seeds, 'seed')} cannot show any pair of optimizers to differ in {name}"
    differ, pairs = len(conclusion.differing), conclusion.pairs
    are = "is" if differ == 1 else "are"
    return f"{differ} of {numbers.count(pairs, 'pair')} of tuned optimizers {are} shown to differ, over searches and seeds"


def _caption(findings: Findings, comparison: Comparison) -> str:
    ranking = comparison.ranking
    counts = sorted({int(number) for number in ranking.loc[ranking["searches"] > 1, "searches"]})
    searches = " or ".join(map(str, counts))
    return (
        f"Each optimizer was tuned by {searches} independent searches, with own configurations, own tuning seeds and an own "
        f"choice. Above: each dot is the interquartile mean of {findings.primary.name} over the seeds of the comparison with "
        "the setting of one search. Mark: the interquartile mean of all runs; bar: its 95 % interval, by a bootstrap over "
        "searches and seeds. Below: differences between tuned optimizers, and between tuned and default settings. Filled: "
        "shown to differ, by a t-test on ranks with the variance between searches and between seeds, Holm-corrected over "
        f"{numbers.count(comparison.conclusion.tests, 'test')}, at level {LEVEL:g}."
    )


def _searches(page: Page, findings: Findings, comparison: Comparison) -> None:
    """Draw the mean of each search of each tuned optimizer."""
    ranking = comparison.ranking
    tuned = ranking[(ranking["searches"] > 1) & (ranking["n"] > 0)].head(_MANY)
    values = by_search_and_seed(findings.values(findings.primary), tuned["setting"].tolist())
    rows = []
    for row in tuned.to_dict("records"):
        of_search = middle_mean(values[row["setting"]])
        spread = numbers.fixed(float(np.ptp(of_search)))
        estimate = row["estimate"], row["low"], row["high"]
        rows.append(
            Row(
                name=row["setting"],
                figures=(*numbers.estimate_and_bounds(*estimate), spread),
                line_style=findings.styles[row["setting"]],
                estimate=estimate,
                values=pd.Series(of_search),
            )
        )
    if rows:
        page.heading("Searches of each optimizer")
        heads = ("mean", "95 % interval", "range of\nsearches")
        forest_plot(page, rows, findings.primary.name, heads)


def _pairs(findings: Findings, comparison: Comparison) -> pd.DataFrame:
    """The tested pairs with their differences."""
    tested = pd.concat([comparison.pairs, comparison.against_default], ignore_index=True)
    runs = findings.values(findings.primary)
    values = by_search_and_seed(runs, runs["setting"].astype(str).unique().tolist())
    rows = []
    for first, second in tested[["first", "second"]].itertuples(index=False):
        if values.keys() >= {first, second}:
            one = difference_interval(values[first], values[second])
            rows.append((first, second, one.estimate, one.low, one.high))
    table = pd.DataFrame(rows, columns=["first", "second", "difference", "low", "high"])
    return table.merge(tested[["first", "second", "n", "p", "p_holm", "differ"]], on=["first", "second"])


def _differences(page: Page, findings: Findings, table: pd.DataFrame) -> None:
    page.heading("First minus second")
    rows = []
    for row in table.to_dict("records"):
        interval = row["difference"], row["low"], row["high"]
        rows.append(
            Row(
                name=_name(findings, row["first"], row["second"]),
                figures=(*numbers.estimate_and_bounds(*interval), numbers.p_value(row["p_holm"]), str(row["n"])),
                bold=bool(row["differ"]),
                mark_style=findings.styles[row["first"]],
                estimate=interval,
                hollow=not row["differ"],
            )
        )
    step = min(8.0, 150 / len(rows))
    heads = ("mean", "95 % interval", "p (Holm)", "seeds")
    axes = forest_plot(page, rows, f"difference in {findings.primary.name}", heads, step=step)
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=1.5)


def _name(findings: Findings, first: str, second: str) -> str:
    """Name of a pair, `adam - sgd`, or `adam - its default`; in one word, of which the plot leaves out no part."""
    base, other = (findings.base_labels[setting] for setting in (first, second))
    return f"{base} \N{MINUS SIGN} {'its default' if base == other else other}".replace(" ", "\N{NO-BREAK SPACE}")
