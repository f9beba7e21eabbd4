"""The interface by which the runs of a study are written, and its implementation for a database."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from mlflow.entities import Experiment, Metric

from nnbench.tracking.mlflow.artifact_files import artifact_folder
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.mlflow.ui.notes import insert_run_id

Strings = Mapping[str, str]


class RunWriter(Protocol):
    """Opens and closes runs, which are identified by a handle that is valid until `close`."""

    def open(self, name: str, tags: Strings, params: Strings) -> str:
        """Record the start of a run; returns its handle."""

    def files(self, handle: str) -> AbstractContextManager[Path]:
        """A folder whose files become artifacts of the run on exit."""

    def close(self, handle: str, status: str, metrics: Sequence[Metric], tags: Strings) -> None:
        """Record the end of a run."""

    def run_id(self, handle: str) -> str:
        """The run's id in the store, or its handle if the run has not been created there yet."""

    def flush(self, seconds: float | None = None) -> int:
        """Wait up to `seconds` until all runs are in the store; returns the number of those that are not."""


@dataclass(frozen=True)
class DirectRunWriter:
    """Writes to a database within milliseconds, so that no queue is needed."""

    store: Store
    experiment: Experiment

    def open(self, name: str, tags: Strings, params: Strings) -> str:
        return self.store.runs.open(self.experiment, name, tags, params)

    @contextmanager
    def files(self, handle: str) -> Iterator[Path]:
        folder = artifact_folder(self.store, self.experiment, handle)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            yield folder
            return
        with TemporaryDirectory() as temporary:
            yield Path(temporary)
            self.store.call(partial(self.store.client.log_artifacts, handle, temporary))

    def close(self, handle: str, status: str, metrics: Sequence[Metric], tags: Strings) -> None:
        self.store.runs.close(handle, status, metrics, insert_run_id(handle, tags))

    def run_id(self, handle: str) -> str:
        return handle

    def flush(self, seconds: float | None = None) -> int:
        return 0
