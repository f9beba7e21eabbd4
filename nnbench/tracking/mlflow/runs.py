"""The interface through which runs are opened, closed, labelled and listed in a store."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from mlflow.entities import Experiment, Metric

from nnbench.records.rows import Row

Strings = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Start:
    """The start of a run.

    Attributes:
        run_id: its id.
        name: its name.
        tags: its tags, those of MLflow included.
        params: its parameters.
        at: in ms since 1970.
    """

    run_id: str
    name: str
    tags: Strings
    params: Strings
    at: int


@dataclass(frozen=True, kw_only=True)
class End:
    """The end of a run.

    Attributes:
        status: FINISHED, FAILED or KILLED.
        metrics: its points; those of each metric are in ascending order of step.
        tags: replace those of the start with the same keys.
        at: in ms since 1970.
    """

    status: str
    metrics: Sequence[Metric]
    tags: Strings
    at: int


class Unrecorded(NamedTuple):
    """Numbers of ended runs that are not in the store: those in a queue, and those that will not be sent, see the warnings."""

    queued: int = 0
    lost: int = 0


class Runs(Protocol):
    """Opens, closes, labels and lists runs."""

    def open(self, experiment: Experiment, name: str, tags: Strings, params: Strings, *, started: int | None = None) -> str:
        """Create a run with status RUNNING, started now or at `started` (ms since 1970); returns its id."""

    def close(self, run_id: str, status: str, metrics: Sequence[Metric], tags: Strings, *, ended: int | None = None) -> None:
        """Log metrics and tags of a run and end it; the points of each metric are in ascending order of step."""

    def label(self, tags: Mapping[str, Strings]) -> None:
        """Set tags of runs that have ended, by their ids."""

    def rows(self, experiment: Experiment) -> list[Row]:
        """All runs of an experiment except deleted ones, oldest first; without parameters where the config is in the tags."""


def new_id() -> str:
    """Return an id for a new run, as MLflow makes them."""
    return uuid.uuid4().hex


def now() -> int:
    """The time in milliseconds since 1970, as MLflow counts it."""
    return int(time.time() * 1000)
