"""Compose a report: draw its pages in order, number them and add footers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from nnbench.records.declared import declared
from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.errors import LOG, ErrorLog
from nnbench.report.findings import code
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import style, text
from nnbench.report.plots.sheet import Page, Section, line_height
from nnbench.report.sentences import caveats, wording

# Called with the current part, the number of parts done and the total.
Progress = Callable[[str, int, int], None]


NO_ANSWER = f"The answer could not be worked out; the traceback is in {LOG}."


def no_progress(what: str, done: int, of: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One page of the report, with the further sheets that it runs over to.

    Attributes:
        name: of its file, such as `final_table`.
        kind: printed above the title.
        sheets: one or more, in order.
        table: the data drawn on them.
    """

    name: str
    kind: str
    sheets: list[Page]
    table: pd.DataFrame

    @property
    def title(self) -> str:
        """The finding."""
        return self.sheets[0].title or ""


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A report before it is written to files.

    Attributes:
        title: of the document.
        name: of the study, or of what is compared.
        answer: the cover's sentence.
        caveats: limitations of the answer.
        parts: the pages by name, in order.
        missing: the pages that could not be made, each with the reason.
        sheets: all pages with their footers.
        errors: exceptions so far.
    """

    title: str
    name: str
    answer: str
    caveats: list[str]
    parts: dict[str, Part]
    missing: list[tuple[str, str]]
    sheets: list[Page]
    errors: ErrorLog

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The table behind each page, by the page's name."""
        return {name: part.table for name, part in self.parts.items()}


def compose(
    study: Study | Findings, *, title: str, pages: Sequence[str], targets: Sequence[float], progress: Progress = no_progress
) -> Composition:
    """Draw the report of a study, under the style that is set.

    Args:
        title: of the document.
        pages: names of files in `figures`, in the order of the document.
        targets: training accuracies for which the time to reach them is reported.
        progress: called before each page.

    Raises:
        UserError: a page of that name does not exist.
    """
    figures.check(pages)
    findings = study if isinstance(study, Findings) else Findings(study, declared(study.runs, targets=targets))
    options = ReportOptions(title=title, targets=tuple(targets))

    def draw(name: str, section: Section, contents: Sequence[tuple[str, str, int]]) -> pd.DataFrame:
        return figures.load(name)(section, findings, replace(options, contents=tuple(contents)))

    errors = ErrorLog()
    parts, missing = draw_all(list(dict.fromkeys(pages)), draw, errors, progress)
    answer = errors.run("answer", lambda: wording.answer(findings, findings.primary))
    limits = errors.run("caveats", lambda: list(caveats.caveats(findings).values()))
    return Composition(
        title=title,
        name=findings.study.name,
        answer=NO_ANSWER if answer is None else answer,
        caveats=limits or [],
        parts=parts,
        missing=missing,
        sheets=finish(parts, missing, findings.study.name, code.describe(findings.runs)),
        errors=errors,
    )


def draw_all(
    names: Sequence[str],
    draw: Callable[[str, Section, Sequence[tuple[str, str, int]]], pd.DataFrame],
    errors: ErrorLog,
    progress: Progress = no_progress,
) -> tuple[dict[str, Part], list[tuple[str, str]]]:
    """Draw the pages; return the drawn ones by name, and the others with the reason why they are not shown.

    A page is not shown if it raises `NoDataError`, or another exception, which is logged.

    Args:
        names: in the order of the document.
        draw: draws the page of a name into a section, given kind, title and number of the pages so far. The cover is drawn
            last, when they are known.
        errors: receives the exceptions.
    """
    parts: dict[str, Part] = {}
    missing: list[tuple[str, str]] = []
    for done, name in enumerate(sorted(names, key=lambda name: name == "cover")):
        progress(kind_of(name), done, len(names))
        section = Section(kind_of(name))
        try:
            table = draw(name, section, _contents(names, parts))
        except NoDataError as reason:
            missing.append((name, str(reason)))
            continue
        except Exception as error:
            missing.append((name, errors.add(name, error)))
            continue
        for sheet in section.pages:
            sheet.close()
        parts[name] = Part(name=name, kind=section.kind, sheets=section.pages, table=table)
    return {name: parts[name] for name in names if name in parts}, missing


def _contents(names: Sequence[str], parts: Mapping[str, Part]) -> list[tuple[str, str, int]]:
    contents, number = [], 1
    for name in names:
        if name in parts:
            contents.append((parts[name].kind, parts[name].title, number))
        number += 1 if name == "cover" else len(parts[name].sheets) if name in parts else 0
    return contents


def kind_of(name: str) -> str:
    """The name of a page in print."""
    return name.replace("_", " ").capitalize()


def finish(parts: Mapping[str, Part], missing: Sequence[tuple[str, str]], name: str, version: str) -> list[Page]:
    """Return all sheets in order, with the list of missing pages below the last, and a footer on each."""
    sheets = [sheet for part in parts.values() for sheet in part.sheets]
    if missing:
        sheets = _add_missing(sheets, missing)
    for number, page in enumerate(sheets, 1):
        page.rule(style.BOTTOM + 4)
        across = [(style.LEFT, name, "left"), (style.RIGHT, f"page {number}/{len(sheets)}", "right")]
        across.append((style.SHEET[0] / 2, version, "center"))
        for x, words, align in across:
            words = text.fit(words, style.LEAST, 70)
            page.write(x, style.BOTTOM + 6, words, size=style.LEAST, colour=style.MUTED, align=align)
    return sheets


def _add_missing(sheets: list[Page], missing: Sequence[tuple[str, str]]) -> list[Page]:
    """List the pages that are not shown, below the last page or on a new one."""
    sentences = [f"{kind_of(name)}: {reason}." for name, reason in missing]
    lines = sum(len(text.wrap(words, style.SMALL, style.WIDTH)) for words in sentences)
    if not sheets or sheets[-1].room < 20 + line_height(style.SMALL) * lines + len(sentences):
        sheets = [*sheets, Section("Not shown").page("What this study cannot show")]
    page = sheets[-1]
    page.y += 6
    page.heading("Not shown because")
    for words in sentences:
        page.paragraph(words, size=style.SMALL, after=0.6)
    return sheets
