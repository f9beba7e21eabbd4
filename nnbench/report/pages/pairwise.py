"""Page: probability of improvement and paired difference of each pair of settings."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.findings import Comparison, Findings
from nnbench.report.pages import NoDataError, ReportOptions
from nnbench.report.plots.forest import Row, dots, forest_plot, mark
from nnbench.report.plots.labels import short
from nnbench.report.plots.sheet import Page, Section
from nnbench.report.plots.style import LEAST, MUTED
from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.probability_of_improvement import improvements
from nnbench.stats.signed_rank import LEVEL

_MANY = 8  # settings: 28 pairs fill a page
_LETTERS = 18  # of a setting's name
_BOTH = 10  # pairs that a page has room for twice


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per pair, `first` ranking above `second`.

    Returns:
        `first`, `second`, `n`; `estimate`, `low`, `high` of the probability of improvement; `p`, `p_holm`, `differ`; and
        `difference`, `difference_low`, `difference_high`, the interquartile mean of first minus second within a seed, of the
        seeds on which neither diverged.
    """
    by = findings.primary
    found = findings.by(by)
    if found.verdict.settings < 2:
        raise NoDataError("fewer than two settings are ranked")
    if found.pairs["n"].max() < 2:
        raise NoDataError("no two settings share more than one seed")
    shown = found.scores.iloc[:, :_MANY]
    table = improvements(shown, higher=by.higher)
    table = table.merge(found.pairs[["first", "second", "p", "p_holm", "differ"]], on=["first", "second"])
    points = shown.replace([np.inf, -np.inf], np.nan)  # the difference to a diverged run is undefined
    differences = [points[first] - points[second] for first, second in table[["first", "second"]].itertuples(index=False)]
    means = [interquartile_mean(one) for one in differences]
    table = table.assign(
        difference=[one.estimate for one in means],
        difference_low=[one.low for one in means],
        difference_high=[one.high for one in means],
    )
    page = section.page(_title(findings, found), _caption(findings, found))
    _probabilities(page, findings, table)
    if len(table) <= _BOTH:
        _differences(page, findings, table, differences)
    return table


def _title(findings: Findings, found: Comparison) -> str:
    pairs, name, verdict = len(found.pairs), findings.primary.name, found.verdict
    if not verdict.enough:
        seeds = numbers.count(verdict.seeds, "seed")
        return f"{seeds} cannot show any pair of {verdict.settings} {findings.noun}s to differ in {name}"
    differ = int(found.pairs["differ"].sum())
    one = pairs == 1
    if differ == pairs:
        subject = f"The two {findings.noun}s" if one else f"All {pairs} pairs of {findings.noun}s"
        return f"{subject} are shown to differ in {name}"
    if not differ:
        subject = f"The two {findings.noun}s are not" if one else f"None of the {pairs} pairs of {findings.noun}s is"
        return f"{subject} shown to differ in {name}"
    return f"{differ} of the {pairs} pairs of {findings.noun}s {'is' if differ == 1 else 'are'} shown to differ in {name}"


def _caption(findings: Findings, found: Comparison) -> str:
    better = "higher" if findings.primary.higher else "lower"
    settings = found.verdict.settings
    shown = (
        f"Filled: shown to differ, by the Wilcoxon signed-rank test on runs paired by seed, Holm-corrected over all "
        f"{len(found.pairs)} pairs, at level {LEVEL:g}; hollow: not shown."
    )
    more = f" The first {_MANY} of {settings} settings." if settings > _MANY else ""
    lost = "; a run that diverged loses to any that did not" if found.verdict.diverged else ""
    return (
        f"Mark: the probability of improvement, that is, the proportion of all pairs of runs in which the first has the "
        f"{better} {findings.primary.name}, a tie counting half{lost}. Bar: its 95 % interval. 0.5: neither is better. "
        f"{shown if found.verdict.enough else ''}{more}"
    )


def _names(table: pd.DataFrame) -> dict[str, str]:
    """Short names of the settings, for rows that name two."""
    settings = list(dict.fromkeys([*table["first"], *table["second"]]))
    return dict(zip(settings, short(settings, lambda name: len(name) <= _LETTERS), strict=True))


def _probabilities(page: Page, findings: Findings, table: pd.DataFrame) -> None:
    names = _names(table)
    page.heading("How often the first wins")
    page.y += 1
    rows = []
    for row in table.to_dict("records"):
        name = f"{names[row['first']]} over {names[row['second']]}"
        share, low, high = (numbers.fixed(row[column], 2) for column in ("estimate", "low", "high"))
        figures = (share, f"[{low}, {high}]", numbers.p_value(row["p_holm"]), str(row["n"]))
        rows.append(Row(name=name, figures=figures, bold=row["differ"]))
    step = min(9.0, (page.room - 30) / len(rows)) if len(rows) > _BOTH else min(9.0, (page.room / 2 - 30) / len(rows))
    axes = forest_plot(page, rows, "probability of improvement", ("estimate", "95 % interval", "p (Holm)", "seeds"), step=step)
    axes.set(xlim=(-0.03, 1.03), xticks=[0, 0.25, 0.5, 0.75, 1])
    axes.axvline(0.5, color=MUTED, linewidth=0.8)
    for at, row in enumerate(table.to_dict("records")):
        mark(axes, at, (row["estimate"], row["low"], row["high"]), findings.styles[row["first"]], hollow=not row["differ"])


def _differences(page: Page, findings: Findings, table: pd.DataFrame, differences: Sequence["pd.Series[float]"]) -> None:
    """Draw the paired differences."""
    names = _names(table)
    page.heading("By how much: first minus second, within a seed")
    page.y += 1
    records = table.to_dict("records")
    rows = []
    for row in records:
        figures = numbers.estimate_and_bounds(row["difference"], row["difference_low"], row["difference_high"])
        rows.append(Row(name=f"{names[row['first']]} over {names[row['second']]}", figures=figures, bold=row["differ"]))
    step = min(9.0, (page.room - 32) / len(rows))
    axes = forest_plot(page, rows, f"difference in {findings.primary.name}", ("mean", "95 % interval"), step=step, gap=2)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    for at, (row, own) in enumerate(zip(records, differences, strict=True)):
        line_style = findings.styles[row["first"]]
        dots(axes, own.dropna(), at + 0.27, line_style)
        interval = row["difference"], row["difference_low"], row["difference_high"]
        mark(axes, at, interval, line_style, hollow=not row["differ"])
    diverged = findings.by(findings.primary).verdict.diverged
    seeds = "the seeds on which neither diverged" if diverged else "seeds"
    page.paragraph(
        f"Mark: interquartile mean over {seeds}; bar: its {numbers.INTERVAL}; small dots: seeds.",
        size=LEAST + 0.5,
        colour=MUTED,
    )
