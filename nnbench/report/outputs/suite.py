"""Write the report over all problems of a study, in the same files as the report on one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from nnbench.core import formatting as numbers
from nnbench.report import pages as figures
from nnbench.report.errors import ErrorLog
from nnbench.report.findings import code
from nnbench.report.findings.suite import Suite
from nnbench.report.outputs import html as webpage
from nnbench.report.outputs import markdown
from nnbench.report.outputs.document import NO_ANSWER, Composition, Progress, draw_all, finish, no_progress
from nnbench.report.outputs.files import Report, make
from nnbench.report.outputs.markup import BLOCKS, Cell, Column, table
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.sheet import Section
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
        web=lambda made, pictures: _web(made, suite, pictures),
        summary=lambda made: _summary(made, suite, reports, folder),
        known=sorted({*figures.names(), *figures.suite_names()}),  # also those of an earlier study of one problem
        progress=progress,
    )


def compose(suite: Suite, *, title: str, pages: Sequence[str], progress: Progress = no_progress) -> Composition:
    """Draw the pages, under the style that is set."""
    options = ReportOptions(title=title, targets=())  # each problem declares its own

    def draw(name: str, section: Section, contents: Sequence[tuple[str, str, int]]) -> pd.DataFrame:
        return figures.load_suite(name)(section, suite, replace(options, contents=tuple(contents)))

    errors = ErrorLog()
    parts, missing = draw_all(list(dict.fromkeys(pages)), draw, errors, progress)
    return Composition(
        title=title,
        name=suite.study.name,
        answer=errors.run("answer", lambda: sentences.answer(suite)) or NO_ANSWER,
        caveats=errors.run("caveats", lambda: sentences.caveats(suite)) or [],
        parts=parts,
        missing=missing,
        sheets=finish(parts, missing, suite.study.name, code.describe(suite.runs)),
        errors=errors,
    )


def _summary(made: Composition, suite: Suite, reports: Sequence[Report], folder: Path) -> str:
    """The summary: the answer, the compared settings on each problem, the reports on the problems, and the caveats."""
    rows = []
    for row in suite.finals.to_dict("records"):
        value = numbers.interval(row["estimate"], row["low"], row["high"])
        name = markdown.escape(row["setting"])
        lost = f" ({row['diverged']} diverged)" if row["diverged"] else ""
        cells = [
            markdown.escape(row["problem"]),
            numbers.rank(row["rank"]),
            f"**{name}**" if row["leads"] else name,
            f"{row['runs']}{lost}",
        ]
        rows.append([*cells, value, numbers.fixed(row["score"], 2), markdown.escape(row["measure"])])
    heads = ["problem", "rank", "setting", "runs", "value", "score", "measure"]
    links = [f"[{markdown.escape(one.name)}]({quote(one.pdf.relative_to(folder).as_posix())})" for one in reports]
    answers = [f"{link}: {markdown.escape(one.answer)}" for link, one in zip(links, reports, strict=True)]
    missing = [f"Not shown: {name.replace('_', ' ')}, because {markdown.escape(reason)}." for name, reason in made.missing]
    said = (
        f"Interquartile mean over seeds with its {numbers.INTERVAL}; score: from 0 (without learning) to 1 (the best known). "
        "Bold: no other setting of the problem is shown to be better, by ranks within seeds."
    )
    return markdown.document(
        made,
        [
            ("", f"{markdown.table(heads, rows)}\n\n{said}" if rows else ""),
            ("The problems", markdown.bullets(answers)),
            ("How it was run", markdown.bullets([markdown.escape(wording.outcomes(suite.runs))])),
            ("Read this with care", markdown.bullets([*map(markdown.escape, made.caveats), *missing])),
        ],
    )


def _web(made: Composition, suite: Suite, pictures: Mapping[str, Sequence[str]]) -> str:
    web = webpage.Web(suite.styles)
    bodies = {
        name: _finals(web, suite) if name == "final_table" else webpage.pictures(part, pictures[name])
        for name, part in made.parts.items()
        if name != "cover"
    }
    overview = webpage.pictures(made.parts["cover"], pictures["cover"]) if "cover" in made.parts else Markup()
    facts = Markup().join(BLOCKS.caption(words) for words in (wording.outcomes(suite.runs), wording.provenance(suite.runs)))
    return web.render(made, f"{made.title}: {made.name}", overview, facts, bodies)


def _finals(web: webpage.Web, suite: Suite) -> Markup:
    columns = [Column(head="problem", kind="text"), Column(head="rank"), Column(head="setting", kind="text")]
    columns += [Column(head="runs", descending=True), Column(head="value", descending=True)]
    columns += [Column(head="score", descending=True), Column(head="measure", kind="text")]
    rows = []
    for row in suite.finals.to_dict("records"):
        value = numbers.fixed(row["estimate"], numbers.decimals(row["low"], row["high"]))
        lost = f"{row['diverged']} diverged" if row["diverged"] else ""
        rows.append(
            [
                Cell(text=row["problem"]),
                Cell(text=numbers.rank(row["rank"]), value=row["rank"]),
                web.setting(row["setting"]),
                Cell(text=str(row["runs"]), value=row["runs"], note=lost),
                Cell(text=value, value=row["estimate"], note=numbers.bounds(row["low"], row["high"]), bold=row["leads"]),
                Cell(text=numbers.fixed(row["score"], 2), value=row["score"]),
                Cell(text=row["measure"]),
            ]
        )
    return table(columns, rows, "Final values of each setting on each problem")
