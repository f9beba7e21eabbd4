"""An outbox of runs for a tracking server: ended runs are queued in files and sent by a background thread.

Training does not wait for a server that is slow or unavailable. Runs that could not be sent, or whose process died first,
are sent by the next command that opens the store.
"""

import json
import logging
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mlflow.entities import Experiment, Metric
from mlflow.exceptions import MlflowException
from requests import RequestException

from nnbench.tracking.mlflow.file_writes import write_files
from nnbench.tracking.mlflow.rest_runs import KEY, RestRuns
from nnbench.tracking.mlflow.retry import ServerUnavailable
from nnbench.tracking.mlflow.runs import Unrecorded, now
from nnbench.tracking.mlflow.ui.notes import insert_run_id

logger = logging.getLogger(__name__)

Strings = Mapping[str, str]

RUN, FILES = "run.json", "artifacts"
QUEUE_LIMIT = 64  # ended runs that may be queued before training waits
LOG_AFTER = 2.0  # seconds of waiting after which it is logged


@dataclass(kw_only=True)
class QueuedRun:
    """A run that is to be sent to the server, as stored in `run.json`.

    Attributes:
        key: identifies the run where its id is not known.
        study: its experiment's name.
        name, tags, params, started: of its start; `started` in ms since 1970.
        run_id: its id in the server, once the run has been created there.
        status, metrics, said, ended: of its end; metrics as (key, value, ms, step), `said` are the tags set then.
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


class Outbox:
    """A `RunWriter` that queues runs on disk and sends them in order from a background thread.

    Args:
        runs: of the server.
        experiment: of the runs.
        folder: holds the queued runs; used by this outbox only.
    """

    def __init__(self, runs: RestRuns, experiment: Experiment, folder: Path) -> None:
        self._runs, self._experiment, self._folder = runs, experiment, folder
        self._unended: dict[str, QueuedRun] = {}
        self._ids: dict[str, str] = {}  # in the store, by key
        # Keys of ended runs, in order. The runs are read from their files when they are sent: a server may be away for days.
        self._waiting: dict[str, None] = {}
        self._lost = 0
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._futures: list[Future[None]] = []
        self._free_slots = threading.BoundedSemaphore(QUEUE_LIMIT)
        self._stopped = False

    def open(self, name: str, tags: Strings, params: Strings, *, started: int | None = None, visible: bool = True) -> str:
        key = uuid.uuid4().hex
        run = QueuedRun(
            key=key,
            study=self._experiment.name,
            name=name,
            tags={KEY: key, **tags},
            params=dict(params),
            started=started or now(),
        )
        self._unended[key] = run
        if visible:
            self._futures.append(self._thread.submit(self._send_start, run))
        return key

    def write_files(self, handle: str, write: Callable[[Path], object]) -> None:
        write_files(self._folder / handle / FILES, write)

    def close(self, handle: str, status: str, metrics: Sequence[Metric], tags: Strings) -> None:
        run = self._unended[handle]
        run.status, run.said, run.ended = status, dict(tags), now()
        run.metrics = [(point.key, point.value, point.timestamp, point.step) for point in metrics]
        _write(self._folder / handle, run)
        del self._unended[handle]
        if self._stopped:
            self._waiting[handle] = None
            return
        self._free_slots.acquire()
        self._futures = [future for future in self._futures if not future.done()]
        self._futures.append(self._thread.submit(self._send_end, handle))

    def run_id(self, handle: str) -> str:
        return self._ids.get(handle, handle)

    def flush(self, seconds: float | None = None) -> Unrecorded:
        _, late = wait(self._futures, LOG_AFTER if seconds is None else min(LOG_AFTER, seconds))
        if late:
            logger.warning("sending runs to %s: %d requests left", self._runs.retrier.shown_uri, len(late))
            _, late = wait(late, seconds)
        if late:  # the next command sends the rest
            self._stopped, self._runs.retrier.patience = True, 0
            wait(late)
        return Unrecorded(len(self._waiting), self._lost)

    def _send_start(self, run: QueuedRun) -> None:
        with suppress(ServerUnavailable, MlflowException):  # retried when the run has ended
            if not self._stopped:
                self._ids[run.key] = _open(self._runs, self._experiment, run)

    def _send_end(self, key: str) -> None:
        self._waiting[key] = None
        try:
            for each in list(self._waiting):
                if self._stopped:
                    return
                sent = self._send_file(each)
                del self._waiting[each]
                self._lost += not sent
        except ServerUnavailable:
            if len(self._waiting) == 1:
                where = self._folder.parent
                logger.warning("%s does not answer: runs are queued in %s", self._runs.retrier.shown_uri, where)
        finally:
            self._free_slots.release()

    def _send_file(self, key: str) -> bool:
        """Send the run in a folder; returns whether it was recorded."""
        run = _read(self._folder / key)
        if run is None:
            return False
        run.run_id = self._ids.get(key)
        try:
            return send(self._runs, self._experiment, run, self._folder / key)
        finally:
            if run.run_id is not None:
                self._ids[key] = run.run_id


def send(runs: RestRuns, experiment: Experiment, run: QueuedRun, folder: Path) -> bool:
    """Send an ended run to the server and delete its folder; returns whether it was recorded.

    A run that the server rejects, or whose files cannot be read, is moved to the folder `refused`, with a warning.

    Raises:
        ServerUnavailable: the server does not answer.
    """
    assert run.status is not None
    try:
        run.run_id = run.run_id or _open(runs, experiment, run)
        if (folder / FILES).exists():
            runs.log_artifacts(run.run_id, folder / FILES)
        points = [Metric(*point) for point in run.metrics]
        runs.close(run.run_id, run.status, points, insert_run_id(run.run_id, run.said), ended=run.ended)
    except (MlflowException, OSError) as error:  # those of requests are among the latter
        of_server = isinstance(error, MlflowException | RequestException)
        cause = f"the server rejects {run.name}" if of_server else f"{run.name} cannot be sent"
        logger.warning("%s: %s; the run is kept in %s", cause, str(error)[:200], _set_aside(folder))
        return False
    shutil.rmtree(folder, ignore_errors=True)
    return True


def outbox_folder(writers: Path, token: str) -> Path:
    """The folder of the queued runs of one writer."""
    return writers / f"{token}.runs"


def queued_runs(folder: Path) -> list[tuple[QueuedRun, Path]]:
    """The runs that a dead writer left queued, each with its own folder, oldest first, without those that are unreadable."""
    found = [(_read(path.parent), path.parent) for path in folder.glob(f"*/{RUN}")]
    return sorted(((run, place) for run, place in found if run is not None), key=lambda pair: pair[0].started)


def _open(runs: RestRuns, experiment: Experiment, run: QueuedRun) -> str:
    tried = run.ended is not None
    return runs.open(experiment, run.name, run.tags, run.params, started=run.started, may_exist=tried)


def _write(folder: Path, run: QueuedRun) -> None:
    """Write `run.json` atomically; a folder without it is of a run that has not ended."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{RUN}.new"
    unfinished.write_text(json.dumps(asdict(run)), encoding="utf-8")
    os.replace(unfinished, folder / RUN)


def _read(folder: Path) -> QueuedRun | None:
    """Read `run.json`; returns None, with a warning, if it was deleted or is unreadable, and then sets the run aside."""
    path = folder / RUN
    try:
        return QueuedRun(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        logger.warning("a queued run was deleted, and is not sent: %s", folder)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        logger.warning("%s is unreadable, and its run is not sent: %s; it is kept in %s", path, error, _set_aside(folder))
    return None


def _set_aside(folder: Path) -> Path:
    """Move the folder of a run that cannot be sent to `refused`, beside the folders of the writers; returns its place."""
    aside = folder.parent.parent / "refused" / folder.name
    try:
        aside.parent.mkdir(exist_ok=True)
        os.replace(folder, aside)
    except OSError:  # it stays where it is
        return folder
    return aside
