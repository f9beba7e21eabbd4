"""`nnbench sweep`: a grid of settings, as `nnbench run -m`; and the course of a sweep from its plan to its report."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from nnbench.cli import run
from nnbench.cli.outcome import write_outcome
from nnbench.core.console import console as make_console
from nnbench.core.console import escape_markup
from nnbench.core.errors import UserError
from nnbench.core.signals import Interrupted, interruptible, uninterrupted
from nnbench.sweep.executors.base import Executor
from nnbench.sweep.job import Job
from nnbench.sweep.progress import failure_table
from nnbench.sweep.rehearsal import check_repeatable
from nnbench.sweep.report_command import report_command
from nnbench.sweep.sweep import Plan, Sweep, distinct, list_jobs

if TYPE_CHECKING:
    from nnbench.report.outputs.files import Report

logger = logging.getLogger(__name__)


def main(words: Sequence[str] | None = None) -> int:
    """Sweep, as `words` say; returns the exit status of `run.main`."""
    given = sys.argv[1:] if words is None else words
    return run.main(["-m", *(word for word in given if word not in ("-m", "--multirun"))])


def run_sweep(jobs: Sequence[Job], executor: Executor) -> int:
    """Run what is missing of `jobs`, track it, and report on the study.

    Returns:
        The exit status: 0 all finished, 1 some failed or a part of the report could not be made, 128 + the signal when
        interrupted.

    Raises:
        UserError: the jobs or the store are not fit for a sweep; nothing was started.
    """
    if not jobs:  # of a sweeper of somebody else's
        raise UserError("the sweep holds no run")
    config = jobs[0].config
    if config.dry_run:
        list_jobs(distinct(jobs))
        return 0
    check_repeatable(job.config for job in jobs)
    return carry_out(Plan(config=config, executor=executor, stages=lambda sweep: sweep.run(jobs)))


def carry_out(plan: Plan) -> int:
    """Carry out the stages of a plan, report on the study, and return the exit status, as `run_sweep`."""
    console = make_console()
    try:
        with interruptible():
            return _in_store(plan, console)
    except Interrupted as interrupted:
        kept = "what has finished is kept, the same command goes on, and this reports on what there is:"
        console.print(f"[yellow]interrupted[/yellow] ({interrupted}): {kept}")
        command = escape(report_command(plan.config.study, sys.argv[1:]))
        console.print(f"[bold]{command}[/bold]", soft_wrap=True)  # whole, to be copied
        return interrupted.status


def _in_store(plan: Plan, console: Console) -> int:
    with console.status("opening the store"):  # MLflow takes a second to import: only after the checks
        from nnbench.sweep.recorder import open_study

        writer = open_study(plan.config)
    write_outcome(plan.config)
    sweep = Sweep(plan.config, writer, plan.executor, console)
    try:
        return _to_the_report(sweep, plan)
    except UserError as error:
        error.status = 1 if sweep.id is not None else error.status
        raise


def _to_the_report(sweep: Sweep, plan: Plan) -> int:
    """Run the plan, report, and close the sweep's own run whichever way that ends."""
    from nnbench.cli.study_report import answer, report_on, tell
    from nnbench.tracking.mlflow.reader import read_study

    config, writer, console = sweep.config, sweep.writer, sweep.console
    reports: list[Report] = []
    status, trouble = "KILLED", ""
    folder = Path(config.report.folder) / config.study
    try:
        plan.stages(sweep)
        if sweep.id is not None:
            writer.attach(sweep.id, sweep.files, folder)  # the report reads from the store what a tuned study has chosen
        study = read_study(writer.store, config.study)
        try:
            reports = report_on(study, config.report, console)
        except Exception as error:  # costs no run: it can be made again once there is room, or the fault is mended
            logger.info("no report", exc_info=True)
            trouble = f"[red]no report[/red]: {escape_markup(_why(error))}; the runs are kept"
        sweep.files += [file for report in reports for file in report.files]
        status = "FAILED" if sweep.failures else "FINISHED"
    finally:
        if sweep.id is not None:
            with uninterrupted():
                writer.end_sweep(sweep.id, status, files=sweep.files, folder=folder, answer=answer(reports))
    whole = tell(study, reports, console)
    if sweep.failures:
        console.print(failure_table(sweep.failures))
    if trouble:
        console.print(trouble)
    console.print(f"review  [bold]{escape(writer.store.pages)}[/bold]")
    return 1 if sweep.failures or trouble or not whole else 0


def _why(error: Exception) -> str:
    """An exception in one line, of a file by its name."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
