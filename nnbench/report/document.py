"""The report as a whole: its pages in order, a footer on each, and a file for every table."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import matplotlib.style
import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages
from pypdf import PdfReader, PdfWriter

from nnbench.report import figures, style, text, wording
from nnbench.report.figures import NotShown, Settings
from nnbench.report.findings import Findings
from nnbench.report.page import Pad, Page
from nnbench.study import Study

SCREEN = 80  # dots an inch of the picture of the first page


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was written.

    Attributes:
        pdf: the document.
        cover: a picture of its first page.
        csvs: the table behind each page, by the page's name.
        missing: the pages that could not be made, each with the reason.
        answer: the cover's sentence.
    """

    pdf: Path
    cover: Path
    csvs: dict[str, Path]
    missing: list[tuple[str, str]]
    answer: str


@dataclass(frozen=True, kw_only=True)
class Composition:
    """A report before it is put into files.

    Attributes:
        sheets: its pages, footers and all.
        tables: the table behind each page, by the page's name.
        missing: the pages that could not be made, each with the reason.
        answer: the cover's sentence.
    """

    sheets: list[Page]
    tables: dict[str, pd.DataFrame]
    missing: list[tuple[str, str]]
    answer: str


def write(study: Study, folder: Path, *, title: str, pages: Sequence[str], targets: Sequence[float]) -> Report:
    """Write `report.pdf`, `cover.png` and `figures/<page>.csv` into `folder`; the same study gives the same bytes.

    Args:
        study: what is reported on.
        folder: made where it does not exist; what an earlier report left there is replaced, a file at a time.
        title: of the document.
        pages: names of files in `figures`, in the order of the document.
        targets: training accuracies whose time to reach is told.

    Raises:
        UserError: a page of that name does not exist.
    """
    with matplotlib.style.context(["default", style.RC]):
        made = compose(study, title=title, pages=pages, targets=targets)
        pdf = _bind(made.sheets, title=f"{title}: {study.name}", subject=made.answer)
        cover = BytesIO()
        made.sheets[0].figure.savefig(cover, format="png", dpi=SCREEN, metadata={"Software": None})
    csvs = {}
    for name in figures.names():
        path = folder / "figures" / f"{name}.csv"
        if name in made.tables:
            _replace(path, made.tables[name].to_csv(index=False, lineterminator="\n").encode())
            csvs[name] = path
        else:
            path.unlink(missing_ok=True)  # an earlier report's
    _replace(folder / "cover.png", cover.getvalue())
    _replace(folder / "report.pdf", pdf)
    return Report(pdf=folder / "report.pdf", cover=folder / "cover.png", csvs=csvs, missing=made.missing, answer=made.answer)


def compose(study: Study, *, title: str, pages: Sequence[str], targets: Sequence[float]) -> Composition:
    """Draw the pages, with the arguments of `write` and under the style that is set."""
    draws = {name: figures.load(name) for name in pages}
    findings = Findings(study)
    bound, tables, missing = _draw(draws, findings, Settings(title=title, targets=tuple(targets)))
    sheets = [page for part in bound.values() for page in part]
    if missing:
        sheets = _say_missing(sheets, missing)
    _footers(sheets, study)
    answer = wording.verdict(findings, findings.primary)
    return Composition(sheets=sheets, tables=tables, missing=missing, answer=answer)


def _draw(
    draws: dict[str, figures.Draw], findings: Findings, settings: Settings
) -> tuple[dict[str, list[Page]], dict[str, pd.DataFrame], list[tuple[str, str]]]:
    """The sheets of each page, its table, and the pages that could not be made. The cover comes last: it lists them."""
    bound: dict[str, list[Page]] = {name: [] for name in draws}
    tables: dict[str, pd.DataFrame] = {}
    missing: list[tuple[str, str]] = []
    for name in sorted(draws, key=lambda name: name == "cover"):
        pad = Pad(_kind(name))
        contents, number = [], 1
        for other in draws:
            if bound[other]:
                contents.append((_kind(other), bound[other][0].title or "", number))
            number += 1 if other == "cover" else len(bound[other])
        try:
            tables[name] = draws[name](pad, findings, replace(settings, contents=tuple(contents)))
            bound[name] = pad.pages
        except NotShown as reason:
            missing.append((name, str(reason)))
    return bound, tables, missing


def _kind(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _say_missing(sheets: list[Page], missing: list[tuple[str, str]]) -> list[Page]:
    """The list of what is not shown, below the last page or on one of its own."""
    if not sheets or sheets[-1].room < 20 + 8 * len(missing):
        sheets = [*sheets, Pad("Not shown").page("What this study cannot show")]
    page = sheets[-1]
    page.y += 6
    page.heading("Not shown because")
    for name, reason in missing:
        page.paragraph(f"{_kind(name)}: {reason}.", size=style.SMALL, after=0.6)
    return sheets


def _footers(sheets: Sequence[Page], study: Study) -> None:
    commits = wording.distinct(study.runs, "commit")
    commit = f"commit {commits[0][:10]}" if len(commits) == 1 else f"{len(commits) or 'unknown'} commits"
    for number, page in enumerate(sheets, 1):
        page.rule(style.BOTTOM + 4)
        across = [(style.LEFT, study.name, "left"), (style.RIGHT, f"page {number}/{len(sheets)}", "right")]
        across.append((style.SHEET[0] / 2, commit, "center"))
        for x, words, align in across:
            page.write(
                x, style.BOTTOM + 6, text.fit(words, style.LEAST, 70), size=style.LEAST, colour=style.MUTED, align=align
            )


def _bind(sheets: Sequence[Page], *, title: str, subject: str) -> bytes:
    """The PDF, with a bookmark to each finding and no date in it."""
    drawn, bound = BytesIO(), BytesIO()
    with PdfPages(drawn, metadata={"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}) as pdf:
        for page in sheets:
            pdf.savefig(page.figure)
    writer = PdfWriter(clone_from=PdfReader(drawn))
    writer.add_metadata({"/Title": title, "/Subject": subject, "/Creator": "nnbench"})
    for number, page in enumerate(sheets):
        if page.title is not None:
            writer.add_outline_item(title=page.title, page_number=number)
    writer.write(bound)
    return bound.getvalue()


def _replace(path: Path, content: bytes) -> None:
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
