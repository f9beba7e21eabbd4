"""Report of a study, or of two side by side: reads the store, writes the report, and prints its path."""

import json
import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.markup import escape

from nnbench.cli.report_progress import shown_progress
from nnbench.cli.summary_table import print_summary
from nnbench.config.command_line import key_of
from nnbench.config.schema import Config
from nnbench.config.sections import ReportConfig
from nnbench.core import formatting as numbers
from nnbench.core.console import console as make_console
from nnbench.core.console import escape_markup
from nnbench.core.errors import UserError
from nnbench.core.keys import PROBLEM
from nnbench.core.paths import safe_subpath
from nnbench.records import export
from nnbench.records.declared import RANK_BY, REFERENCE, TARGETS_KEY, UNIT, Declared, declared
from nnbench.records.outcomes import COUNTED
from nnbench.records.study import Study
from nnbench.records.tasks import Task, common_tasks, tasks, unmatched_tasks
from nnbench.report import pages as figures
from nnbench.report.comparison import PAGES
from nnbench.report.errors import LOG
from nnbench.report.findings.code import left_out
from nnbench.report.findings.suite import Suite
from nnbench.report.outputs import comparison as compare
from nnbench.report.outputs import suite
from nnbench.report.outputs.files import FILES, Report, publish_contents, write

if TYPE_CHECKING:
    from nnbench.tracking.mlflow.store import Store

logger = logging.getLogger(__name__)

PAGES_FOLDER = "pages"  # subfolder for a selection of pages, so that the whole report is not overwritten
OPTIONS = {"title": "report.title", "pages": "report.pages", "targets": TARGETS_KEY, "rank_by": RANK_BY}
OPTIONS |= {"unit": UNIT, "reference": REFERENCE}
_LONGEST = 100  # bytes of each study's name in the name of the folder of two


def report_on(
    study: Study, options: ReportConfig, console: Console, *, within: str = "", fixed: Collection[str] = ()
) -> list[Report]:
    """Write the reports on a study; none if the config lists no pages.

    The report on a single task is written into the folder of the study's name. Of several tasks, each has its report in a
    subfolder, and that over all of them, the first of the list, is in the folder.

    Args:
        study: the study.
        options: pages, title, targets, `rank_by` and folder.
        console: shows the progress.
        within: a further subfolder, for a selection of pages.
        fixed: keys of `options`, such as `targets`, that hold for every task, see `_judged`.

    Raises:
        UserError: a page does not exist, or all of them need several tasks and the study has one.
    """
    if not options.pages:
        return []
    figures.check(options.pages)
    found, root = tasks(study), Path(options.folder)
    pages = [name for name in options.pages if name in figures.names()]
    # Tests across problems take them as independent, which the budgets of one problem are not.
    several = len(found) > 1 and all(task.study.other_budgets.empty for task in found)
    across = [name for name in options.pages if name in figures.suite_names()] if several else []
    if not (pages or across):
        raise UserError(f"report.pages={options.pages}: needs several problems, and the study {study.name} has one")
    each = _judged(found, options, fixed)
    with shown_progress(console) as progress:
        reports = [
            write(
                task.study,
                safe_subpath(root, *filter(None, (study.name, task.folder, within))),
                title=options.title,
                pages=pages,
                targets=judged.targets,
                rank_by=judged.rank_by,
                unit=judged.unit,
                reference=judged.reference,
                progress=progress,
            )
            for task, judged in (each if pages else [])
        ]
        if across:
            whole = Suite(study, {task.label: judged for task, judged in each})
            folder = safe_subpath(root, *filter(None, (study.name, within)))
            links = [] if within else reports
            overall = suite.write(whole, folder, links, title=options.title, pages=across, progress=progress)
            return [overall, *reports]
    if len(reports) > 1 and not within:
        publish_contents(safe_subpath(root, study.name), study.name, reports, figures.names())
    return reports


def _judged(found: Sequence[Task], options: ReportConfig, fixed: Collection[str]) -> list[tuple[Task, Declared]]:
    """Return what the settings of each task are judged by.

    A study with one task is judged by `options`. If there are several, each problem is judged by what its newest run was
    started with, except for the keys in `fixed`.
    """
    given = Declared(rank_by=options.rank_by, targets=tuple(options.targets), unit=options.unit, reference=options.reference)
    if len(found) == 1:
        return [(found[0], given)]
    kept = {key: value for key, value in vars(given).items() if key in fixed}
    return [(task, declared(runs, **kept) if len(runs := _on_problem(task.study)) else given) for task in found]


