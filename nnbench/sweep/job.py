"""A job of a sweep, what its run belongs to, its events, and its failure."""

import re
from dataclasses import dataclass
from typing import Literal

from nnbench.config.schema import Config
from nnbench.training.execute import Result

# Control characters except tab and newline, and lone surrogates, which UTF-8 cannot encode.
UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST_REASON, LONGEST_TRACEBACK = 600, 100_000  # characters


Stage = Literal["tuning", "final"]  # of a sweep that tunes; reports do not compare runs of the stage `tuning`


@dataclass(frozen=True, kw_only=True)
class Membership:
    """The sweep to which a run belongs.

    Attributes:
        sweep_id: MLflow's id of the sweep's own run.
        stage: the stage of the run, in a sweep that tunes.
    """

    sweep_id: str
    stage: Stage | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """One run of a sweep, compared by identity: two jobs with equal configs are different.

    Attributes:
        number: its position in the sweep, from 0.
        overrides: those that compose its config, for launchers that compose it again.
        config: the validated config.
        stage: the stage of the run, in a sweep that tunes.
    """

    number: int
    overrides: tuple[str, ...]
    config: Config
    stage: Stage | None = None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Reason why a job has no result.

    Characters that cannot be stored or printed are escaped, and longer texts are shortened.

    Attributes:
        reason: one line for the terminal.
        traceback: of the exception in the worker; empty if the worker died.
    """

    reason: str
    traceback: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", storable(self.reason, LONGEST_REASON))
        object.__setattr__(self, "traceback", storable(self.traceback, LONGEST_TRACEBACK))


class RunFailed(RuntimeError):
    """A run that tracked itself has failed; raised for the launcher, which may pass it on from another machine."""


def storable(text: str, longest: int) -> str:
    """Escape control characters and lone surrogates; leave out the middle of a text of more than `longest` characters."""
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {text[-longest // 2 :]}"
    return UNSTORABLE.sub(lambda found: ascii(found[0])[1:-1], text)


@dataclass(frozen=True, kw_only=True)
class Started:
    """A worker is training a job. An executor may leave it out for a job that ends within a second.

    Attributes:
        job: the job.
        at: when it started, in ms since 1970; None for now.
        submission: as of `Ended`.
    """

    job: Job
    at: int | None = None
    submission: str = ""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A job has ended.

    Attributes:
        job: the job.
        outcome: None if the job has recorded its run itself and finished.
        recorded: the job has recorded its run itself.
        submission: what the outcome is of, if a later command may give it again; such an outcome is recorded once. Empty for
            executors that give each outcome once.
    """

    job: Job
    outcome: Result | Failure | None
    recorded: bool = False
    submission: str = ""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A message for the user on the machines that train, such as a worker that cannot be used."""

    text: str
