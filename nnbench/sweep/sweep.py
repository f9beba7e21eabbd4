"""A sweep in progress: selects the jobs left to do, trains them with an executor, and records them in the store."""

import json
import logging
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from nnbench.config.schema import Config
from nnbench.core import formatting as numbers
from nnbench.core.redaction import redacted
from nnbench.core.signals import checkpoint, uninterrupted
from nnbench.records.outcomes import COMPLETED
from nnbench.sweep.executors.base import Executor, Submitter
from nnbench.sweep.job import Ended, Failure, Job, Notice, Started
from nnbench.sweep.progress import SweepProgress
from nnbench.sweep.study_command import study_command

if TYPE_CHECKING:
    from nnbench.records.rows import Row
    from nnbench.sweep.recorder import Recorder
    from nnbench.tracking.base import Tracker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Plan of a sweep.

    Attributes:
        config: that of any job, with the study, the store and the report.
        executor: trains the jobs.
        stages: called with the sweep; calls its `run` or `train` for each stage, and checks `halted` between stages.
    """

    config: Config
    executor: Executor
    stages: Callable[["Sweep"], None]


def distinct(jobs: Iterable[Job]) -> list[Job]:
    """The first job of each identity, in order: jobs of the same identity give the same numbers."""
    first: dict[str, Job] = {}
    for job in jobs:
        first.setdefault(job.config.identity, job)
    return list(first.values())


def list_jobs(jobs: Iterable[Job]) -> None:
    """Print a line for each job, for `dry_run`."""
    for job in jobs:
        print(f"{job.number:5d}  {job.config.run_name:36s}  {redacted(' '.join(job.overrides))}")


class Sweep:
    """A sweep in progress, with one stage or several.

    Attributes:
        config: that of any of its jobs.
        writer: the study's writer.
        console: the terminal.
        id: id of the sweep's own run; None until a job has to be trained.
        finished: identities of the runs that are reused, and of those of this sweep that have ended.
        failures: jobs that have failed.
        files: files to store with the sweep's own run.
        halted: `fail_fast` has ended the sweep, or its jobs were left: no further stage may start.
        left: number of runs that were submitted and are not recorded yet; if there are any, no report is made.
        left_status: exit status of the command in that case.
        status: exit status of the command, set when the sweep has ended.
    """

    def __init__(self, config: Config, writer: "Tracker", executor: Executor, console: Console) -> None:
        self.config, self.writer, self.console = config, writer, console
        self.id: str | None = None
        self.finished = writer.finished() if config.resume else set()
        self.failures: list[Ended] = []
        self.files: list[Path] = []
        self.halted = False
        self.left, self.left_status = 0, 0
        self.status = 1
        self._executor = executor

    def open(self, name: str, params: Mapping[str, str]) -> str:
        """Start the sweep's own run, unless it has been started; returns its id."""
        if self.id is None:
            with uninterrupted():
                self.id = self.writer.start_sweep(name, params=params)
            self._executor.open(self.id, self._finished_here)
        return self.id

    def _finished_here(self) -> set[str]:
        """Identities of the runs of this sweep that the store holds as FINISHED."""
        rows = self.writer.finished_runs()
        return {identity for identity, row in rows.items() if row.tags.get("nnbench.sweep_id") == self.id}

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags of the sweep's own run."""
        assert self.id is not None
        self.writer.label(self.id, tags)

    def run(self, jobs: Sequence[Job], stage: str = "") -> None:
        """Train and record those of `jobs` that have not finished before; jobs of the same identity once."""
        once = distinct(jobs)
        todo = [job for job in once if job.config.identity not in self.finished]
        self.print_counts(len(once), len(todo), stage, repeats=len(jobs) - len(once))
        self.print_changed_sources(todo)
        self.mark_reused(job.config for job in once)
        self.print_missing_boundaries(once)
        if todo and isinstance(self._executor, Submitter) and self._executor.leaves:
            self._leave(self._executor.submit(todo), len(todo))
        elif todo:
            self.open(_name(todo), {"runs": str(len(todo)), "reused": str(len(once) - len(todo))})
            self.train(todo, len(todo))

    def _leave(self, message: str, runs: int) -> None:
        """Print that jobs were submitted, and how to record their results."""
        self.left, self.halted = runs, True
        self.console.print(escape(message), soft_wrap=True)
        command = escape(study_command("collect", self.config.study, sys.argv[1:]))
        self.console.print(f"record what has ended:  [bold]{command}[/bold]", soft_wrap=True)

    def print_counts(self, total: int, todo: int, stage: str = "", *, repeats: int = 0) -> None:
        """Print the numbers of runs: in total, reused, left to do, and repeated among the jobs."""
        reused = f": {total - todo} reused from before, {todo} to do (resume=false repeats all)" if todo < total else ""
        again = f" ({numbers.count(repeats, 'repeat')} of them left out)" if repeats else ""
        what = f"{stage}, " if stage else ""
        runs = numbers.count(total, "run")
        self.console.print(f"study [bold]{escape(self.config.study)}[/bold]: {what}{runs}{again}{reused}")

    def print_changed_sources(self, jobs: Sequence[Job], times: int = 1) -> None:
        """Print which classes have changed since earlier runs of these jobs; each job stands for `times` runs."""
        from nnbench.sweep.recorder import changed_sources

        if jobs and self.config.resume:
            for line in changed_sources(self.writer, jobs, times):
                self.console.print(f"[yellow]{escape(line)}[/yellow]", soft_wrap=True)

    def print_missing_boundaries(self, jobs: Sequence[Job]) -> None:
        """Print how many reused runs lack boundaries of `training.checkpoints`; they are not trained again."""
        asked = self.config.training.checkpoints
        requested = set() if asked == "auto" else set(asked)
        rows = self.reusable() if requested else {}
        stored = [rows[job.config.identity].values for job in jobs if job.config.identity in rows]
        if lacking := sum(not requested <= _epochs(str(values.get("training.checkpoints", "[]"))) for values in stored):
            message = f"{numbers.count(lacking, 'reused run')} lack boundaries of training.checkpoints={sorted(requested)}"
            self.console.print(f"{escape(message)}: resume=false repeats them", soft_wrap=True)

    def mark_reused(self, configs: Iterable[Config]) -> None:
        """Tag the reused runs of these configs in the store: their source is the one that this sweep uses."""
        if reused := self.finished & {config.identity for config in configs}:
            self.writer.reuse(reused)

    def reusable(self) -> "dict[str, Row]":
        """Rows of the store of the runs that are reused, by identity."""
        return {identity: row for identity, row in self.writer.finished_runs().items() if identity in self.finished}

    def losses(self, jobs: Sequence[Job]) -> list[float]:
        """Final validation loss of each job, or training loss without validation points; infinite if it diverged or failed."""
        rows = {key: row for key, row in self.reusable().items() if row.tags.get("nnbench.outcome") in COMPLETED}
        found = (rows[job.config.identity].metrics if job.config.identity in rows else {} for job in jobs)
        return [metrics.get("final/val_loss", metrics.get("final/train_loss", math.inf)) for metrics in found]

    def train(self, jobs: Iterable[Job], total: int, on_ended: Callable[[Ended], None] = lambda event: None) -> None:
        """Train and record jobs; the sweep must be open.

        Args:
            jobs: may be a generator that decides on the next job when it is asked for it.
            total: number of jobs.
            on_ended: called with each `Ended` after it has been recorded.
        """
        from nnbench.sweep.recorder import Recorder

        assert self.id is not None
        failures = _train(
            Recorder(self.writer, self.id), self._events(jobs, on_ended), total, self.console, self.config.fail_fast
        )
        self.failures += failures
        self.halted = bool(failures) and self.config.fail_fast

    def _events(self, jobs: Iterable[Job], on_ended: Callable[[Ended], None]) -> Iterator[Started | Ended | Notice]:
        """Yield the executor's events; store the source of each job's classes once, and record which jobs have finished."""
        from nnbench.sweep.recorder import sources

        kept = set()
        for event in self._executor.run(jobs):
            if isinstance(event, Notice):
                yield event
                continue
            if (source := event.job.config.source) not in kept:
                self.writer.keep_sources(self.id or "", sources(event.job.config))
                kept.add(source)
            yield event
            if isinstance(event, Ended):
                if not isinstance(event.outcome, Failure):
                    self.finished.add(event.job.config.identity)
                on_ended(event)


