"""Page: the cover, with the answer, its interval, the caveats and the contents."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.blocks import Chart
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import charts
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.sentences import caveats, wording
from nnbench.stats.signed_rank import LEVEL

_ROWS = 12  # settings in the forest plot; the final table has all
_COMMANDS = 3


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the cover; return `Findings.ranking` by the primary measure."""
    table = findings.ranking(findings.primary)
    page = section.page(options.title)
    page.lead(wording.best(findings, findings.primary))
    if others := wording.disagreement(findings):
        page.paragraph(others)
    ranked = table[table["n"] > 0]
    if len(ranked):
        _forest_plot(page, findings, ranked)
    if limits := caveats.caveats(findings):
        page.heading("Read this with care")
        page.bullets(limits.values())
    _runs(page, findings)
    page.contents()
    return table


def _forest_plot(page: Page, findings: Findings, ranked: pd.DataFrame) -> None:
    """Draw one row per setting: its runs, their interquartile mean with interval, and the figures."""
    values, rows = findings.by(findings.primary).values, []
    for row in ranked.head(_ROWS).to_dict("records"):
        name, interval = row["setting"], (row["estimate"], row["low"], row["high"])
        diverged = f"{row['diverged']} of {row['counted']} diverged" if row["diverged"] else ""
        rows.append(
            Row(
                name=name,
                figures=(*numbers.estimate_and_bounds(*interval), diverged),
                mark_style=findings.styles[name],
                estimate=interval,
                hollow=row["behind"] or bool(row["aside"]),
                values=values[name],
            )
        )
    shown = ranked.assign(behind=ranked["behind"] | (ranked["aside"] != ""))
    data = charts.intervals(findings.styles, shown, findings.values(findings.primary), findings.primary.name)
    with page.interactive(Chart("intervals", [data])):
        forest_plot(page, rows, findings.primary.name, ("", "", ""), step=5.6 if len(rows) > 8 else None)
    page.note(_key(findings, ranked, _ROWS))


def _key(findings: Findings, ranked: pd.DataFrame, rows: int) -> str:
    """Explain the forest plot."""
    caption = f"Mark: interquartile mean of {findings.primary.name} over seeds, of the completed runs."
    if ranked["n"].max() > 1:
        caption += " Small dots: single runs."
    if ranked["low"].notna().any():
        caption += f" Bar: its {numbers.INTERVAL}."
    aside = (ranked["aside"] != "").any()
    if ranked["behind"].any() or aside:
        caption += (
            f" Hollow: shown to be worse than the first, by the {wording.test(findings)}, "
            f"Holm-corrected, at level {LEVEL:g}{', or not ranked' if aside else ''}. Filled: not shown to "
            "differ from it."
        )
    if findings.by(findings.primary).conclusion.diverged:
        caption += " The order is that of the ranking, in which a diverged run is worse than any other."
    if len(ranked) > rows:
        caption += f" The {len(ranked) - rows} settings that rank below are in the final table."
    return caption


def _runs(page: Page, findings: Findings) -> None:
    """Write how the runs ended, the code and machine, and the commands."""
    if findings.runs.empty:
        return
    page.heading("Runs")
    page.paragraph(wording.outcomes(findings.runs), small=True)
    if made_by := wording.provenance(findings.runs):
        page.note(made_by)
    for command in findings.commands[-_COMMANDS:]:
        page.code(command)
    if len(findings.commands) > _COMMANDS:
        page.note(f"The last {_COMMANDS} of {len(findings.commands)} commands; the page Provenance has all.")
