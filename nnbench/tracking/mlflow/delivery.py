"""How what is known of a run gets into the store: at once into a database, by a thread of its own to a server."""

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
from nnbench.tracking.mlflow.ui.notes import about

Strings = Mapping[str, str]


class Delivery(Protocol):
    """Opens and closes runs, named by a handle that stays valid until `close`."""

    def open(self, name: str, tags: Strings, params: Strings) -> str:
        """Let the store know of a run that has started; returns its handle."""

    def files(self, handle: str) -> AbstractContextManager[Path]:
        """A folder whose files become the run's artifacts when it is closed."""

    def close(self, handle: str, status: str, metrics: Sequence[Metric], tags: Strings) -> None:
        """Let the store know how a run has ended."""

    def run_id(self, handle: str) -> str:
        """The run's id in the store; of a run that the store has not heard of yet, its handle."""

    def settle(self, seconds: float | None = None) -> int:
        """Wait until the store knows all, or for so long; returns how many runs it does not know of yet."""


@dataclass(frozen=True)
class AtOnce:
    """Into a database of our own, with artifacts on this machine as a rule: milliseconds, so that nobody need wait."""

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
        self.store.runs.close(handle, status, metrics, about(handle, tags))

    def run_id(self, handle: str) -> str:
        return handle

    def settle(self, seconds: float | None = None) -> int:
        return 0
