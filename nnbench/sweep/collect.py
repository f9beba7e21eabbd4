"""Recording of runs that were submitted to Slurm and left: the executor and the stage of `nnbench collect`."""

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from nnbench.core import formatting as numbers
from nnbench.core.console import escape_markup
from nnbench.sweep.executors.slurm_survey import Survey, survey
from nnbench.sweep.executors.submission import Submission
from nnbench.sweep.job import Ended, Job
from nnbench.sweep.sweep import Sweep

LEFT = 3  # exit status while runs still run or wait


@dataclass
class Collector:
    """Executor whose jobs have ended: it reads their outcomes from the folders of submissions.

    Attributes:
        found: where each job is: its submission, what `survey` has seen there, and its number there.
    """

    one_by_one: bool = False
    found: dict[Job, tuple[Submission, Survey]] = field(default_factory=dict)

    def prepare(self) -> None:
        """Start nothing."""

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Do nothing: the parent process tracks the jobs."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Ended]:
        """Yield the outcome of each job, as `Executor.run`; it is marked as recorded when the next one is asked for."""
        for job in jobs:
            submission, seen = self.found[job]
            yield Ended(job=job, outcome=seen.lost.get(job.number) or pickle.loads(submission.outcome(job.number)))
            submission.mark_recorded(job.number)

    def close(self) -> None:
        """Do nothing."""


def collect(sweep: Sweep, collector: Collector, found: Sequence[Submission]) -> None:
    """Record the outcomes of submissions that are not recorded, and print where the other runs are.

    `sweep.left` is the number of runs that still run or wait.
    """
    sweep.left_status = LEFT
    for submission in found:
        if not submission.acquire():
            unrecorded = len(submission.runs) - len(submission.recorded())
            sweep.left += unrecorded
            sweep.console.print(f"Slurm job {submission.job}: another command records its runs")
            continue
        try:
            sweep.left += _collect_one(sweep, collector, submission)
        finally:
            submission.release()


def _collect_one(sweep: Sweep, collector: Collector, submission: Submission) -> int:
    """Record the outcomes of one submission; returns the number of its runs that are still away."""
    seen = survey(submission)
    there = _recorded_before(sweep, submission)
    new = []
    for number in sorted(seen.ended | {*seen.lost}):
        if submission.runs[number].identity in there:  # the command before was ended between recording and marking
            submission.mark_recorded(number)
        else:
            new.append(number)
    if new:
        jobs = submission.load_jobs()
        collector.found |= {jobs[number]: (submission, seen) for number in new}
        sweep.open(f"collect {numbers.count(len(new), 'run')} from Slurm", {"runs": str(len(new)), "slurm": submission.job})
        sweep.train([jobs[number] for number in new], len(new))
    now = replace(seen, recorded=seen.recorded | seen.ended | {*seen.lost}, ended=set(), lost={})
    sweep.console.print(escape_markup(f"Slurm job {submission.job}: {now}"), soft_wrap=True)
    return seen.away


def _recorded_before(sweep: Sweep, submission: Submission) -> set[str]:
    """Return the identities of finished runs of the store that stand for runs of the submission."""
    rows = sweep.writer.finished_runs()
    return {identity for identity, row in rows.items() if submission.resume or row.started >= submission.created}
