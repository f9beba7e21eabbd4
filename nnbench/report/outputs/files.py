"""Write a report to files: PDF, web page, summary, and a CSV and an SVG for each page."""

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import matplotlib.style
import pandas as pd

from nnbench.core.keys import RankBy, Unit
from nnbench.core.paths import replace_file, require_no_link
from nnbench.records.declared import declared
from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.errors import LOG, LoggedError
from nnbench.report.findings.findings import Findings
from nnbench.report.outputs import html, markdown
from nnbench.report.outputs.document import Composition, Progress, compose, no_progress
from nnbench.report.outputs.pdf import Printed, print_all
from nnbench.report.outputs.svg import draw_plots
from nnbench.report.plots import style

PDF, WEB, SUMMARY, COVER, FIGURES = "report.pdf", "report.html", "summary.md", "cover.png", "figures"
FILES = (WEB, SUMMARY, f"{FIGURES}/")  # the files besides the PDF that a command names


@dataclass(frozen=True, kw_only=True)
class Report:
    """The files of a report.

    Attributes:
        name: of the study, with its task where it has several.
        folder: of all files.
        csvs: the table behind each page, by the page's name.
        svgs: the first plot of each page, likewise; further ones by `name-2` and so on.
        missing: the pages that could not be made, each with the reason.
        errors: the logged exceptions; their tracebacks are in `log`.
        answer: the cover's sentence.
    """

    name: str
    folder: Path
    csvs: dict[str, Path]
    svgs: dict[str, Path]
    missing: list[tuple[str, str]]
    errors: list[LoggedError]
    answer: str

    @property
    def pdf(self) -> Path:
        """The document."""
        return self.folder / PDF

    @property
    def web(self) -> Path:
        """The same as one web page."""
        return self.folder / WEB

    @property
    def summary(self) -> Path:
        """A page of Markdown."""
        return self.folder / SUMMARY

    @property
    def cover(self) -> Path:
        """A picture of the first page."""
        return self.folder / COVER

    @property
    def log(self) -> Path:
        """The tracebacks of the exceptions; exists only if there were any."""
        return self.folder / LOG

    @property
    def files(self) -> list[Path]:
        """All files that exist."""
        whole = [path for path in (self.pdf, self.web, self.summary, self.cover, self.log) if path.exists()]
        return [*whole, *self.csvs.values(), *self.svgs.values()]


def write(
    study: Study,
    folder: Path,
    *,
    title: str,
    pages: Sequence[str],
    targets: Sequence[float],
    rank_by: RankBy | None = None,
    unit: Unit | Literal["auto"] | None = None,
    reference: str | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Write the report of a study into `folder`; the same study gives the same bytes.

    A page or file that raises is left out and listed in `missing`; its traceback is in `report.log`.

    Args:
        folder: created if it does not exist; the files of an earlier report are replaced one at a time.
        title: of the document.
        pages: names of files in `figures`, in the order of the document.
        targets: training accuracies for which the time to reach them is reported.
        rank_by: what settings are ranked by, see `config.sections.ReportConfig`; None for what the newest run declared.
        unit, reference: likewise.
        progress: called before each part.

    Raises:
        UserError: a page of that name does not exist.
    """
    findings = Findings(study, declared(study.runs, targets=targets, rank_by=rank_by, unit=unit, reference=reference))
    return make(
        folder,
        partial(compose, findings, title=title, pages=pages, targets=targets, progress=progress),
        summary=lambda made: markdown.summary(made, findings),
        known=figures.names(),
        progress=progress,
    )


def make(
    folder: Path,
    compose: Callable[[], Composition],
    *,
    summary: Callable[[Composition], str],
    known: Sequence[str],
    progress: Progress,
) -> Report:
    """Compose a report and write its files: the PDF last, so that it is never newer than the files beside it.

    Args:
        folder: where they are written.
        compose: draws the pages.
        summary: makes the Markdown.
        known: names of all pages that a report of this kind can have; the files of an earlier report are removed.
        progress: called before each page is printed.
    """
    with matplotlib.style.context(["default", style.RC]), _fewer_collections():
        made = draw_plots(compose(), progress)
    progress("typesetting", len(made.parts), len(made.parts))
    printed = made.errors.run(PDF, lambda: print_all(made)) or Printed(pdf=b"", cover=b"")
    page = made.errors.run(WEB, lambda: html.page(made))
    text = made.errors.run(SUMMARY, lambda: summary(made))
    tables = {name: made.errors.run(f"{name}.csv", partial(_csv, table)) for name, table in made.tables.items()}
    csvs = {name: replace_file(folder / FIGURES / f"{name}.csv", table) for name, table in tables.items() if table is not None}
    svgs = {name: replace_file(folder / FIGURES / f"{name}.svg", svg.encode()) for name, svg in _pictures(made).items()}
    _clear(folder / FIGURES, known, [*csvs.values(), *svgs.values()])
    log = made.errors.text()
    files = {COVER: printed.cover, SUMMARY: text and text.encode(), WEB: page and page.encode(), LOG: log and log.encode()}
    for name, content in {**files, PDF: printed.pdf}.items():
        if content:
            replace_file(folder / name, content)
        else:  # of an earlier report
            (folder / name).unlink(missing_ok=True)
    return Report(
        name=made.name,
        folder=folder,
        csvs=csvs,
        svgs=svgs,
        missing=made.missing,
        errors=made.errors.logged,
        answer=made.answer,
    )


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Exclude the objects that exist now from Python's garbage collection meanwhile.

    Each of its full passes looks at half a million objects of imported modules, a twentieth of the time of a small report.
    """
    if gc.get_freeze_count():  # the caller has excluded some, which must stay so
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def publish_contents(folder: Path, name: str, reports: Sequence[Report], known: Sequence[str]) -> Path:
    """Write a list of the reports on a study's tasks, in place of an earlier report on the whole study.

    Args:
        folder: the study's.
        name: the study's.
        reports: one a task, each in a folder of its own within `folder`.
        known: as for `make`.
    """
    _clear(folder / FIGURES, known, [])
    for earlier in (PDF, WEB, COVER, LOG):
        (folder / earlier).unlink(missing_ok=True)
    contents = markdown.contents(name, [(one.name, one.pdf, one.answer) for one in reports], folder)
    return replace_file(folder / SUMMARY, contents.encode())


def _clear(folder: Path, known: Sequence[str], kept: Sequence[Path]) -> None:
    """Remove the figures of an earlier report except those in `kept`.

    Raises:
        UserError: the folder is a link: they would not be this report's.
    """
    for earlier in require_no_link(folder).glob("*.[cs][sv][vg]"):
        if re.sub(r"-\d+$", "", earlier.stem) in known and earlier not in kept:
            earlier.unlink()


def _pictures(made: Composition) -> dict[str, str]:
    """The plots of all pages by the names of their files."""
    return {
        f"{name}-{number}" if number > 1 else name: plot.svg_alone
        for name, part in made.parts.items()
        for number, plot in enumerate(part.page.plots, 1)
    }


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()
