"""Recording of runs that were submitted to Slurm and left: the executor and the stage of `nnbench collect`."""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
            outcome = seen.lost.get(job.number) or pickle.loads(submission.outcome(job.number))
            yield Ended(job=job, outcome=outcome, submission=submission.key(job.number))
            submission.mark_recorded(job.number)

    def close(self) -> None:
        """Do nothing."""


def collect(sweep: Sweep, collector: Collector, found: Sequence[Submission]) -> None:
    """Record the outcomes of submissions that are not recorded, and print where the other runs are.

    `sweep.left` is the number of runs that still run or wait.
    """
    sweep.left_status = LEFT
    params = {"slurm": ", ".join(submission.job for submission in found)}
    for submission in found:
        if not submission.acquire():
            unrecorded = len(submission.runs) - len(submission.recorded())
            sweep.left += unrecorded
            sweep.console.print(f"{submission.label}: another command submits or records its runs")
            continue
        try:
            sweep.left += _collect_one(sweep, collector, submission, params)
        finally:
            submission.release()


def _collect_one(sweep: Sweep, collector: Collector, submission: Submission, params: Mapping[str, str]) -> int:
    """Record the outcomes of one submission; returns the number of its runs that are still away.

    Args:
        sweep: records them.
        collector: its executor.
        submission: whose lock is held.
        params: of the sweep's own run, which is opened with the first outcome.
    """
    seen = survey(submission)
    there = _recorded_before(sweep, submission)
    new = []
    for number in sorted(seen.ended | {*seen.lost}):
        if number in there:
            submission.mark_recorded(number)
        else:
            new.append(number)
    if new:
        with submission.jobs() as jobs:
            collector.found |= {jobs[number]: (submission, seen) for number in new}
            sweep.open("collect from Slurm", params)
            sweep.train([jobs[number] for number in new], len(new))
    now = replace(seen, recorded=seen.recorded | seen.ended | {*seen.lost}, ended=set(), lost={})
    sweep.console.print(escape_markup(f"{submission.label}: {now}"), soft_wrap=True)
    return seen.away


def _recorded_before(sweep: Sweep, submission: Submission) -> set[int]:
    """Return the runs of a submission that need not be recorded.

    A command that was ended before it marked them has recorded them, or, with `resume`, another run has finished.
    """
    from nnbench.sweep.recorder import recorded_submissions

    there = recorded_submissions(sweep.writer)
    finished = sweep.writer.finished() if submission.resume else set()
    return {run.number for run in submission.runs if submission.key(run.number) in there or run.identity in finished}
