"""Page: the generalisation gap between training and held-out accuracy, or R² of a regression."""

from typing import Literal

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.kinds import SCORES
from nnbench.records.measure import Measure
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import forest_plot, interval_row
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import MUTED, WIDTH
from nnbench.report.sentences.wording import left_out, short_name
from nnbench.stats.generalisation import generalisation_gap

_MANY = 12
_SIDE = 85.0  # millimetres of the panel of runs
_CAPTION = (
    "Above: one mark per completed run, training {name} against {name} on {unseen} points; on the diagonal both are equal. "
    "Below: the gap between the two: its interquartile mean over seeds, "
    f"the {numbers.INTERVAL}, and single runs as small dots. A setting that learns nothing has no gap either."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return `setting`, `n`, `estimate`, `low`, `high` (proportions), largest gap first."""
    split: Literal["test", "val"] = "test" if findings.known(findings.score("test").column) else "val"
    unseen, training = findings.score(split), findings.score("train")
    if not findings.known(unseen.column) or not findings.known(training.column):
        raise NoDataError("no completed run was evaluated on held-out points")
    table = generalisation_gap(findings.scored, measure=SCORES[findings.kind][0], split=split)
    table = table[table["n"] > 0].sort_values("estimate", ascending=False, kind="stable", ignore_index=True)
    words = unseen.name.split()[0]
    best = [name for name in map(str, findings.ranking(findings.primary)["setting"]) if name in set(table["setting"])]
    caption = _CAPTION.format(name=findings.score_name, unseen=words)
    page = section.page(_title(table, words, findings.score_name), caption + left_out(best, _MANY, "setting"))
    shown = table[table["setting"].isin(best[:_MANY])]
    _scatter(page, findings, shown, training, unseen)
    _forest_plot(page, findings, shown, training, unseen)
    return table


def _title(table: pd.DataFrame, unseen: str, name: str) -> str:
    widest, narrowest = table.iloc[0], table.iloc[-1]
    if len(table) == 1:
        gap = numbers.interval(widest["estimate"], widest["low"], widest["high"])
        return f"From training to {unseen} points, the {name} of {short_name(widest['setting'])} falls by {gap}"
    low, high = (f"{numbers.fixed(one['estimate'], 2)} for {short_name(one['setting'])}" for one in (narrowest, widest))
    if not narrowest["high"] < widest["low"]:  # whose gap is the widest is not known
        low, high = (numbers.fixed(one["estimate"], 2) for one in (narrowest, widest))
    return f"From training to {unseen} points, {name} falls by {low} to {high}"


def _scatter(page: Page, findings: Findings, shown: pd.DataFrame, training: Measure, unseen: Measure) -> None:
    axes = page.drawing().axes((WIDTH - _SIDE) / 2, 2, _SIDE, _SIDE)
    runs = findings.scored[findings.scored["setting"].isin(shown["setting"])]
    low = min(runs[training.column].min(), runs[unseen.column].min())
    axes.set(xlim=(low - 0.02, 1.01), ylim=(low - 0.02, 1.01), xlabel=training.name, ylabel=unseen.name)
    axes.locator_params(nbins=6)
    axes.plot([min(low, 0), 1], [min(low, 0), 1], color=MUTED, linewidth=0.6)
    for setting in shown["setting"]:
        group, line_style = runs[runs["setting"] == setting], findings.styles[setting]
        x, y = group[training.column], group[unseen.column]
        axes.plot(x, y, line_style.marker, color=line_style.colour, alpha=0.75, markersize=4, markeredgewidth=0)


def _forest_plot(page: Page, findings: Findings, shown: pd.DataFrame, training: Measure, unseen: Measure) -> None:
    gaps = dict(iter((findings.scored[training.column] - findings.scored[unseen.column]).groupby(findings.scored["setting"])))
    rows = [interval_row(row, findings.styles, gaps[row["setting"]]) for row in shown.to_dict("records")]
    axes = forest_plot(page, rows, f"training minus held-out {findings.score_name}", ("gap", "95 % interval", "runs"))
    if axes.get_xlim()[0] < 0 < axes.get_xlim()[1]:
        axes.axvline(0, color=MUTED, linewidth=0.8)
