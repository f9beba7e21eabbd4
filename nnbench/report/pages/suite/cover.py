"""Page: the cover of a study of several problems, with the answer and the map of settings over problems."""

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.suite import Suite
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Section
from nnbench.report.plots.problem_map import problem_map
from nnbench.report.sentences import suite as sentences
from nnbench.report.sentences import wording

_PROBLEMS = 14  # columns of the map; the final table has all
_ROWS = 30


def draw(section: Section, suite: Suite, options: ReportOptions) -> pd.DataFrame:
    """Draw the cover; return `Suite.cells` without the held-out problems."""
    table = suite.cells[suite.cells["problem"].isin(list(suite.problems))]
    page = section.page(options.title)
    page.lead(sentences.answer(suite))
    shown, problems = suite.settings[:_ROWS], list(suite.problems)[:_PROBLEMS]
    if shown and problems:
        ranks = {name: numbers.fixed(float(rank), 1) for name, rank in suite.across.ranks.items()}
        pairs = {label: f"{len(one.differing)}/{len(one.pairs)}" for label, one in suite.within.items() if one.can_claim}
        right = ("mean rank", {str(name): rank for name, rank in ranks.items()}) if ranks else None
        below = ("pairs shown to differ", pairs) if pairs else None
        problem_map(page, table, shown, problems, suite.styles, right=right, below=below)
        page.note(_key(suite, table, len(shown), len(problems)))
    if limits := sentences.caveats(suite):
        page.heading("Read this with care")
        page.bullets(limits)
    page.heading("Runs")
    page.paragraph(wording.outcomes(suite.runs), small=True)
    if made_by := wording.provenance(suite.runs):
        page.note(made_by)
    page.contents()
    return table.reset_index(drop=True)


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
