"""Page: the final values of every setting on every problem, by the measure that ranks the problem."""

import math

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.scale import Scale, scale_of
from nnbench.report.findings.suite import Suite
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import NOTE, SMALL, WIDTH
from nnbench.report.sentences.suite import within

_CAPTION = (
    "Settings are ranked within a problem only, by the measure that is named above its table: interquartile mean over seeds "
    f"of the completed runs, with its {numbers.INTERVAL}. Score: the value on the scale of the problem. Bold: no other "
    "setting is shown to be better, by the tests that the cover names; no bold where no difference is shown."
)


def draw(section: Section, suite: Suite, options: ReportOptions) -> pd.DataFrame:
    """Draw a table for each problem; return `Suite.finals` with the scale of each problem.

    Returns:
        Also `zero` and `one` (the values with the scores 0 and 1), `zero_name`, `one_name`, `logarithmic`.
    """
    if not any(len(one.ended) for one in suite.all.values()):
        raise NoDataError("no run has ended on any problem")
    page = section.page(within(suite).rstrip("."), _CAPTION)
    parts = []
    for label, part in suite.finals.groupby("problem", sort=False):
        scale = scale_of(suite.all[str(label)])
        _problem(page, suite.all[str(label)], scale, part)
        parts.append(part.assign(**vars(scale)))
    return pd.concat(parts, ignore_index=True)


def _problem(page: Page, findings: Findings, scale: Scale, part: pd.DataFrame) -> None:
    """Draw the table of one problem below the others."""
    page.heading(f"{part['problem'].iloc[0]}: {part['measure'].iloc[0]}")
    if not math.isnan(scale.one):
        logarithmic = ", on a logarithmic scale" if scale.logarithmic else ""
        zero, one = (f"{name} ({numbers.fixed(value)})" for name, value in scale.anchors.items())
        page.note(f"Score 0: {zero}; score 1: {one}{logarithmic}.")
    columns = [
        Column("rank", 10),
        Column("setting", WIDTH - 105, "left", SMALL),
        Column("runs", 23, size=NOTE),
        Column(findings.primary.short, 24, "decimal"),
        Column("95 % interval", 30, "left", NOTE),
        Column("score", 18, "decimal"),
    ]
    rows: list[list[Cell | str]] = []
    for row in part.to_dict("records"):
        lost = f"{row['diverged']} diverged" if row["diverged"] else ""
        value = numbers.fixed(row["estimate"], numbers.decimals(row["low"], row["high"]))
        rows.append(
            [
                numbers.rank(row["rank"]),
                Cell(row["setting"], line_style=findings.styles[row["setting"]], bold=row["leads"]),
                Cell(str(row["runs"]), lost, warning=bool(lost), value=row["runs"]),
                Cell(value, bold=row["leads"], value=row["estimate"]),
                numbers.bounds(row["low"], row["high"]),
                numbers.fixed(row["score"], 2),
            ]
        )
    page.table(columns, rows, f"Final values on {part['problem'].iloc[0]}")
