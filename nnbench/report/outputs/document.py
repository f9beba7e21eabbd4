"""Compose a report: draw its pages in order, and list those that cannot be shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from nnbench.core.palette import LineStyle
from nnbench.records.declared import declared
from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.errors import LOG, ErrorLog
from nnbench.report.findings import code
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.sentences import caveats, wording

# Called with the current part, the number of parts done and the total.
Progress = Callable[[str, int, int], None]


NO_ANSWER = f"The answer could not be worked out; the traceback is in {LOG}."


def no_progress(what: str, done: int, of: int) -> None:
    """Ignore progress."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One page of the report.

    Attributes:
        name: of its file, such as `final_table`.
        kind: printed above the title.
        page: title, caption and blocks.
        table: the data drawn on it.
    """

    name: str
    kind: str
    page: Page
    table: pd.DataFrame

    @property
    def title(self) -> str:
        """The finding."""
        return self.page.title


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
        version: of the code of the runs.
        styles: the line style of each setting.
        errors: exceptions so far.
    """

    title: str
    name: str
    answer: str
    caveats: list[str]
    parts: dict[str, Part]
    missing: list[tuple[str, str]]
    version: str
    styles: Mapping[str, LineStyle] = field(default_factory=dict)
    errors: ErrorLog

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The table behind each page, by the page's name."""
        return {name: part.table for name, part in self.parts.items()}

    @property
    def not_shown(self) -> list[str]:
        """A sentence for each page that could not be made."""
        return [f"{kind_of(name)}: {reason}." for name, reason in self.missing]


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
    return assemble(
        pages,
        lambda name, section: figures.load(name)(section, findings, options),
        title=title,
        name=findings.study.name,
        answer=lambda: wording.answer(findings, findings.primary),
        caveats=lambda: list(caveats.caveats(findings).values()),
        version=code.describe(findings.runs),
        styles=lambda: findings.styles,
        progress=progress,
    )


def assemble(
    names: Sequence[str],
    draw: Callable[[str, Section], pd.DataFrame],
    *,
    title: str,
    name: str,
    answer: Callable[[], str],
    caveats: Callable[[], list[str]],
    version: str,
    styles: Callable[[], Mapping[str, LineStyle]],
    progress: Progress = no_progress,
) -> Composition:
    """Draw the pages of those names; a page or sentence that raises is left out and logged.

    Args:
        names: of the pages, in the order of the document.
        draw: draws the page of a name into a section, and returns its table; raises `NoDataError` if it has nothing to show.
        title, name, version: see `Composition`.
        answer, caveats, styles: compute what `Composition` has under these names.
        progress: called before each page.
    """
    errors = ErrorLog()
    parts: dict[str, Part] = {}
    missing: list[tuple[str, str]] = []
    pages = list(dict.fromkeys(names))
    for done, page in enumerate(pages):
        progress(kind_of(page), done, len(pages))
        section = Section(kind_of(page))
        try:
            table = draw(page, section)
            parts[page] = Part(name=page, kind=section.kind, page=section.begun, table=table)
        except NoDataError as reason:
            missing.append((page, str(reason)))
        except Exception as error:
            missing.append((page, errors.add(page, error)))
    return Composition(
        title=title,
        name=name,
        answer=errors.run("answer", answer) or NO_ANSWER,
        caveats=errors.run("caveats", caveats) or [],
        parts=parts,
        missing=missing,
        version=version,
        styles=errors.run("styles", styles) or {},
        errors=errors,
    )


def kind_of(name: str) -> str:
    """The name of a page in print."""
    return name.replace("_", " ").capitalize()
