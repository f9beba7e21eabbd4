"""A sweep under way: which of its jobs are left to do, their training by an executor, and their record by the one writer."""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from nnbench.config.schema import Config
from nnbench.core import formatting as numbers
from nnbench.core.redaction import redacted
from nnbench.core.signals import checkpoint, uninterrupted
from nnbench.sweep.executors.base import Executor
from nnbench.sweep.job import Ended, Failure, Job, Started
from nnbench.sweep.progress import SweepProgress

if TYPE_CHECKING:
    from nnbench.records.rows import Row
    from nnbench.sweep.recorder import Recorder
    from nnbench.tracking.mlflow.writer import StudyWriter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a sweep is to do.

    Attributes:
        config: of any of the jobs; names study, store and report.
        executor: trains the jobs.
        stages: given the sweep, calls `run` or `train` for each stage; looks at `halted` between them.
    """

    config: Config
    executor: Executor
    stages: Callable[["Sweep"], None]


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

    def __init__(self, config: Config, writer: "StudyWriter", executor: Executor, console: Console) -> None:
        self.config, self.writer, self.console = config, writer, console
        self.id: str | None = None
        self.finished = writer.finished() if config.resume else set()
        self.failures: list[Ended] = []
        self.files: list[Path] = []
        self.halted = False
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
        from nnbench.sweep.recorder import changes

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
        from nnbench.sweep.recorder import Recorder

        assert self.id is not None
        failures = _train(Recorder(self.writer, self.id), self._noting(jobs, heed), total, self.console, self.config.fail_fast)
        self.failures += failures
        self.halted = bool(failures) and self.config.fail_fast

    def _noting(self, jobs: Iterable[Job], heed: Callable[[Ended], None]) -> Iterator[Started | Ended]:
        from nnbench.sweep.recorder import sources

        kept = set()
        for event in self._executor.run(jobs):
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
