"""A sweep from its list of jobs to its report: what is left to do, the one writer, and the ways it can end."""

import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from nnbench.interrupts import Interrupted, interruptible
from nnbench.report import numbers
from nnbench.sweep.job import Ended, Failure, Job, Started
from nnbench.sweep.progress import SweepProgress
from nnbench.terminal import console as make_console

if TYPE_CHECKING:
    from nnbench.recording import Recorder
    from nnbench.tracking.writer import StudyWriter

# Trains jobs, given the id of the sweep's own run, and tells of each when it starts and when it ends.
Runner = Callable[[Sequence[Job], str], Iterable[Started | Ended]]


def run_sweep(jobs: Sequence[Job], runner: Runner) -> int:
    """Run what is missing of `jobs`, track it, and report on the study.

    Returns:
        The exit status: 0 all finished, 1 some failed, 128 + the signal when interrupted.

    Raises:
        UserError: the jobs or the store are not fit for a sweep; nothing was started.
    """
    config = jobs[0].config
    if config.dry_run:
        for job in jobs:
            print(f"{job.number:5d}  {job.config.run_name:36s}  {' '.join(job.overrides)}")
        return 0
    console = make_console()
    try:
        with interruptible():
            return _run(jobs, runner, console)
    except Interrupted as interrupted:
        console.print(
            f"[yellow]interrupted[/yellow] ({interrupted}): what has finished is kept, the same command goes on; "
            f"[bold]python scripts/report.py study={shlex.quote(config.study)}[/bold] reports on what there is"
        )
        return interrupted.status


def _run(jobs: Sequence[Job], runner: Runner, console: Console) -> int:
    from nnbench.recording import Recorder, open_study  # MLflow takes a second to import: only after the checks
    from nnbench.reporting import report_on, tell
    from nnbench.tracking.reader import read_study

    config = jobs[0].config
    writer = open_study(config)
    finished = writer.finished() if config.resume else set()
    todo = [job for job in jobs if job.config.identity not in finished]
    console.print(_plan(config.study, len(jobs), len(todo)))
    failures: list[Ended] = []
    files: list[Path] = []
    sweep_id = _open_sweep(writer, jobs, todo) if todo else None
    status = "KILLED"
    try:
        if sweep_id is not None:
            failures = _train(Recorder(writer, sweep_id), runner(todo, sweep_id), len(todo), console, config.fail_fast)
        status = "FAILED" if failures else "FINISHED"
        study = read_study(writer.store, config.study)
        report = report_on(study, config.report)
        files = [report.pdf, *report.csvs.values()] if report else []
    finally:
        if sweep_id is not None:
            writer.end_sweep(sweep_id, status, files=files)
    tell(study, report, console)
    for event in failures:
        console.print(f"[red]failed[/red] {_what(event)}")
    console.print(f"review  [bold]mlflow ui --backend-store-uri {writer.store.shown_uri}[/bold]")
    return 1 if failures else 0


def _plan(study: str, total: int, todo: int) -> str:
    reused = f": {total - todo} reused from before, {todo} to do (resume=false runs all anew)" if todo < total else ""
    return f"study [bold]{escape(study)}[/bold]: {numbers.count(total, 'run')}{reused}"


def _open_sweep(writer: "StudyWriter", jobs: Sequence[Job], todo: Sequence[Job]) -> str:
    optimizers = dict.fromkeys(job.config.optimizer.name for job in todo)
    seeds = len({job.config.seed for job in todo})
    name = f"sweep {', '.join(optimizers)} over {numbers.count(seeds, 'seed')}"
    return writer.start_sweep(name, params={"runs": str(len(todo)), "reused": str(len(jobs) - len(todo))})


def _train(
    recorder: "Recorder", events: Iterable[Started | Ended], total: int, console: Console, fail_fast: bool
) -> list[Ended]:
    """Record and show the events as they come; the failures among them."""
    failures = []
    started = time.monotonic()
    with recorder.closing(), SweepProgress(console, total) as progress:
        for event in events:
            if isinstance(event, Started):
                recorder.started(event.job)
                continue
            recorder.ended(event)
            progress.ended(event)
            if isinstance(event.outcome, Failure):
                failures.append(event)
                if fail_fast:
                    console.print("[yellow]fail_fast=true: the other runs are not made[/yellow]")
                    break
    console.print(f"{numbers.count(progress.done, 'run')} in {numbers.duration(time.monotonic() - started)}")
    return failures


def _what(event: Ended) -> str:
    assert isinstance(event.outcome, Failure)
    return escape(f"{event.job.config.run_name}: {event.outcome.reason}")
