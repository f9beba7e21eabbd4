"""The interface through which runs are opened, closed, labelled and listed in a store."""

import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from mlflow.entities import Experiment, Metric

from nnbench.records.rows import Row

Strings = Mapping[str, str]


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


def now() -> int:
    """The time in milliseconds since 1970, as MLflow counts it."""
    return int(time.time() * 1000)
