"""The interface by which the runs of a study are written, and its implementation for a database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlflow.entities import Experiment, Metric

from nnbench.tracking.mlflow.artifact_files import write_artifacts
from nnbench.tracking.mlflow.runs import End, Start, Strings, Unrecorded, new_id, now
from nnbench.tracking.mlflow.sql_runs import SqlRuns
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.mlflow.ui.notes import insert_run_id


class RunWriter(Protocol):
    """Opens and closes runs, which are identified by a handle that is valid until `close`."""

    def open(self, name: str, tags: Strings, params: Strings, *, started: int | None = None, visible: bool = True) -> str:
        """Record the start of a run, now or at `started` (ms since 1970); returns its handle.

        If it is not `visible`, `close` records its start too.
        """

    def write_files(self, handle: str, write: Callable[[Path], object]) -> None:
        """Call `write` with a folder; the files that it writes there become artifacts of the run."""

    def close(self, handle: str, status: str, metrics: Sequence[Metric], tags: Strings) -> None:
        """Record the end of a run."""

    def run_id(self, handle: str) -> str:
        """The run's id in the store, or its handle if the run has not been created there yet."""

    def flush(self, seconds: float | None = None) -> Unrecorded:
        """Wait up to `seconds` until all runs are in the store; returns how many are not."""


@dataclass(frozen=True)
class DirectRunWriter:
    """Writes to a database within milliseconds, so that no queue is needed.

    The files of a run are written before it is FINISHED, which promises them. If the process is killed between the files and
    the first row of a short run, a folder of files remains that belongs to no run.

    Attributes:
        store: the store.
        runs: of its database.
        experiment: of the runs.
    """

    store: Store
    runs: SqlRuns
    experiment: Experiment
    _starts: dict[str, Start] = field(default_factory=dict, init=False)  # of the runs that are not yet in the store, by id

    def open(self, name: str, tags: Strings, params: Strings, *, started: int | None = None, visible: bool = True) -> str:
        start = Start(run_id=new_id(), name=name, tags=tags, params=params, at=started or now())
        if visible:
            self.runs.insert(self.experiment, start)
        else:
            self._starts[start.run_id] = start
        return start.run_id

    def write_files(self, handle: str, write: Callable[[Path], object]) -> None:
        write_artifacts(self.store, self.experiment, handle, write)

    def close(self, handle: str, status: str, metrics: Sequence[Metric], tags: Strings) -> None:
        tags = insert_run_id(handle, tags)
        if handle in self._starts:
            end = End(status=status, metrics=metrics, tags=tags, at=now())
            self.runs.insert(self.experiment, self._starts[handle], end)
            del self._starts[handle]
        else:
            self.runs.close(handle, status, metrics, tags)

    def run_id(self, handle: str) -> str:
        return handle

    def flush(self, seconds: float | None = None) -> Unrecorded:
        return Unrecorded()
