"""Page: probability of improvement and paired difference of each pair of settings."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.comparison import Comparison
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import text
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import MUTED, SMALL
from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.probability_of_improvement import improvements
from nnbench.stats.signed_rank import LEVEL

_MANY = 8  # settings: 28 pairs fill a page
_PAIR = 62.0  # millimetres for the names of a pair
_OVER = " over "
_BOTH = 10  # pairs for which a page has room for both forest plots


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per pair, `first` ranking above `second`.

    Returns:
        `first`, `second`, `n`; `estimate`, `low`, `high` of the probability of improvement; `p`, `p_holm`, `differ`; and
        `difference`, `difference_low`, `difference_high`, the interquartile mean of first minus second within a seed, of the
        seeds on which neither diverged.
    """
    by = findings.primary
    comparison = findings.by(by)
    if findings.searches > 1:
        raise NoDataError("no runs are paired by seed alone where several searches chose the settings; see the page Searches")
    if comparison.conclusion.settings < 2:
        raise NoDataError("fewer than two settings are ranked")
    if comparison.pairs["n"].max() < 2:
        raise NoDataError("no two settings share more than one seed")
    shown = comparison.scores.iloc[:, :_MANY]
    table = improvements(shown, higher=by.higher)
    table = table.merge(comparison.pairs[["first", "second", "p", "p_holm", "differ"]], on=["first", "second"])
    points = shown.replace([np.inf, -np.inf], np.nan)  # the difference to a diverged run is undefined
    differences = [points[first] - points[second] for first, second in table[["first", "second"]].itertuples(index=False)]
    means = [interquartile_mean(one) for one in differences]
    table = table.assign(
        difference=[one.estimate for one in means],
        difference_low=[one.low for one in means],
        difference_high=[one.high for one in means],
    )
    page = section.page(_title(findings, comparison), _caption(findings, comparison))
    _probabilities(page, findings, table)
    if len(table) <= _BOTH:
        _differences(page, findings, table, differences)
    return table


def _title(findings: Findings, comparison: Comparison) -> str:
    pairs, name, conclusion = len(comparison.pairs), findings.primary.name, comparison.conclusion
    if not conclusion.can_rank:
        seeds = numbers.count(conclusion.seeds, "seed")
        return f"{seeds} cannot show any pair of {conclusion.settings} {findings.noun}s to differ in {name}"
    differ = int(comparison.pairs["differ"].sum())
    one = pairs == 1
    if differ == pairs:
        subject = f"The two {findings.noun}s" if one else f"All {pairs} pairs of {findings.noun}s"
        return f"{subject} are shown to differ in {name}"
    if not differ:
        subject = f"The two {findings.noun}s are not" if one else f"None of the {pairs} pairs of {findings.noun}s is"
        return f"{subject} shown to differ in {name}"
    return f"{differ} of the {pairs} pairs of {findings.noun}s {'is' if differ == 1 else 'are'} shown to differ in {name}"


def _caption(findings: Findings, comparison: Comparison) -> str:
    better = "higher" if findings.primary.higher else "lower"
    settings, pairs = comparison.conclusion.settings, len(comparison.pairs)
    more_tests = comparison.conclusion.tests > pairs
    tests = f"these {pairs} pairs and each with its default" if more_tests else f"all {pairs} pairs"
    shown = (
        "Filled: shown to differ, by the Wilcoxon signed-rank test on runs paired by seed, "
        f"{f'Holm-corrected over {tests}, ' if pairs > 1 else ''}at level {LEVEL:g}; hollow: not shown."
    )
    more = f" The first {_MANY} of {settings} settings." if settings > _MANY else ""
    lost = "; a run that diverged loses to any that did not" if comparison.conclusion.diverged else ""
    return (
        f"Mark: the probability of improvement, that is, the proportion of all pairs of runs in which the first has the "
        f"{better} {findings.primary.name}, a tie counting half{lost}. Bar: its 95 % interval. 0.5: neither is better. "
        f"{shown if comparison.conclusion.can_rank else ''}{more}"
    )


def _probabilities(page: Page, findings: Findings, table: pd.DataFrame) -> None:
    """Draw the probabilities of improvement."""
    page.heading("How often the first wins")
    rows = []
    for name, row in zip(_names(table), table.to_dict("records"), strict=True):
        interval = row["estimate"], row["low"], row["high"]
        share, low, high = (numbers.fixed(value, 2) for value in interval)
        figures = (share, f"[{low}, {high}]", numbers.p_value(row["p_holm"]), str(row["n"]))
        rows.append(_row(findings, row, name, figures, interval))
    step = min(9.0, 190 / len(rows)) if len(rows) > _BOTH else min(9.0, 80 / len(rows))
    axes = forest_plot(page, rows, "probability of improvement", ("estimate", "95 % interval", "p (Holm)", "seeds"), step=step)
    axes.set(xlim=(-0.03, 1.03), xticks=[0, 0.25, 0.5, 0.75, 1])
    axes.axvline(0.5, color=MUTED, linewidth=0.8, zorder=1.5)


def _differences(page: Page, findings: Findings, table: pd.DataFrame, differences: Sequence["pd.Series[float]"]) -> None:
    """Draw the paired differences."""
    rows = []
    for name, row, values in zip(_names(table), table.to_dict("records"), differences, strict=True):
        if np.isnan(row["difference"]):  # on each seed, one of the two diverged
            continue
        interval = row["difference"], row["difference_low"], row["difference_high"]
        rows.append(_row(findings, row, name, numbers.estimate_and_bounds(*interval), interval, values))
    if not rows:
        return
    page.heading("By how much: first minus second, within a seed")
    step = min(9.0, 80 / len(rows))
    axes = forest_plot(page, rows, f"difference in {findings.primary.name}", ("mean", "95 % interval"), step=step)
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=1.5)
    diverged = findings.by(findings.primary).conclusion.diverged
    seeds = "the seeds on which neither diverged" if diverged else "seeds"
    page.note(f"Mark: interquartile mean over {seeds}; bar: its {numbers.INTERVAL}; small dots: seeds.")


def _names(table: pd.DataFrame) -> list[str]:
    """The name of each pair, from shortened names of its settings."""
    settings = list(dict.fromkeys([*table["first"], *table["second"]]))
    room = (_PAIR - text.width(_OVER, SMALL, bold=True)) / 2
    shown = text.fit_all(settings, SMALL, room, bold=True)
    words = [name.split(maxsplit=1) for name in settings]
    if any("…" in name for name in shown) and len({first for first, *_ in words}) == 1 and all(len(one) == 2 for one in words):
        shown = text.fit_all([rest for _, rest in words], SMALL, room, bold=True)  # without the optimizer that all have
    names = dict(zip(settings, shown, strict=True))
    return [f"{names[first]}{_OVER}{names[second]}" for first, second in table[["first", "second"]].itertuples(index=False)]


def _row(
    findings: Findings,
    pair: Mapping[Hashable, Any],
    name: str,
    figures: Sequence[str],
    interval: tuple[float, float, float],
    values: "pd.Series[float] | None" = None,
) -> Row:
    style, differ = findings.styles[pair["first"]], bool(pair["differ"])
    return Row(name=name, figures=figures, bold=differ, mark_style=style, estimate=interval, hollow=not differ, values=values)