def _epochs(text: str) -> set[int]:
    """Parse a stored `training.checkpoints`; empty for `auto`, and if the store has truncated a long list."""
    try:
        return set(json.loads(text))
    except ValueError:
        return set()


def _name(todo: Sequence[Job]) -> str:
    optimizers = dict.fromkeys(job.config.optimizer.name for job in todo)
    seeds = len({job.config.seed for job in todo})
    return f"sweep {', '.join(optimizers)} over {numbers.count(seeds, 'seed')}"


def _train(
    recorder: "Recorder", events: Iterable[Started | Ended | Notice], total: int, console: Console, fail_fast: bool
) -> list[Ended]:
    """Record and print events as they come; returns those of failed jobs."""
    failures = []
    started = time.monotonic()
    with recorder.closing(), SweepProgress(console, total) as progress:
        for event in events:
            checkpoint()
            if isinstance(event, Notice):
                console.print(f"[yellow]{escape(event.text)}[/yellow]", soft_wrap=True)
                continue
            if isinstance(event, Started):
                recorder.started(event.job, event.at, event.submission)
                continue
            recorder.ended(event)
            progress.ended(event)
            if isinstance(event.outcome, Failure):
                # Tracebacks are in the store: those of thousands of failures would take gigabytes.
                failures.append(replace(event, outcome=replace(event.outcome, traceback="")))
                if fail_fast:
                    console.print("[yellow]fail_fast=true: the remaining runs are skipped[/yellow]")
                    break
    console.print(f"{numbers.count(progress.done, 'run')} in {numbers.duration(time.monotonic() - started)}")
    return failures
