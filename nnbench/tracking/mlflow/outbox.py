"""Runs on their way to a server: each is written down here as it ends, and told by a thread of its own.

So training waits neither for a slow server nor for one that is away, and what a server was not told, since it has gone or
since the process died first, the next call tells it.
"""

import json
import logging
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import requests
from mlflow.entities import Experiment, Metric
from mlflow.exceptions import MlflowException

from nnbench.tracking.mlflow.retry import Gone
from nnbench.tracking.mlflow.runs import KEY, ServerRuns, now
from nnbench.tracking.mlflow.ui.notes import about

logger = logging.getLogger(__name__)

Strings = Mapping[str, str]

RUN, FILES = "run.json", "artifacts"
AHEAD = 64  # ended runs that may wait to be told before training waits for them
SILENT = 2.0  # seconds of waiting until that is said


@dataclass(kw_only=True)
class Parcel:
    """What a server is to be told of a run.

    Attributes:
        key: by which the run is found again where its id is not known.
        study: its experiment's name.
        name, tags, params, started: as it began.
        run_id: in the server, once it has been told of the run.
        status, metrics, said, ended: as it ended: metrics as (key, value, ms, step), `said` are further tags.
    """

    key: str
    study: str
    name: str
    tags: Strings
    params: Strings
    started: int
    run_id: str | None = None
    status: str | None = None
    metrics: list[tuple[str, float, int, int]] = field(default_factory=list)
    said: Strings = field(default_factory=dict)
    ended: int | None = None


class Courier:
    """Tells a server of runs, in their order, while their writer goes on.

    Args:
        runs: the way to the server.
        experiment: to which the runs belong.
        folder: where they wait; this courier's alone.
    """

    def __init__(self, runs: ServerRuns, experiment: Experiment, folder: Path) -> None:
        self._runs, self._experiment, self._folder = runs, experiment, folder
        self._parcels: dict[str, Parcel] = {}
        self._waiting: dict[str, Parcel] = {}
        self._thread = ThreadPoolExecutor(1, "courier")
        self._sent: list[Future[None]] = []
        self._room = threading.BoundedSemaphore(AHEAD)
        self._hurried = False

    def open(self, name: str, tags: Strings, params: Strings) -> str:
        key = uuid.uuid4().hex
        parcel = Parcel(
            key=key,
            study=self._experiment.name,
            name=name,
            tags={KEY: key, **tags},
            params=dict(params),
            started=now(),
        )
        self._parcels[key] = parcel
        self._sent.append(self._thread.submit(self._tell_start, parcel))
        return key

    @contextmanager
    def files(self, handle: str) -> Iterator[Path]:
        folder = self._folder / handle / FILES
        folder.mkdir(parents=True, exist_ok=True)
        yield folder

    def close(self, handle: str, status: str, metrics: Sequence[Metric], tags: Strings) -> None:
        parcel = self._parcels[handle]
        parcel.status, parcel.said, parcel.ended = status, dict(tags), now()
        parcel.metrics = [(point.key, point.value, point.timestamp, point.step) for point in metrics]
        _write(self._folder / handle, parcel)
        if self._hurried:
            self._waiting[handle] = parcel
            return
        self._room.acquire()
        self._sent = [future for future in self._sent if not future.done()]
        self._sent.append(self._thread.submit(self._tell_end, parcel))

    def run_id(self, handle: str) -> str:
        return self._parcels[handle].run_id or handle

    def settle(self, seconds: float | None = None) -> int:
        _, late = wait(self._sent, SILENT if seconds is None else min(SILENT, seconds))
        if late:
            logger.warning("telling %s of what it does not know yet: %d steps to go", self._runs.line.shown_uri, len(late))
            _, late = wait(late, seconds)
        if late:  # the rest is for the next call
            self._hurried, self._runs.line.patience = True, 0
            wait(late)
        return len(self._waiting)

    def _tell_start(self, parcel: Parcel) -> None:
        with suppress(Gone, MlflowException):  # is tried again, and told of, when the run has ended
            if not self._hurried:
                parcel.run_id = _open(self._runs, self._experiment, parcel)

    def _tell_end(self, parcel: Parcel) -> None:
        self._waiting[parcel.key] = parcel
        try:
            if self._hurried:
                return
            for each in list(self._waiting.values()):
                deliver(self._runs, self._experiment, each, self._folder / each.key)
                del self._waiting[each.key]
        except Gone:
            if len(self._waiting) == 1:
                where = self._folder.parent
                logger.warning("%s has gone: the runs go on, and wait in %s", self._runs.line.shown_uri, where)
        finally:
            self._room.release()


def deliver(runs: ServerRuns, experiment: Experiment, parcel: Parcel, folder: Path) -> None:
    """Tell a server of a run that has ended, and clear its folder away.

    A run that the server refuses, as opposed to one it cannot be told of now, is put aside and warned of.

    Raises:
        Gone: the server does not answer.
    """
    assert parcel.status is not None
    try:
        parcel.run_id = parcel.run_id or _open(runs, experiment, parcel)
        if (folder / FILES).exists():
            runs.keep(parcel.run_id, folder / FILES)
        points = [Metric(*point) for point in parcel.metrics]
        runs.close(parcel.run_id, parcel.status, points, about(parcel.run_id, parcel.said), ended=parcel.ended)
    except (MlflowException, requests.RequestException) as error:
        aside = folder.parent.parent / "refused" / folder.name
        aside.parent.mkdir(exist_ok=True)
        os.replace(folder, aside)
        logger.warning("the server refuses %s: %s; the run is kept in %s", parcel.name, str(error)[:200], aside)
    else:
        parcel.metrics.clear()
        shutil.rmtree(folder)


def parcels(writers: Path, token: str) -> Path:
    """The folder where the runs of one writer wait."""
    return writers / f"{token}.runs"


def left_behind(folder: Path) -> list[tuple[Parcel, Path]]:
    """The runs that wait in a folder whose courier has gone, each with its own folder, oldest first."""
    found = [(_read(path), path.parent) for path in folder.glob(f"*/{RUN}")]
    return sorted(found, key=lambda pair: pair[0].started)


def _open(runs: ServerRuns, experiment: Experiment, parcel: Parcel) -> str:
    tried = parcel.ended is not None
    return runs.open(experiment, parcel.name, parcel.tags, parcel.params, started=parcel.started, perhaps_known=tried)


def _write(folder: Path, parcel: Parcel) -> None:
    """As a whole or not at all: a run without its file is one that has not ended."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{RUN}.new"
    unfinished.write_text(json.dumps(asdict(parcel)), encoding="utf-8")
    os.replace(unfinished, folder / RUN)


def _read(path: Path) -> Parcel:
    return Parcel(**json.loads(path.read_text(encoding="utf-8")))
