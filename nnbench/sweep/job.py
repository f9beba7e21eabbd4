"""A run that is to be made, and what can become of it."""

import re
from dataclasses import dataclass

from nnbench.config.schema import Config
from nnbench.training.execute import Result

# Controls but tab and newline, and halves of pairs, which UTF-8 cannot encode.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST_REASON, LONGEST_TRACEBACK = 600, 100_000  # characters


@dataclass(frozen=True, kw_only=True, eq=False)
class Job:
    """One run of a sweep. Two that are alike are still two: each compares as itself.

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

    What cannot be stored or shown is escaped, and what is too long is cut, whoever makes one.
    """

    reason: str
    traceback: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", storable(self.reason, LONGEST_REASON))
        object.__setattr__(self, "traceback", storable(self.traceback, LONGEST_TRACEBACK))


class RunFailed(RuntimeError):
    """Carries the reason of a run that tracked itself to the sweep that it belongs to, perhaps from another machine."""


def storable(text: str, longest: int) -> str:
    """A text without controls and lone surrogates, which are escaped, its middle left out beyond so many characters."""
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {text[-longest // 2 :]}"
    return UNFIT.sub(lambda found: ascii(found[0])[1:-1], text)


@dataclass(frozen=True, kw_only=True)
class Started:
    """A worker has begun with the job."""

    job: Job


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A job has come back; without an outcome where it tracked itself elsewhere."""

    job: Job
    outcome: Result | Failure | None
