"""Where the runs of a submission are: recorded, ended, running, waiting, or lost with their Slurm job."""

import time
from dataclasses import dataclass

from nnbench.core import formatting as numbers
from nnbench.core.errors import UserError
from nnbench.sweep.executors.slurm_states import ANSWER, FORGOTTEN, JobState, job_named, job_states
from nnbench.sweep.executors.submission import Submission
from nnbench.sweep.job import Failure


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Where the runs of a submission are, by their numbers.

    Attributes:
        recorded: in the store.
        ended: their outcomes are in the folder.
        lost: their Slurm jobs have ended without their outcomes, with the reason.
        running: they have started.
        waiting: the others.
        trouble: why Slurm does not tell the states of its jobs, in which case no run is `lost`; empty if it does.
        reason: why jobs wait, as Slurm has it; empty if none does.
    """

    recorded: set[int]
    ended: set[int]
    lost: dict[int, Failure]
    running: set[int]
    waiting: set[int]
    trouble: str = ""
    reason: str = ""

    @property
    def away(self) -> int:
        """Number of runs that still run or wait."""
        return len(self.running) + len(self.waiting)

    def __str__(self) -> str:
        total = self.away + len(self.recorded) + len(self.ended) + len(self.lost)
        parts = [f"{len(self.recorded)} of {numbers.count(total, 'run')} recorded"]
        counts = {"ended": self.ended, "lost": self.lost, "running": self.running, "waiting": self.waiting}
        parts += [f"{len(runs)} {name}" for name, runs in counts.items() if runs]
        reason = f" ({self.reason})" if self.waiting and self.reason else ""
        return ", ".join(parts) + reason + (f"; {self.trouble}" if self.trouble else "")


def survey(submission: Submission, *, ask: bool = True) -> Survey:
    """Look where the runs of a submission are.

    Args:
        submission: the submission.
        ask: ask Slurm about runs without an outcome; otherwise none is lost.
    """
    states: dict[str, JobState] = {}
    trouble = ""
    missing = len(submission.recorded() | submission.ended()) < len(submission.runs)
    if ask and missing:  # before the folder is read: an outcome is there before its job has ended
        try:
            trouble = _find_job(submission)
            if submission.job:
                states = job_states(submission.tasks)
            elif not trouble:
                states = dict.fromkeys(submission.tasks, FORGOTTEN)
        except UserError as error:
            trouble = str(error)
    recorded, ended, started = submission.recorded(), submission.ended(), submission.started()
    lost: dict[int, Failure] = {}
    tasks = submission.tasks
    running, waiting = set(), set()
    for number, task in ((run.number, tasks[submission.pack_of[run.number]]) for run in submission.runs):
        if number in recorded or number in ended:
            continue
        state = states.get(task)
        if state is not None and state.ended:
            lost[number] = Failure(reason=_reason(submission, task, state), traceback=_log(submission, task))
        elif number in started and not (state is not None and state.waiting):
            running.add(number)
        else:
            waiting.add(number)
    reasons = {state.reason for state in states.values() if state.waiting and state.reason}
    return Survey(
        recorded=recorded,
        ended=ended,
        lost=lost,
        running=running,
        waiting=waiting,
        trouble=trouble,
        reason=", ".join(sorted(reasons)),
    )


def _find_job(submission: Submission) -> str:
    """Find the Slurm job of a submission whose command may have been killed before it wrote the job's id.

    Returns:
        Why it may still come; empty otherwise.

    Raises:
        UserError: Slurm does not answer.
    """
    if submission.job:
        return ""
    with submission.locked() as alone:
        if not alone:
            return "another command is submitting them"
        submission.read_job()
        created = submission.created / 1000
        if not submission.job and (job := job_named(submission.job_name, created)):
            submission.accepted(job)
    if not submission.job and time.time() - created < ANSWER:  # `sbatch` may outlive the command
        return "the command that submitted them was killed, but Slurm may still accept them; look again in a minute"
    return ""


def _reason(submission: Submission, task: str, state: JobState) -> str:
    if not submission.job:
        return "never submitted: the command was killed before Slurm accepted its job"
    log = _log(submission, task).strip().splitlines()
    last = f"; the last line of its log: {log[-1].strip()}" if log else ""
    return f"Slurm job {task} ended without its result: {state}{last}"


def _log(submission: Submission, task: str) -> str:
    file = submission.folder / "slurm" / f"{task}_0_log.err"
    return file.read_text(errors="replace") if file.exists() else ""
