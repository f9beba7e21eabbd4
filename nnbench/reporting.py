"""From the store to the report: reads a study, draws it, and says where the PDF is."""

import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from nnbench.config import Config, ReportConfig
from nnbench.recording import open_store_of
from nnbench.report.document import Report, write
from nnbench.study import Study
from nnbench.summary import print_summary
from nnbench.terminal import console as make_console
from nnbench.tracking.reader import read_study


def report_on(study: Study, wanted: ReportConfig) -> Report | None:
    """Write the report of a study, unless no pages are wanted."""
    if not wanted.pages:
        return None
    folder = Path(wanted.folder) / study.name
    return write(study, folder, title=wanted.title, pages=wanted.pages, targets=wanted.targets)


def tell(study: Study, report: Report | None, console: Console) -> None:
    """The table, the answer, and where the PDF is."""
    print_summary(study, console)
    if report is not None:
        console.print(escape(report.answer))
        for page, reason in report.missing:
            console.print(f"not shown: {page}: {escape(reason)}")
        console.print(f"report  [bold]{report.pdf}[/bold]")


def remake(config: Config, *, chosen: bool) -> None:
    """Make a study's report again and say where it is.

    Args:
        config: names the study and the store.
        chosen: `config.report` is what the user asked for; otherwise it is the kind of report that the study was run for.

    Raises:
        UserError: there is no such store, or no such study in it.
    """
    console = make_console()
    study = read_study(open_store_of(config, create=False), config.study)
    tell(study, report_on(study, config.report if chosen else _as_before(study, config.report)), console)


def _as_before(study: Study, usual: ReportConfig) -> ReportConfig:
    """The report that the study's newest run was made for: its parameters say so."""
    made = study.tuning if study.runs.empty else study.runs  # a study that was interrupted while it tuned
    if made.empty:
        return usual
    newest = made.sort_values("started").iloc[-1]
    pages = newest.get("report.pages")
    if not isinstance(pages, str) or pages == "[]":
        return usual
    return replace(
        usual, title=newest["report.title"], pages=json.loads(pages), targets=json.loads(newest["report.targets"])
    )
