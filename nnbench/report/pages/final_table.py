"""Page: final values of every measure, and the epochs to each target accuracy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank, by_split
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import REFERENCES, references
from nnbench.report.findings.targets import Timing, timings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import finals
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import NOTE, SMALL, WIDTH
from nnbench.report.sentences import wording

_ABREAST = 3  # targets in one table
_CAPTION = (
    f"Interquartile mean over seeds of the completed runs, with its {numbers.INTERVAL}; rows in the order of the "
    "ranking, in which a diverged run is worse than any other. "
    "Bold: the best of a column and all that are not shown to differ from it; no bold where no difference is shown. "
    "Losses in {}. Time: of the training loop, evaluations included."
)
_REACHED = (
    "The {} by which half of the runs had reached the target; a diverged run never does. ∞: fewer than half reached it "
    "within the number in brackets, for which the runs of that setting were observed. Beside it: how many reached it. Bold: "
    "the earliest and all that are not shown to be later."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per setting: runs, interval and `behind` of each measure, times."""
    if findings.scored.empty:
        raise NoDataError("no run was completed")
    measures = _measures(findings)
    rankings = {one.column: findings.ranking(one).set_index("setting") for one in measures}
    result = findings.ranking(findings.primary)[["setting", "optimizer", "runs", "diverged"]]
    for column, ranking in rankings.items():
        part = ranking[["n", "estimate", "low", "high", "score", "aside", "behind"]].add_prefix(f"{column} ")
        result = result.join(part, on="setting")
    ended = findings.scored["setting"].value_counts()
    result["ended"] = result["setting"].map(ended).fillna(0).astype(int)
    result["train_seconds"] = result["setting"].map(finals.times(findings))
    page = section.page(wording.headline(findings, findings.primary), _CAPTION.format(findings.loss_unit))
    page.blocks.append(finals.table(findings, measures, page.title))
    for metric in by_rank():
        if metric not in measures and findings.known(metric.column):
            part = findings.ranking(metric).set_index("setting")[["n", "estimate", "low", "high"]]
            result = result.join(part.add_prefix(f"{metric.column} "), on="setting")
    known = references(findings.runs)
    if sentence := known.sentence():
        page.note(sentence)
        for measure in (one for one in REFERENCES if one.kind in (None, findings.kind)):
            result[measure.column] = known.values.get(measure.key)
    by_target = timings(findings, options.targets)
    for timing in by_target:
        result = result.join(_reached(timing, findings.axis.unit), on="setting")
    if by_target:
        page.heading(f"{numbers.capitalized(findings.axis.plural)} to reach a training {findings.score_name} of")
        beyond = known.beyond({timing.target: timing.name for timing in by_target})
        first = wording.first_evaluated(findings)
        page.note(_REACHED.format(findings.axis.noun) + findings.axis.reason + first + beyond)
    for at in range(0, len(by_target), _ABREAST):
        _times(page, findings, result, [timing.name for timing in by_target[at : at + _ABREAST]])
    return result


def _measures(findings: Findings) -> list[Measure]:
    """The measures of the table of final values, the primary one first; without the validation score beside a test score."""
    tested = findings.known(findings.score("test").column)
    left_out = [findings.primary, *([findings.score("val")] if tested else [])]
    others = [one for one in by_split(by_rank("report")) if findings.known(one.column) and one not in left_out]
    return [findings.primary, *others]


def _reached(timing: Timing, unit: str) -> pd.DataFrame:
    """Per setting: the median time, how many runs reached the target, of how many, and the conclusion."""
    columns = {"estimate": "median", "n": "runs"}
    table = timing.table.rename(columns=columns).set_index("setting")
    table = table[["median", "reached", "runs", "watched_low", "watched_high", "aside", "behind"]]
    return table.add_prefix(f"{unit}_to/{timing.name} ")


def _times(page: Page, findings: Findings, result: pd.DataFrame, targets: Sequence[str]) -> None:
    """Add the table of epochs to the targets."""
    unit = findings.axis.unit
    emphasised = {target: result[f"{unit}_to/{target} behind"].any() for target in targets}
    rows = []
    for row in result.to_dict("records"):
        cells = [Cell(row["setting"], line_style=findings.styles[row["setting"]])]
        for target in targets:
            median, reached, runs = (row[f"{unit}_to/{target} {part}"] for part in ("median", "reached", "runs"))
            worse = row[f"{unit}_to/{target} behind"] or row[f"{unit}_to/{target} aside"]
            best = bool(emphasised[target] and not worse)
            watched = (row[f"{unit}_to/{target} watched_{end}"] for end in ("low", "high"))
            time = median if runs > 0 else np.nan
            cells.append(Cell(findings.axis.number(time, *watched), bold=best, value=time))
            cells.append(Cell(f"{reached:.0f} of {runs:.0f}" if runs > 0 else "", faint=True, value=reached))
        rows.append(cells)
    rest = [column for target in targets for column in (Column(target, 24), Column("runs", 17, size=NOTE))]
    names = Column("setting", WIDTH - sum(column.width for column in rest), "left", SMALL)
    page.table([names, *rest], rows, f"{numbers.capitalized(findings.axis.plural)} to reach {numbers.listing(list(targets))}")
