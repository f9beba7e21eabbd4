"""The report as files: a PDF, a web page, a summary, and for every page its table and its picture."""

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.style

from nnbench.report import figures, markdown, style, webpage
from nnbench.report.document import Composition, Progress, compose, quiet
from nnbench.report.findings import Findings
from nnbench.report.printing import Printed, print_all
from nnbench.study import Study

PDF, WEB, SUMMARY, COVER, FIGURES = "report.pdf", "report.html", "summary.md", "cover.png", "figures"
FILES = (WEB, SUMMARY, f"{FIGURES}/")  # what a reader may want besides the PDF


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was written.

    Attributes:
        folder: holds all of it.
        csvs: the table behind each page, by the page's name.
        svgs: a picture of each page, likewise; of further sheets with figures, by `name-2` and so on.
        missing: the pages that could not be made, each with the reason.
        answer: the cover's sentence.
    """

    folder: Path
    csvs: dict[str, Path]
    svgs: dict[str, Path]
    missing: list[tuple[str, str]]
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
    def files(self) -> list[Path]:
        """All of it."""
        return [self.pdf, self.web, self.summary, self.cover, *self.csvs.values(), *self.svgs.values()]


def write(
    study: Study,
    folder: Path,
    *,
    title: str,
    pages: Sequence[str],
    targets: Sequence[float],
    progress: Progress = quiet,
) -> Report:
    """Write the report of a study into `folder`; the same study gives the same bytes.

    Args:
        study: what is reported on.
        folder: made where it does not exist; what an earlier report left there is replaced, a file at a time.
        title: of the document.
        pages: names of files in `figures`, in the order of the document.
        targets: training accuracies whose time to reach is told.
        progress: is told what is being made.

    Raises:
        UserError: a page of that name does not exist.
    """
    findings = Findings(study)
    with matplotlib.style.context(["default", style.RC]):
        made = compose(findings, title=title, pages=pages, targets=targets, progress=progress)
        printed = print_all(made, progress)
    web = webpage.study(made, findings, printed.figures)
    summary = markdown.summary(made, findings)
    return publish(made, printed, folder, web=web, summary=summary, known=figures.names())


def publish(made: Composition, printed: Printed, folder: Path, *, web: str, summary: str, known: Sequence[str]) -> Report:
    """Put a report into its folder: the PDF last, so that it never is newer than what lies beside it.

    Args:
        known: the names of all pages that a report of this kind may have, whose files an earlier one may have left.
    """
    tables = {name: table.to_csv(index=False, lineterminator="\n") for name, table in made.tables.items()}
    csvs = {name: _replace(folder / FIGURES / f"{name}.csv", words.encode()) for name, words in tables.items()}
    svgs = {name: _replace(folder / FIGURES / f"{name}.svg", words.encode()) for name, words in printed.svgs.items()}
    for earlier in (folder / FIGURES).glob("*.[cs][sv][vg]"):
        if re.sub(r"-\d+$", "", earlier.stem) in known and earlier not in (*csvs.values(), *svgs.values()):
            earlier.unlink()
    _replace(folder / COVER, printed.cover)
    _replace(folder / SUMMARY, summary.encode())
    _replace(folder / WEB, web.encode())
    _replace(folder / PDF, printed.pdf)
    return Report(folder=folder, csvs=csvs, svgs=svgs, missing=made.missing, answer=made.answer)


def _replace(path: Path, content: bytes) -> Path:
    """Write a file as a whole or not at all, so that a reader never meets half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
