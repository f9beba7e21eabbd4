"""A sweep from its list of jobs to its report: what is left to do, the one writer, and the ways it can end."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from nnbench.config import Config
from nnbench.errors import UserError
from nnbench.interrupts import Interrupted, checkpoint, interruptible, uninterrupted
from nnbench.job import Ended, Failure, Job, Started
from nnbench.redaction import redacted
from nnbench.rehearsal import refuse_unrepeatable
from nnbench.report import numbers
from nnbench.sweep.command import report_command
from nnbench.sweep.progress import SweepProgress, failed
from nnbench.terminal import console as make_console
from nnbench.terminal import plain

if TYPE_CHECKING:
    from nnbench.recording import Recorder
    from nnbench.report.files import Report
    from nnbench.tracking.runs import Row
    from nnbench.tracking.writer import StudyWriter

logger = logging.getLogger(__name__)

# Trains jobs of a sweep that is open, and tells of each when it starts and when it ends.
Runner = Callable[[Iterable[Job], "Sweep"], Iterable[Started | Ended]]


def run_sweep(jobs: Sequence[Job], runner: Runner) -> int:
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
    refuse_unrepeatable(job.config for job in jobs)
    return conduct(config, runner, lambda sweep: sweep.run(jobs))


def distinct(jobs: Iterable[Job]) -> list[Job]:
    """The first of each set of jobs that would give the same numbers, in order."""
    first: dict[str, Job] = {}
    for job in jobs:
        first.setdefault(job.config.identity, job)
    return list(first.values())


def list_jobs(jobs: Iterable[Job]) -> None:
    """A line a job, for `dry_run`."""
    for job in jobs:
        print(f"{job.number:5d}  {job.config.run_name:36s}  {redacted(' '.join(job.overrides))}")


def conduct(config: Config, runner: Runner, plan: Callable[["Sweep"], None]) -> int:
    """As `run_sweep`, for jobs that `plan` decides on as it goes, a stage after the other.

    Args:
        config: of any of the jobs; names study, store and report.
        runner: trains.
        plan: given the sweep, calls `run` or `train` for each stage; looks at `halted` between them.
    """
    console = make_console()
    try:
        with interruptible():
            return _conduct(config, runner, plan, console)
    except Interrupted as interrupted:
        kept = "what has finished is kept, the same command goes on, and this reports on what there is:"
        console.print(f"[yellow]interrupted[/yellow] ({interrupted}): {kept}")
        command = escape(report_command(config.study, sys.argv[1:]))
        console.print(f"[bold]{command}[/bold]", soft_wrap=True)  # whole, to be copied
        return interrupted.status


def _conduct(config: Config, runner: Runner, plan: Callable[["Sweep"], None], console: Console) -> int:
    with console.status("opening the store"):  # MLflow takes a second to import: only after the checks
        from nnbench.recording import open_study

        writer = open_study(config)
    sweep = Sweep(config, writer, runner, console)
    try:
        return _carry_out(sweep, plan)
    except UserError as error:
        error.status = 1 if sweep.id is not None else error.status
        raise


def _carry_out(sweep: "Sweep", plan: Callable[["Sweep"], None]) -> int:
    """Run the plan, report, and close the sweep's own run whichever way that ends."""
    from nnbench.reporting import answer, report_on, tell
    from nnbench.tracking.reader import read_study

    config, writer, console = sweep.config, sweep.writer, sweep.console
    reports: list[Report] = []
    status, trouble = "KILLED", ""
    folder = Path(config.report.folder) / config.study
    try:
        plan(sweep)
        if sweep.id is not None:
            writer.attach(sweep.id, sweep.files, folder)  # the report reads from the store what a tuned study has chosen
        study = read_study(writer.store, config.study)
        try:
            reports = report_on(study, config.report, console)
        except Exception as error:  # costs no run: it can be made again once there is room, or the fault is mended
            logger.info("no report", exc_info=True)
            trouble = f"[red]no report[/red]: {plain(_why(error))}; the runs are kept"
        sweep.files += [file for report in reports for file in report.files]
        status = "FAILED" if sweep.failures else "FINISHED"
    finally:
        if sweep.id is not None:
            with uninterrupted():
                writer.end_sweep(sweep.id, status, files=sweep.files, folder=folder, answer=answer(reports))
    whole = tell(study, reports, console)
    if sweep.failures:
        console.print(failed(sweep.failures))
    if trouble:
        console.print(trouble)
    console.print(f"review  [bold]{escape(writer.store.pages)}[/bold]")
    return 1 if sweep.failures or trouble or not whole else 0


