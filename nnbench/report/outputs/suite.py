"""Write the report over all problems of a study, in the same files as the report on one of them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

from nnbench.core import formatting as numbers
from nnbench.report import pages as figures
from nnbench.report.blocks import Cell, Column, Table
from nnbench.report.findings import code
from nnbench.report.findings.suite import Suite
from nnbench.report.outputs import markdown
from nnbench.report.outputs.document import Composition, Progress, assemble, no_progress
from nnbench.report.outputs.files import Report, make
from nnbench.report.pages import ReportOptions
from nnbench.report.sentences import suite as sentences
from nnbench.report.sentences import wording


def write(
    suite: Suite,
    folder: Path,
    reports: Sequence[Report],
    *,
    title: str,
    pages: Sequence[str],
    progress: Progress = no_progress,
) -> Report:
    """Write the report over all problems into `folder`; the same study gives the same bytes.

    Args:
        suite: the findings.
        folder: of the study.
        reports: those on the single problems, in folders within `folder`; the summary has links to them.
        title: of the document.
        pages: names of pages over several problems, in the order of the document.
        progress: called before each part.
    """
    return make(
        folder,
        partial(compose, suite, title=title, pages=pages, progress=progress),
        summary=lambda made: _summary(made, suite, reports, folder),
        known=sorted({*figures.names(), *figures.suite_names()}),  # also those of an earlier study of one problem
        progress=progress,
    )


def compose(suite: Suite, *, title: str, pages: Sequence[str], progress: Progress = no_progress) -> Composition:
    """Draw the pages, under the style that is set."""
    options = ReportOptions(title=title, targets=())  # each problem declares its own
    return assemble(
        pages,
        lambda name, section: figures.load_suite(name)(section, suite, options),
        title=title,
        name=suite.study.name,
        answer=lambda: sentences.answer(suite),
        caveats=lambda: sentences.caveats(suite),
        version=code.describe(suite.runs),
        styles=lambda: suite.styles,
        progress=progress,
    )


def _summary(made: Composition, suite: Suite, reports: Sequence[Report], folder: Path) -> str:
    """The summary: the answer, the compared settings on each problem, the reports on the problems, and the caveats."""
    links = [f"[{markdown.escape(one.name)}]({quote(one.pdf.relative_to(folder).as_posix())})" for one in reports]
    answers = [f"{link}: {markdown.escape(one.answer)}" for link, one in zip(links, reports, strict=True)]
    said = (
        f"Interquartile mean over seeds with its {numbers.INTERVAL}; score: from 0 (without learning) to 1 (the best known). "
        "Bold: no other setting of the problem is shown to be better, by ranks within seeds."
    )
    block = _finals(suite)
    return markdown.document(
        made,
        [
            ("", f"{markdown.table(block)}\n\n{said}" if block.rows else ""),
            ("The problems", markdown.bullets(answers)),
            ("How it was run", markdown.bullets([markdown.escape(wording.outcomes(suite.runs))])),
            ("Read this with care", markdown.care(made)),
        ],
    )


def _finals(suite: Suite) -> Table:
    """One table of all problems."""
    columns = [Column("problem", 0, "left"), Column("rank", 0), Column("setting", 0, "left"), Column("runs", 0)]
    columns += [Column("value", 0), Column("score", 0), Column("measure", 0, "left")]
    rows = []
    for row in suite.finals.to_dict("records"):
        lost = f"{row['diverged']} diverged" if row["diverged"] else ""
        value = numbers.fixed(row["estimate"], numbers.decimals(row["low"], row["high"]))
        cells = [Cell(row["problem"]), Cell(numbers.rank(row["rank"])), Cell(row["setting"], bold=row["leads"])]
        cells += [Cell(str(row["runs"]), lost), Cell(value, numbers.bounds(row["low"], row["high"]))]
        rows.append([*cells, Cell(numbers.fixed(row["score"], 2)), Cell(row["measure"])])
    return Table(columns, rows)
