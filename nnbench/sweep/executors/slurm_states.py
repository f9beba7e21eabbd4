"""States of Slurm jobs, from `squeue`, which knows a job for some minutes after its end, and then from `sacct`."""

import re
import subprocess
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from shutil import which

from nnbench.core.errors import UserError

ANSWER = 60.0  # seconds for a controller that is busy
WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"})
RUNNING = frozenset({"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"})


@dataclass(frozen=True, kw_only=True)
class JobState:
    """State of a Slurm job.

    Attributes:
        name: as Slurm has it, such as PENDING, RUNNING, TIMEOUT; UNKNOWN if Slurm has forgotten the job.
        reason: why it waits or has failed, as Slurm has it; may be empty.
    """

    name: str
    reason: str = ""

    @property
    def waiting(self) -> bool:
        """Whether the job has not started."""
        return self.name in WAITING

    @property
    def running(self) -> bool:
        """Whether the job has started and not ended."""
        return self.name in RUNNING

    @property
    def ended(self) -> bool:
        """Whether the job has ended, or is forgotten."""
        return not (self.waiting or self.running)

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})" if self.reason else self.name


FORGOTTEN = JobState(name="UNKNOWN")


def job_states(ids: Collection[str]) -> dict[str, JobState]:
    """Return the state of each job of `ids`: a job as `17`, a task of an array as `17_2`.

    Raises:
        UserError: Slurm does not answer.
    """
    if not ids:
        return {}
    arrays = sorted({each.partition("_")[0] for each in ids}, key=int)
    asked = _call("squeue", "--noheader", "--array", "--states=all", f"--jobs={','.join(arrays)}", "--format=%i|%T|%r")
    if asked.returncode and "Invalid job id" not in asked.stderr:
        raise UserError(f"Slurm does not answer: {_first_line(asked.stderr)}")
    found = _parsed(asked.stdout.splitlines())
    forgotten = [each for each in ids if each not in found]
    if forgotten and which("sacct"):
        jobs = ",".join(forgotten)
        accounts = _call(
            "sacct", "--noheader", "--allocations", "--parsable2", f"--jobs={jobs}", "--format=JobID,State,ExitCode"
        )
        if accounts.returncode == 0:  # there may be no accounting
            found = _parsed(accounts.stdout.splitlines()) | found
    return {each: found.get(each, FORGOTTEN) for each in ids}


def job_named(name: str, since: float) -> str:
    """Return the id of the job with a name, that of the array for an array; empty if Slurm knows none.

    Args:
        name: of one job only.
        since: when it was submitted, in seconds since 1970.

    Raises:
        UserError: Slurm does not answer.
    """
    asked = _call("squeue", "--noheader", "--states=all", f"--name={name}", "--format=%F")
    if asked.returncode:
        raise UserError(f"Slurm does not answer: {_first_line(asked.stderr)}")
    found = asked.stdout.split()
    if not found and which("sacct"):
        start = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(since))
        accounts = _call(
            "sacct", "--noheader", "--allocations", "--parsable2", f"--name={name}", f"--starttime={start}", "--format=JobID"
        )
        found = accounts.stdout.split() if accounts.returncode == 0 else []
    return found[0].partition("_")[0] if found else ""


def cancel(ids: Iterable[str]) -> None:
    """Cancel jobs; those that have ended, or a controller that does not answer, are no error."""
    if jobs := list(ids):
        _call("scancel", "--quiet", *jobs)


def sbatch_error(message: str) -> str:
    """Return the last line of `sbatch` in the message of a library that has called it; empty if there is none."""
    lines = re.findall(r"sbatch: (?:error: |fatal: )?(.+)", message)
    return str(lines[-1]) if lines else ""


def _parsed(lines: Iterable[str]) -> dict[str, JobState]:
    found = {}
    for line in lines:
        job, state, reason = line.strip().split("|", 2)
        # `sacct` has `CANCELLED by 1000`.
        name, _, by = state.partition(" ")
        found[job] = JobState(name=name, reason=by or ("" if reason in ("None", "0:0") else reason))
    return found


def _call(*command: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER, check=False)
    except FileNotFoundError:
        raise UserError(f"{command[0]}: no such program; give the command where Slurm takes jobs") from None
    except subprocess.TimeoutExpired:
        raise UserError(f"Slurm does not answer: {command[0]} took longer than {ANSWER:g} s") from None


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "no message")