def _why(error: Exception) -> str:
    """An exception in one line, of a file by its name."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


class Sweep:
    """A sweep under way, in one stage or several.

    Attributes:
        config: of any of its jobs.
        writer: the study's one writer.
        console: the terminal.
        id: of the sweep's own run; None until there is something to train.
        finished: identities of runs that need not be made again, those of this sweep as they come back.
        failures: what failed so far.
        files: what the sweep's own run is to keep.
        halted: `fail_fast` ended it: no further stage is to begin.
    """

    def __init__(self, config: Config, writer: "StudyWriter", runner: Runner, console: Console) -> None:
        self.config, self.writer, self.console = config, writer, console
        self.id: str | None = None
        self.finished = writer.finished() if config.resume else set()
        self.failures: list[Ended] = []
        self.files: list[Path] = []
        self.halted = False
        self._runner = runner

    def open(self, name: str, params: Mapping[str, str]) -> str:
        """Open the sweep's own run, unless that has been done; returns its id."""
        with uninterrupted():
            self.id = self.id or self.writer.start_sweep(name, params=params)
        return self.id

    def note(self, tags: Mapping[str, str]) -> None:
        """Set tags of the sweep's own run."""
        assert self.id is not None
        with self.writer.store.told_in_one_line():
            self.writer.store.runs.label({self.id: tags})

    def run(self, jobs: Sequence[Job], stage: str = "") -> None:
        """Run what is missing of `jobs`; of those that would give the same numbers, the first."""
        once = distinct(jobs)
        todo = [job for job in once if job.config.identity not in self.finished]
        self.announce(len(once), len(todo), stage, repeats=len(jobs) - len(once))
        self.explain(todo)
        self.reuse(job.config for job in once)
        self.tell_of_checkpoints(once)
        if todo:
            self.open(_name(todo), {"runs": str(len(todo)), "reused": str(len(once) - len(todo))})
            self.train(todo, len(todo))

    def announce(self, total: int, todo: int, stage: str = "", *, repeats: int = 0) -> None:
        """Say how many runs there are to be, how many of them there are, and how many were asked for again."""
        reused = f": {total - todo} reused from before, {todo} to do (resume=false runs all anew)" if todo < total else ""
        again = f" ({numbers.count(repeats, 'repeat')} of them left out)" if repeats else ""
        what = f"{stage}, " if stage else ""
        runs = numbers.count(total, "run")
        self.console.print(f"study [bold]{escape(self.config.study)}[/bold]: {what}{runs}{again}{reused}")

    def explain(self, jobs: Sequence[Job], times: int = 1) -> None:
        """Say which jobs there are runs of, but of other source; each stands for so many that are run anew for that."""
        from nnbench.recording import changes

        if jobs and self.config.resume:
            for line in changes(self.writer, [job.config for job in jobs], times):
                self.console.print(f"[yellow]{escape(line)}[/yellow]", soft_wrap=True)

    def tell_of_checkpoints(self, jobs: Sequence[Job]) -> None:
        """Say which of the reused runs lack boundaries that are asked for, which is no reason to train them again."""
        asked = set(self.config.training.checkpoints)
        rows = self.reusable() if asked else {}
        kept = [
            rows[job.config.identity].params.get("training.checkpoints", "[]") for job in jobs if job.config.identity in rows
        ]
        if lacking := sum(not asked <= _epochs(stored) for stored in kept):
            told = f"{numbers.count(lacking, 'reused run')} lack boundaries of training.checkpoints={sorted(asked)}"
            self.console.print(f"{escape(told)}: resume=false trains anew", soft_wrap=True)

    def reuse(self, configs: Iterable[Config]) -> None:
        """Take note of runs that need not be made again: their source is the one that this sweep asks for."""
        if reused := self.finished & {config.identity for config in configs}:
            self.writer.reuse(reused)

    def reusable(self) -> "dict[str, Row]":
        """The runs that need not be made again, as they stand in the store, by identity."""
        return {identity: row for identity, row in self.writer.finished_runs().items() if identity in self.finished}

    def train(self, jobs: Iterable[Job], total: int, heed: Callable[[Ended], None] = lambda event: None) -> None:
        """Train the jobs of a sweep that is open.

        Args:
            jobs: may decide on the next one as it is asked.
            total: how many there will be.
            heed: is told of each once it has been recorded.
        """
        from nnbench.recording import Recorder

        assert self.id is not None
        failures = _train(Recorder(self.writer, self.id), self._noting(jobs, heed), total, self.console, self.config.fail_fast)
        self.failures += failures
        self.halted = bool(failures) and self.config.fail_fast

    def _noting(self, jobs: Iterable[Job], heed: Callable[[Ended], None]) -> Iterator[Started | Ended]:
        from nnbench.recording import sources

        kept = set()
        for event in self._runner(jobs, self):
            if (source := event.job.config.source) not in kept:
                self.writer.keep_sources(self.id or "", sources(event.job.config))
                kept.add(source)
            yield event
            if isinstance(event, Ended):
                if not isinstance(event.outcome, Failure):
                    self.finished.add(event.job.config.identity)
                heed(event)


def _epochs(stored: str) -> set[int]:
    """The epochs of a stored `training.checkpoints`; none that could be relied on where the store has cut a long list."""
    try:
        return set(json.loads(stored))
    except ValueError:
        return set()


def _name(todo: Sequence[Job]) -> str:
    optimizers = dict.fromkeys(job.config.optimizer.name for job in todo)
    seeds = len({job.config.seed for job in todo})
    return f"sweep {', '.join(optimizers)} over {numbers.count(seeds, 'seed')}"


def _train(
    recorder: "Recorder", events: Iterable[Started | Ended], total: int, console: Console, fail_fast: bool
) -> list[Ended]:
    """Record and show the events as they come; the failures among them."""
    failures = []
    started = time.monotonic()
    with recorder.closing(), SweepProgress(console, total) as progress:
        for event in events:
            checkpoint()
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