def _on_problem(study: Study) -> pd.DataFrame:
    return study.runs[study.runs[PROBLEM].notna()] if PROBLEM in study.runs else study.runs[:0]


def print_results(
    study: Study, reports: Sequence[Report], console: Console, options: ReportConfig, fixed: Collection[str] = ()
) -> bool:
    """Print the table of each task, the answers, and the paths of the PDFs; returns whether all could be made.

    Args:
        study: the study.
        reports: those of its tasks.
        console: the terminal.
        options, fixed: as for `report_on`.
    """
    found = tasks(study)
    if len(found) > 1:
        console.print(f"{len(found)} tasks, each with its own table and report; settings are not ranked across tasks")
    if omitted := left_out(study):
        console.print(f"[yellow]{escape(omitted)}[/yellow]", soft_wrap=True)
    complete = True
    for task, judged in _judged(found, options, fixed):
        try:
            print_summary(task.study, console, judged)
        except Exception as error:  # the runs and the report are not affected
            logger.info("the table could not be made", exc_info=True)
            console.print(f"[red]no table[/red]: {escape_markup(f'{type(error).__name__}: {error}')}")
            complete = False
    for report in reports:
        _print_report(report, console, reasons=bool(study.runs["outcome"].isin(COUNTED).any()))
        complete = complete and not report.errors
    return complete


def answer(reports: Sequence[Report]) -> str:
    """Return the answer of the report on the whole study; without one, join those on its tasks, each with the name."""
    if len(reports) > 1 and _is_overall(reports[0], reports[1]):
        return reports[0].answer
    return " ".join(f"{one.name}: {one.answer}" if len(reports) > 1 else one.answer for one in reports)


def problem_answers(reports: Sequence[Report]) -> dict[str, str]:
    """Return the answers of the reports on the single tasks by the label of the task, if there is one on all of them."""
    if len(reports) < 2 or not _is_overall(reports[0], reports[1]):
        return {}
    return {one.name.removeprefix(f"{reports[0].name}: "): one.answer for one in reports[1:]}


def _is_overall(first: Report, second: Report) -> bool:
    """Whether the first report is on the whole study of which the second is on a task."""
    return second.name.startswith(f"{first.name}: ")


def remake(config: Config, overrides: Sequence[str]) -> int:
    """Remake the report of a study, or of two studies side by side, and print its path.

    Returns:
        The exit status: 0, or 1 if a part of the report is missing.

    Args:
        config: holds the study, or two with a comma between them, and the store.
        overrides: those of the command; report options that they do not set are taken from the study's last sweep.

    Raises:
        UserError: the store or the study does not exist.
    """
    console = make_console()
    from nnbench.sweep.recorder import open_store_of  # only here, so that an export needs no MLflow
    from nnbench.tracking.mlflow.reader import read_study

    store = open_store_of(config, create=False)
    names = _studies(store, config.study)
    study, *after = (read_study(store, name) for name in names)
    if not after:
        return _remake_one(study, config.report, overrides, console)
    if {"report", "report.pages"} & {key_of(override) for override in overrides}:
        raise UserError(f"study={config.study}: a comparison of two studies has fixed pages; leave out report and pages")
    both = "-vs-".join(name.encode()[:_LONGEST].decode(errors="ignore") for name in names)
    folder = safe_subpath(Path(config.report.folder), both)
    pairs = common_tasks(study, after[0])
    for name, labels in unmatched_tasks(study, after[0]):
        if labels:
            console.print(
                f"{escape_markup(name)} has {escape_markup(', '.join(labels))}, which the other study has not: not compared",
                soft_wrap=True,
            )
    reports, refusals = [], []
    with shown_progress(console) as progress:
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
        _print_report(report, console)
    return 1 if refusals or any(report.errors for report in reports) else 0


