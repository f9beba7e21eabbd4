"""`nnbench sweep`, the same as `nnbench run -m`; and the execution of a sweep from its plan to its report."""

import json
import logging
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from rich.markup import escape

from nnbench.cli import run
from nnbench.cli.study_location import write_study_location
from nnbench.config.schema import Config
from nnbench.core.console import console as make_console
from nnbench.core.console import escape_markup
from nnbench.core.errors import UserError
from nnbench.core.signals import Interrupted, interruptible, uninterrupted
from nnbench.sweep.executors.base import Executor
from nnbench.sweep.job import Job
from nnbench.sweep.progress import failure_table
from nnbench.sweep.repeatability import check_repeatable
from nnbench.sweep.study_command import study_command
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
    config = jobs[0].config
    if config.dry_run:
        list_jobs(distinct(jobs))
        return 0
    check_repeatable(job.config for job in jobs)
    return execute_plan(Plan(config=config, executor=executor, stages=lambda sweep: sweep.run(jobs)))


def execute_plan(plan: Plan) -> int:
    """Run the stages of a plan and report on the study; returns the exit status, as `run_sweep`."""
    try:
        with interruptible(), open_sweep(plan.config, plan.executor) as sweep:
            plan.stages(sweep)
    except Interrupted as interrupted:
        return _interrupted(interrupted, plan.config.study)
    return sweep.status


def execute_batches(executor: Executor, produce: Callable[[Callable[[Sequence[Job]], list[float]]], object]) -> int:
    """Run a sweep whose jobs are made in batches, each perhaps by the results of earlier ones, and report on the study.

    Args:
        executor: trains the jobs.
        produce: calls its argument with each batch, which trains and tracks the jobs as `run_sweep`, and returns their final
            losses, see `Sweep.losses`. All batches belong to one sweep of the store, which is opened with the first one.

    Returns:
        The exit status, as `run_sweep`.

    Raises:
        UserError: as `run_sweep`. Other exceptions of `produce` are passed on.
    """
    sweep: Sweep | None = None
    batches = 0

    def run(jobs: Sequence[Job]) -> list[float]:
        nonlocal sweep, batches
        batches += 1
        if jobs[0].config.dry_run:
            list_jobs(distinct(jobs))
            return [math.nan] * len(jobs)
        check_repeatable(job.config for job in jobs)
        if sweep is None:
            sweep = stack.enter_context(open_sweep(jobs[0].config, executor))
        sweep.run(jobs, f"batch {batches}" if batches > 1 else "")
        if sweep.halted:
            raise _Halted
        return sweep.losses(jobs)

    try:
        with interruptible(), ExitStack() as stack, suppress(_Halted):
            produce(run)
    except Interrupted as interrupted:
        if sweep is None:
            raise
        return _interrupted(interrupted, sweep.config.study)
    if not batches:
        raise UserError("the sweep holds no run")
    return 0 if sweep is None else sweep.status


class _Halted(Exception):
    """The end of a sweep by `fail_fast`."""


def _interrupted(interrupted: Interrupted, study: str) -> int:
    """Print how to continue and how to report on the finished runs; returns the exit status."""
    console = make_console()
    hint = "finished runs are kept; the same command continues, and this one reports on the finished runs:"
    console.print(f"[yellow]interrupted[/yellow] ({interrupted}): {hint}")
    command = escape(study_command("report", study, sys.argv[1:]))
    console.print(f"[bold]{command}[/bold]", soft_wrap=True)  # whole, to be copied
    return interrupted.status


@contextmanager
def open_sweep(config: Config, executor: Executor) -> Iterator[Sweep]:
    """Context with a sweep of the study of `config`, at whose end the report is written and `Sweep.status` is set.

    The workers start while the store is opened. An error after the first run has started has exit status 1.

    Raises:
        UserError: the store cannot be used.
    """
    console = make_console()
    executor.prepare()
    try:
        with console.status("opening the store"):  # MLflow takes a second to import: only after the checks
            from nnbench.sweep.recorder import open_study

            writer = open_study(config)
        write_study_location(config)
        sweep = Sweep(config, writer, executor, console)
        try:
            with _reported(sweep, executor):
                yield sweep
        except UserError as error:
            error.status = 1 if sweep.id is not None else error.status
            raise
    finally:
        executor.close()


@contextmanager
def _reported(sweep: Sweep, executor: Executor) -> Iterator[None]:
    """Context in which the stages run, and after which the report is written; the sweep's own run is closed in any case."""
    importing = Thread(target=import_module, args=[_REPORT])
    importing.start()
    config, writer, console = sweep.config, sweep.writer, sweep.console
    reports: list[Report] = []
    status, trouble, conclusion = "KILLED", "", ""
    problems: dict[str, str] = {}
    folder = Path(config.report.folder) / config.study
    try:
        yield
        if sweep.left:  # another command makes the report
            status = "FAILED" if sweep.failures else "FINISHED"
            if sweep.failures:
                console.print(failure_table(sweep.failures))
            sweep.status = sweep.left_status
            return
        executor.close()  # its processes need memory
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
    sweep.status = 1 if sweep.failures or trouble or not complete else 0


def _describe(error: Exception) -> str:
    """Describe an exception in one line, with the file name of an `OSError`."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
