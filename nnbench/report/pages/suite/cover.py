"""Page: the cover of a study of several problems, with the answer and the map of settings over problems."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.suite import Suite
from nnbench.report.pages import ReportOptions
from nnbench.report.pages.cover import write_caveats, write_contents
from nnbench.report.plots import text
from nnbench.report.plots.problem_map import problem_map
from nnbench.report.plots.sheet import Page, Section
from nnbench.report.plots.style import BODY, MUTED, SMALL
from nnbench.report.sentences import suite as sentences
from nnbench.report.sentences import wording

_PROBLEMS = 14  # columns of the map; the final table has all
# Rows of the map, the height of one in millimetres, and the columns of the contents; the last is used if none fits.
_LAYOUTS = [(30, 6.2, 1), (30, 5.2, 1), (30, 4.4, 2), (24, 4.4, 2), (16, 4.4, 2), (8, 4.4, 2)]


def draw(section: Section, suite: Suite, options: ReportOptions) -> pd.DataFrame:
    """Draw the cover; return `Suite.cells` without the held-out problems."""
    table = suite.cells[suite.cells["problem"].isin(list(suite.problems))]
    for rows, height, columns in _LAYOUTS:
        page = _page(suite, options, table, rows, height, columns)
        if page.room >= 0:
            break
    section.pages.append(page)
    return table.reset_index(drop=True)


def _page(suite: Suite, options: ReportOptions, table: pd.DataFrame, rows: int, height: float, columns: int) -> Page:
    page = Page(text.legible(options.title))
    page.paragraph(f"nnbench  \N{MIDDLE DOT}  {suite.study.name}", size=BODY, colour=MUTED, after=2.5)
    page.paragraph(options.title, size=20, bold=True, after=3)
    page.paragraph(sentences.answer(suite), size=12, after=3.5)
    shown, problems = suite.settings[:rows], list(suite.problems)[:_PROBLEMS]
    if shown and problems:
        ranks = {name: numbers.fixed(float(rank), 1) for name, rank in suite.across.ranks.items()}
        pairs = {label: f"{len(one.differing)}/{len(one.pairs)}" for label, one in suite.within.items() if one.can_claim}
        right = ("mean rank", {str(name): rank for name, rank in ranks.items()}) if ranks else None
        below = ("pairs shown to differ", pairs) if pairs else None
        problem_map(page, table, shown, problems, suite.styles, right=right, below=below, height=height)
        page.note(_key(suite, table, len(shown), len(problems)), after=3)
    write_caveats(page, sentences.caveats(suite))
    page.y += 1.5
    page.heading("Runs")
    page.paragraph(wording.outcomes(suite.runs), size=SMALL, after=0.9)
    if made_by := wording.provenance(suite.runs):
        page.note(made_by, after=1.5)
    if options.contents:
        write_contents(page, options.contents, compact=True, columns=columns)
    return page


def _key(suite: Suite, table: pd.DataFrame, rows: int, columns: int) -> str:
    words = (
        "Cell: score of the setting on the problem, from 0 (without learning) to 1 (the best known); the scales are in the "
        "final table. The score is the interquartile mean over seeds by which the problem ranks."
    )
    if table["leads"].any():
        words += (
            " Ring and bold: no other setting is shown to be better on the problem, by "
            f"{sentences.tests_within(suite)}; no ring where no difference is shown."
        )
    if table["diverged"].any():
        words += " Hatched: some runs diverged; with more than a quarter of them, the score is 0."
    if len(suite.across.ranks):
        words += " Rows by mean rank over the problems."
    left = [f"{len(suite.settings) - rows} settings"] if len(suite.settings) > rows else []
    left += [f"{len(suite.problems) - columns} problems"] if len(suite.problems) > columns else []
    return words + (f" Not shown here: {numbers.listing(left)}; the final table has all." if left else "")
