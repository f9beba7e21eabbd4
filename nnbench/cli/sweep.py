"""`nnbench sweep`, the same as `nnbench run -m`; and the execution of a sweep from its plan to its report."""

import json
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from nnbench.cli import run
from nnbench.cli.study_location import write_study_location
from nnbench.core.console import console as make_console
from nnbench.core.console import escape_markup
from nnbench.core.errors import UserError
from nnbench.core.signals import Interrupted, interruptible, uninterrupted
from nnbench.sweep.executors.base import Executor
from nnbench.sweep.job import Job
from nnbench.sweep.progress import failure_table
from nnbench.sweep.repeatability import check_repeatable
from nnbench.sweep.report_command import report_command
from nnbench.sweep.sweep import Plan, Sweep, distinct, list_jobs

if TYPE_CHECKING:
    from nnbench.report.outputs.files import Report

logger = logging.getLogger(__name__)

# Imports of matplotlib and SciPy take two seconds: a thread makes them while the workers train.
_REPORT = "nnbench.cli.study_report"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sweep; returns the exit status of `run.main`."""
    given = sys.argv[1:] if arguments is None else arguments
    return run.main(["-m", *(argument for argument in given if argument not in ("-m", "--multirun"))])


def run_sweep(jobs: Sequence[Job], executor: Executor) -> int:
    """Train and track those of `jobs` that have not finished before, and report on the study.

    Returns:
        The exit status: 0 all finished, 1 some failed or a part of the report could not be made, 128 + the signal when
        interrupted.

    Raises:
        UserError: there are no jobs, a class is not repeatable, or the store cannot be used; nothing was started.
    """
    if not jobs:  # possible with a sweeper of another package
        raise UserError("the sweep holds no run")
    config = jobs[0].config
    if config.dry_run:
        list_jobs(distinct(jobs))
        return 0
    check_repeatable(job.config for job in jobs)
    return execute_plan(Plan(config=config, executor=executor, stages=lambda sweep: sweep.run(jobs)))


def execute_plan(plan: Plan) -> int:
    """Run the stages of a plan and report on the study; returns the exit status, as `run_sweep`."""
    console = make_console()
    try:
        with interruptible():
            return _open_and_run(plan, console)
    except Interrupted as interrupted:
        hint = "finished runs are kept; the same command continues, and this one reports on the finished runs:"
        console.print(f"[yellow]interrupted[/yellow] ({interrupted}): {hint}")
        command = escape(report_command(plan.config.study, sys.argv[1:]))
        console.print(f"[bold]{command}[/bold]", soft_wrap=True)  # whole, to be copied
        return interrupted.status


def _open_and_run(plan: Plan, console: Console) -> int:
    """Open the study and run the plan; the workers start while the store is opened."""
    plan.executor.prepare()
    try:
        return _run_in_study(plan, console)
    finally:
        plan.executor.close()


def _run_in_study(plan: Plan, console: Console) -> int:
    """Open the study and run the plan; an error after the first run has started has exit status 1."""
    with console.status("opening the store"):  # MLflow takes a second to import: only after the checks
        from nnbench.sweep.recorder import open_study

        writer = open_study(plan.config)
    write_study_location(plan.config)
    sweep = Sweep(plan.config, writer, plan.executor, console)
    try:
        return _run_and_report(sweep, plan)
    except UserError as error:
        error.status = 1 if sweep.id is not None else error.status
        raise


def _run_and_report(sweep: Sweep, plan: Plan) -> int:
    """Run the stages and write the report; the sweep's own run is closed in any case."""
    importing = Thread(target=import_module, args=[_REPORT])
    importing.start()
    config, writer, console = sweep.config, sweep.writer, sweep.console
    reports: list[Report] = []
    status, trouble, conclusion = "KILLED", "", ""
    problems: dict[str, str] = {}
    folder = Path(config.report.folder) / config.study
    try:
        plan.stages(sweep)
        plan.executor.close()  # its processes need memory
        if sweep.id is not None:
            writer.attach(sweep.id, sweep.files, folder)  # the report reads the selected settings from the store
        study = writer.read_study()
        importing.join()
        from nnbench.cli.study_report import OPTIONS, answer, print_results, problem_answers, report_on

        try:
            reports = report_on(study, config.report, console)
            conclusion, problems = answer(reports), problem_answers(reports)
        except Exception as error:  # the runs are kept, and the report can be remade
            logger.info("no report", exc_info=True)
            trouble = f"[red]no report[/red]: {escape_markup(_describe(error))}; the runs are kept"
        sweep.files += [file for report in reports for file in report.files]
        status = "FAILED" if sweep.failures else "FINISHED"
    finally:
        if sweep.id is not None:
            with uninterrupted():
                writer.end_sweep(
                    sweep.id,
                    status,
                    files=sweep.files,
                    folder=folder,
                    answer=conclusion,
                    problems=problems,
                )
    if sweep.id is None and reports and len(study.sweeps):  # all runs were there: no run says which pages were asked for
        from nnbench.records.tables import REPORT_OPTIONS

        given = config.report
        options = {key: getattr(given, key) for key in OPTIONS}
        writer.label(study.sweeps["run_id"].iloc[-1], {REPORT_OPTIONS: json.dumps(options)})
    complete = print_results(study, reports, console, config.report)
    if sweep.failures:
        console.print(failure_table(sweep.failures))
    if trouble:
        console.print(trouble)
    console.print(f"review  [bold]{escape(writer.pages)}[/bold]")
    return 1 if sweep.failures or trouble or not complete else 0


def _describe(error: Exception) -> str:
    """Describe an exception in one line, with the file name of an `OSError`."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
