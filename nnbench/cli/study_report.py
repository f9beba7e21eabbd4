"""Report of a study: writes it, and prints the results and its path."""

import logging
from collections.abc import Collection, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.markup import escape

from nnbench.cli.report_progress import shown_progress
from nnbench.cli.summary_table import print_summary
from nnbench.config.sections import ReportConfig
from nnbench.core import formatting as numbers
from nnbench.core.console import escape_markup
from nnbench.core.errors import UserError
from nnbench.core.keys import PROBLEM
from nnbench.core.paths import safe_subpath
from nnbench.lesson.study import with_lesson
from nnbench.records.declared import RANK_BY, REFERENCE, TARGETS_KEY, UNIT, Declared, declared
from nnbench.records.outcomes import COUNTED
from nnbench.records.study import Study
from nnbench.records.tasks import Task, tasks, with_largest_budgets
from nnbench.report import pages as figures
from nnbench.report.errors import LOG
from nnbench.report.findings.code import left_out
from nnbench.report.findings.suite import Suite
from nnbench.report.outputs import suite
from nnbench.report.outputs.files import FILES, Report, publish_contents, write

logger = logging.getLogger(__name__)

OPTIONS = {"title": "report.title", "pages": "report.pages", "targets": TARGETS_KEY, "rank_by": RANK_BY}
OPTIONS |= {"unit": UNIT, "reference": REFERENCE}
FEW_REASONS = 2  # why pages are missing, that are printed; a usual study lacks the data of about six pages


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
    study = with_lesson(study)
    found, root = tasks(study), Path(options.folder)
    pages = [name for name in options.pages if name in figures.names()]
    # Tests across problems take them as independent, which the budgets of one problem are not.
    several = len(with_largest_budgets(found)) > 1
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
    """Print the table of all tasks, the answers, and the paths of the PDFs; returns whether all could be made.

    Args:
        study: the study.
        reports: those of its tasks.
        console: the terminal.
        options, fixed: as for `report_on`.
    """
    found = tasks(study)
    if len(found) > 1:
        console.print(f"{len(found)} tasks, each with its own report; settings are not ranked across tasks")
    if omitted := left_out(study):
        console.print(f"[yellow]{escape(omitted)}[/yellow]", soft_wrap=True)
    complete = True
    try:
        print_summary(study, console, {task.label: judged for task, judged in _judged(found, options, fixed)})
    except Exception as error:  # the runs and the report are not affected
        logger.info("the table could not be made", exc_info=True)
        console.print(f"[red]no table[/red]: {escape_markup(f'{type(error).__name__}: {error}')}")
        complete = False
    for report in reports:
        print_report(report, console, reasons=bool(study.runs["outcome"].isin(COUNTED).any()))
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


def print_report(report: Report, console: Console, *, reasons: bool = True) -> None:
    """Print a report's answer, missing pages, faults and path.

    Args:
        report: the written report.
        console: the terminal.
        reasons: print the reason of each missing page; if no run has finished, it is the same for all and printed before.
    """
    console.print(escape_markup(report.answer))
    faulty = {fault.part for fault in report.errors}
    missing = [(page, reason) for page, reason in report.missing if page not in faulty]
    for line in _missing_pages(missing, reasons):
        console.print(f"not shown: {escape_markup(line)}")
    for fault in report.errors:
        console.print(
            f"[red]fault[/red] in {escape_markup(fault.part)}: {escape_markup(fault.reason)}; its traceback is in {LOG}"
        )
    console.print(f"report  [bold]{escape(str(report.pdf))}[/bold], and beside it {', '.join(FILES)}")


def _missing_pages(missing: Sequence[tuple[str, str]], reasons: bool) -> list[str]:
    """Return a line for each reason for which pages are missing, or one for all if the reasons are many or not wanted."""
    if missing and not reasons:
        return [numbers.count(len(missing), "page")]
    by_reason = {
        reason: ", ".join(page for page, _ in pages)
        for reason, pages in groupby(sorted(missing, key=itemgetter(1)), itemgetter(1))
    }
    if len(by_reason) > FEW_REASONS:
        return [f"{', '.join(page for page, _ in missing)}; the end of the report says why"]
    return [f"{pages}: {reason}" for reason, pages in by_reason.items()]
