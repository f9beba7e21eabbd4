"""From the store to the report: reads a study, or two, draws it, and says where it is."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.markup import escape

from nnbench.cli.report_progress import followed
from nnbench.cli.summary_table import print_summary
from nnbench.config.command_line import key_of
from nnbench.config.schema import Config, ReportConfig
from nnbench.core import formatting as numbers
from nnbench.core.console import console as make_console
from nnbench.core.console import escape_markup
from nnbench.core.errors import UserError
from nnbench.core.paths import safe_subpath
from nnbench.records import export
from nnbench.records.outcomes import COUNTED
from nnbench.records.study import Study
from nnbench.records.tasks import in_both, in_one, tasks
from nnbench.report import pages as figures
from nnbench.report.comparison import PAGES
from nnbench.report.faults import LOG
from nnbench.report.findings.code import left_out
from nnbench.report.outputs import comparison as compare
from nnbench.report.outputs.files import FILES, Report, publish_contents, write

if TYPE_CHECKING:
    from nnbench.tracking.mlflow.store import Store

logger = logging.getLogger(__name__)

SOME = "pages"  # folder beside a study's report, for a few pages of it: the whole report stays as it is
_WANTED = ["report.title", "report.pages", "report.targets"]
_LONGEST = 100  # bytes of a study's name in that of a folder for two


def report_on(study: Study, wanted: ReportConfig, console: Console, *, within: str = "") -> list[Report]:
    """Write the report on each task of a study, none where no pages are wanted.

    The report on the only task goes into the folder of the study's name, that on one of several into a folder in there.

    Args:
        study: what is reported on.
        wanted: pages, title, targets and folder.
        console: shows the progress.
        within: a further folder, for a part of the pages.
    """
    if not wanted.pages:
        return []
    found, root = tasks(study), Path(wanted.folder)
    with followed(console) as progress:
        reports = [
            write(
                task.study,
                safe_subpath(root, *filter(None, (study.name, task.folder, within))),
                title=wanted.title,
                pages=wanted.pages,
                targets=wanted.targets,
                progress=progress,
            )
            for task in found
        ]
    if len(reports) > 1 and not within:
        publish_contents(safe_subpath(root, study.name), study.name, reports, figures.names())
    return reports


def tell(study: Study, reports: Sequence[Report], console: Console) -> bool:
    """Print the table of each task, the answers, and where the PDFs are; returns whether all of it could be made."""
    found = tasks(study)
    if len(found) > 1:
        console.print(f"{len(found)} tasks, each with a table and a report of its own: nothing is ranked across tasks")
    if told := left_out(study):
        console.print(f"[yellow]{escape(told)}[/yellow]", soft_wrap=True)
    whole = True
    for task in found:
        try:
            print_summary(task.study, console)
        except Exception as error:  # costs no more than itself: the runs are kept, and so is the report
            logger.info("the table could not be made", exc_info=True)
            console.print(f"[red]no table[/red]: {escape_markup(f'{type(error).__name__}: {error}')}")
            whole = False
    for report in reports:
        _tell_where(report, console, reasons=bool(study.runs["outcome"].isin(COUNTED).any()))
        whole = whole and not report.faults
    return whole


def answer(reports: Sequence[Report]) -> str:
    """What the reports say, in a sentence each; which task it is about, where there are several."""
    return " ".join(f"{one.name}: {one.answer}" if len(reports) > 1 else one.answer for one in reports)


def remake(config: Config, overrides: Sequence[str]) -> int:
    """Make a study's report again, or that of two studies side by side, and say where it is.

    Returns:
        The exit status: 0, or 1 where a part of the report could not be made.

    Args:
        config: names the study, or two with a comma between them, and the store.
        overrides: the words of the command: what they say of the report is what the user asked for; the rest is as it was
            when the study was run.

    Raises:
        UserError: there is no such store, or no such study in it.
    """
    console = make_console()
    from nnbench.sweep.recorder import open_store_of  # only here, so that an export needs no MLflow
    from nnbench.tracking.mlflow.reader import read_study

    store = open_store_of(config, create=False)
    names = _studies(store, config.study)
    study, *after = (read_study(store, name) for name in names)
    if not after:
        return _again(study, config.report, overrides, console)
    if {"report", "report.pages"} & {key_of(word) for word in overrides}:
        raise UserError(f"study={config.study}: two studies side by side have pages of their own; leave report and pages out")
    both = "-vs-".join(name.encode()[:_LONGEST].decode(errors="ignore") for name in names)
    folder = safe_subpath(Path(config.report.folder), both)
    pairs = in_both(study, after[0])
    for name, labels in in_one(study, after[0]):
        if labels:
            console.print(f"{escape_markup(name)} alone has {escape_markup(', '.join(labels))}: not compared", soft_wrap=True)
    reports, refusals = [], []
    with followed(console) as progress:
        for first, second in pairs:
            try:
                place = safe_subpath(folder, first.folder) if first.folder else folder
                reports.append(compare.write(first.study, second.study, place, progress=progress))
            except UserError as error:
                refusals.append((first.label, error))
    if not reports:
        raise refusals[0][1]
    for label, refusal in refusals:
        console.print(f"[red]no report[/red] on {escape_markup(label)}: {escape_markup(str(refusal))}", soft_wrap=True)
    if any(report.folder != folder for report in reports):
        publish_contents(folder, " and ".join(names), reports, PAGES)
    for report in reports:
        _tell_where(report, console)
    return 1 if refusals or any(report.faults for report in reports) else 0


def remake_export(folder: Path, config: Config, overrides: Sequence[str]) -> int:
    """Make the report of a study that `nnbench export` has written into `folder`; returns as `remake` does.

    Raises:
        UserError: there is no such export, or it holds another study than the one that is named.
    """
    try:
        study = export.read(folder)
    except UserError as error:
        raise UserError(f"from={error}") from error
    if config.study != study.name and "study" in map(key_of, overrides):
        raise UserError(f"study={config.study}: from={folder} holds the study {study.name}")
    return _again(study, config.report, overrides, make_console())


def _again(study: Study, given: ReportConfig, overrides: Sequence[str], console: Console) -> int:
    """The report on one study; pages that the user picked go into a folder of their own."""
    within = SOME if "report.pages" in map(key_of, overrides) else ""
    whole = tell(study, report_on(study, _wanted(study, given, overrides), console, within=within), console)
    return 0 if whole else 1


def _studies(store: "Store", given: str) -> list[str]:
    """One name, or two with a comma between them, unless a study is called just that."""
    from nnbench.tracking.mlflow.experiment import find_experiment

    if "," not in given:
        return [given]
    with store.told_in_one_line():
        if find_experiment(store, given) is not None:
            return [given]
    names = [name.strip() for name in given.split(",")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise UserError(f"study={given}: must be one study, or two different ones to set side by side")
    return names


def _wanted(study: Study, given: ReportConfig, overrides: Sequence[str]) -> ReportConfig:
    """The report that the study's newest sweep was made for, as its runs say, where the user did not ask for another.

    A single run reports on nothing, and has no say in it where there is a sweep.
    """
    asked = {key_of(word) for word in overrides}
    if "report" in asked:
        return given
    tables = [table for table in (study.runs, study.tuning) if {"report.pages", "started"} <= set(table)]
    if not tables:
        return given
    made = pd.concat([table[["sweep_id", "started", *_WANTED]] for table in tables], ignore_index=True)
    made = made[made["report.pages"].map(lambda pages: isinstance(pages, str) and pages != "[]")]
    turn = {sweep_id: number for number, sweep_id in enumerate(study.sweeps["run_id"])}
    made = made.assign(turn=made["sweep_id"].map(turn).fillna(-1)).sort_values(["turn", "started"])
    if made.empty:
        return given
    title, pages, targets = made[_WANTED].iloc[-1]
    before = {"title": title, "pages": json.loads(pages), "targets": json.loads(targets)}
    return replace(given, **{key: value for key, value in before.items() if f"report.{key}" not in asked})


def _tell_where(report: Report, console: Console, *, reasons: bool = True) -> None:
    """The answer, the pages that are missing, and where the report is.

    Args:
        report: has been written.
        console: the terminal.
        reasons: tell why each page is missing; where no run came to its end, all are for that reason, which is told already.
    """
    console.print(escape_markup(report.answer))
    faulty = {fault.part for fault in report.faults}
    missing = [(page, reason) for page, reason in report.missing if page not in faulty]
    if missing and not reasons:
        console.print(f"not shown: {numbers.count(len(missing), 'page')}")
    for reason, pages in groupby(sorted(missing if reasons else [], key=itemgetter(1)), itemgetter(1)):
        console.print(f"not shown: {', '.join(page for page, _ in pages)}: {escape_markup(reason)}")
    for fault in report.faults:
        console.print(
            f"[red]fault[/red] in {escape_markup(fault.part)}: {escape_markup(fault.reason)}; its traceback is in {LOG}"
        )
    console.print(f"report  [bold]{escape(str(report.pdf))}[/bold], and beside it {', '.join(FILES)}")