def remake_export(folder: Path, config: Config, overrides: Sequence[str]) -> int:
    """Make the report of a study from the files of `nnbench export`; returns the exit status, as `remake`.

    Raises:
        UserError: the export does not exist, or has a study of another name.
    """
    try:
        study = export.read(folder)
    except UserError as error:
        raise UserError(f"from={error}") from error
    if config.study != study.name and "study" in map(key_of, overrides):
        raise UserError(f"study={config.study}: from={folder} holds the study {study.name}")
    return _remake_one(study, config.report, overrides, make_console())


def _remake_one(study: Study, given: ReportConfig, overrides: Sequence[str], console: Console) -> int:
    """Remake the report on one study; a selection of pages goes into a subfolder. Returns the exit status."""
    within = PAGES_FOLDER if "report.pages" in map(key_of, overrides) else ""
    fixed = {key for key, name in OPTIONS.items() if name in map(key_of, overrides)}
    options = _report_options(study, given, overrides)
    reports = report_on(study, options, console, within=within, fixed=fixed)
    return 0 if print_results(study, reports, console, options, fixed) else 1


def _studies(store: "Store", given: str) -> list[str]:
    """Split `study=A,B` into two names; a study whose own name has the comma is one."""
    from nnbench.tracking.mlflow.experiment import find_experiment

    if "," not in given:
        return [given]
    with store.user_errors():
        if find_experiment(store, given) is not None:
            return [given]
    names = [name.strip() for name in given.split(",")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise UserError(f"study={given}: must be one study, or two different ones to compare")
    return names


def _report_options(study: Study, given: ReportConfig, overrides: Sequence[str]) -> ReportConfig:
    """Report options of the study's newest sweep, as its runs store them, overridden by those of the command.

    Options of a single run, which makes no report, count only if there is no sweep.
    """
    set_keys = {key_of(override) for override in overrides}
    if "report" in set_keys:
        return given
    tables = [table for table in (study.runs, study.tuning) if {"report.pages", "started"} <= set(table)]
    if not tables:
        return given
    columns = ["sweep_id", "started", *OPTIONS.values()]
    made = pd.concat([table.reindex(columns=columns) for table in tables], ignore_index=True)
    made = made[made["report.pages"].map(lambda pages: isinstance(pages, str) and pages != "[]")]
    turn = {sweep_id: number for number, sweep_id in enumerate(study.sweeps["run_id"])}
    made = made.assign(turn=made["sweep_id"].map(turn).fillna(-1)).sort_values(["turn", "started"])
    if made.empty:
        return given
    newest = made.iloc[-1:]
    judged = declared(newest)
    before = {
        "title": newest[OPTIONS["title"]].iloc[0],
        "pages": json.loads(newest[OPTIONS["pages"]].iloc[0]),
        "targets": list(judged.targets),
        "rank_by": judged.rank_by,
        "unit": judged.unit,
        "reference": judged.reference,
    }
    later = study.sweeps.get("report", pd.Series(dtype=object)).dropna()
    if len(later) and later.index[-1] >= made["turn"].iloc[-1]:
        with suppress(ValueError):  # not as nnbench writes it
            before |= {key: value for key, value in json.loads(str(later.iloc[-1])).items() if key in before}
    return replace(given, **{key: value for key, value in before.items() if f"report.{key}" not in set_keys})


def _print_report(report: Report, console: Console, *, reasons: bool = True) -> None:
    """Print a report's answer, missing pages, faults and path.

    Args:
        report: the written report.
        console: the terminal.
        reasons: print the reason of each missing page; if no run has finished, it is the same for all and printed before.
    """
    console.print(escape_markup(report.answer))
    faulty = {fault.part for fault in report.errors}
    missing = [(page, reason) for page, reason in report.missing if page not in faulty]
    if missing and not reasons:
        console.print(f"not shown: {numbers.count(len(missing), 'page')}")
    for reason, pages in groupby(sorted(missing if reasons else [], key=itemgetter(1)), itemgetter(1)):
        console.print(f"not shown: {', '.join(page for page, _ in pages)}: {escape_markup(reason)}")
    for fault in report.errors:
        console.print(
            f"[red]fault[/red] in {escape_markup(fault.part)}: {escape_markup(fault.reason)}; its traceback is in {LOG}"
        )
    console.print(f"report  [bold]{escape(str(report.pdf))}[/bold], and beside it {', '.join(FILES)}")
