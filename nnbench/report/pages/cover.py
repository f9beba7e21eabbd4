"""Page: the cover, with the answer, its interval, the caveats and the contents."""

from collections.abc import Collection, Sequence

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import style, text
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.sheet import Page, Section, line_height
from nnbench.report.plots.style import BODY, LEFT, MUTED, NOTE, SMALL
from nnbench.report.sentences import caveats, wording
from nnbench.stats.signed_rank import LEVEL

# Settings in the forest plot, whether spacing is compact, and columns of the contents; the last is used if none fits.
_LAYOUTS = [(12, False, 1), *((rows, True, columns) for columns in (1, 2) for rows in (12, 10, 8, 6, 4)), (3, True, 2)]


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the cover; return `Findings.ranking` by the primary measure."""
    table = findings.ranking(findings.primary)
    for rows, compact, columns in _LAYOUTS:
        page = _page(findings, options, table, rows, compact=compact, columns=columns)
        if page.room >= 0:
            break
    section.pages.append(page)
    return table


def _page(findings: Findings, options: ReportOptions, table: pd.DataFrame, rows: int, *, compact: bool, columns: int) -> Page:
    """Draw the cover with `rows` settings in its forest plot; the final table has all of them."""
    page = Page(text.legible(options.title))
    between = 3.5 if compact else 7.0
    page.paragraph(f"nnbench  \N{MIDDLE DOT}  {findings.study.name}", size=BODY, colour=MUTED, after=2.5)
    page.paragraph(options.title, size=20 if compact else 24, bold=True, after=4)
    others = wording.disagreement(findings)
    page.paragraph(wording.best(findings, findings.primary), size=12 if compact else 13.5, after=2.5 if others else between)
    if others:
        page.paragraph(others, size=BODY, after=between)
    ranked = table[table["n"] > 0]
    if len(ranked):
        _forest_plot(page, findings, ranked.head(rows), compact=compact)
        page.note(_key(findings, ranked, rows), after=between)
    write_caveats(page, caveats.caveats(findings).values())
    page.y += between - 2.5
    _runs(page, findings, compact=compact)
    if options.contents:
        page.y += between - 2.5
        write_contents(page, options.contents, compact=compact, columns=columns)
    return page


def write_caveats(page: Page, caveats: Collection[str]) -> None:
    """Write the list of caveats."""
    if caveats:
        page.heading("Read this with care")
    for caveat in caveats:
        page.write(LEFT, page.y, "\N{EN DASH}", size=SMALL, colour=MUTED)
        page.paragraph(caveat, size=SMALL, x=LEFT + 4, after=0.9)


def write_contents(page: Page, contents: Sequence[tuple[str, str, int]], *, compact: bool = False, columns: int = 1) -> None:
    """Write number, kind and title of each page, down one column after the other."""
    page.heading("Contents")
    size = NOTE if compact else SMALL
    step = line_height(size) + (0 if compact else 0.5)
    width, rows = style.WIDTH / columns, -(-len(contents) // columns)
    for at, (kind, title, number) in enumerate(contents):
        left, y = LEFT + at // rows * width, page.y + at % rows * step
        page.write(left + 4, y, str(number), size=size, colour=MUTED, align="right")
        page.write(left + 8, y, kind, size=size, colour=MUTED)
        page.write(left + 32, y, text.beginning(title, size, width - 32 - (columns > 1) * 3), size=size)
    page.y += rows * step


def _forest_plot(page: Page, findings: Findings, shown: pd.DataFrame, *, compact: bool) -> None:
    """Draw one row per setting: its runs, their interquartile mean with interval, and the figures."""
    values, rows = findings.by(findings.primary).values, []
    for row in shown.to_dict("records"):
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
    forest_plot(page, rows, findings.primary.name, ("", "", ""), step=5.6 if compact else None, gap=2.5)


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


def _runs(page: Page, findings: Findings, *, compact: bool) -> None:
    """Write how the runs ended, the code and machine, and the last command."""
    page.heading("Runs")
    page.y += 0.5
    outcomes = findings.runs["outcome"]
    outcome_counts = [(len(findings.scored), "completed")]
    outcome_counts += [(int((outcomes == outcome).sum()), outcome) for outcome in ("diverged", "failed", "killed")]
    outcome_counts += [(running, "running")] if (running := int((outcomes == "running").sum())) else []
    if compact:
        page.paragraph(", ".join(f"{number:,} {words}" for number, words in outcome_counts), size=SMALL, after=0.9)
    else:
        _large(page, outcome_counts)
    if made_by := wording.provenance(findings.runs):
        page.note(made_by, after=1)
    commands = findings.commands
    if commands:
        lines = text.wrap(commands[-1], NOTE, style.WIDTH, family=text.MONO)
        page.paragraph(" ".join([*lines[:2], *(["…"] if len(lines) > 2 else [])]), size=NOTE, mono=True, after=1)
    if len(commands) > 1:
        page.note(f"the last of {len(commands)} commands", after=1)


def _large(page: Page, outcome_counts: Sequence[tuple[int, str]]) -> None:
    """Write numbers side by side, each with its outcome below."""
    x = LEFT
    for number, words in outcome_counts:
        page.write(x, page.y, f"{number:,}", size=14, bold=number > 0, colour=style.INK if number else style.FAINT)
        page.write(x, page.y + 6.5, words, size=NOTE, colour=MUTED)
        x += max(text.width(f"{number:,}", 14, bold=True), text.width(words, NOTE)) + 10
    page.y += 13
