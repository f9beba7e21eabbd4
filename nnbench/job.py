"""A run that is to be made, and what can become of it."""

from dataclasses import dataclass

from nnbench.config import Config
from nnbench.run import Result


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a sweep.

    Attributes:
        number: its place in the sweep, from 0.
        overrides: the command-line words that compose it, for launchers that compose again.
        config: the whole of it, checked.
    """

    number: int
    overrides: tuple[str, ...]
    config: Config


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job has no result.

    Attributes:
        reason: one line for the terminal.
        traceback: the worker's, where it lived to tell.
    """

    reason: str
    traceback: str


@dataclass(frozen=True, kw_only=True)
class Started:
    """A worker has room for the job: it is about to train."""

    job: Job


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A job has come back; without an outcome where it tracked itself elsewhere."""

    job: Job
    outcome: Result | Failure | None
