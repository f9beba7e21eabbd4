"""A store opened with care: made once, by one process at a time, and its faults told in one line."""

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from filelock import FileLock, Timeout
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from nnbench.errors import UserError
from nnbench.tracking.presence import departed
from nnbench.tracking.runs import DatabaseRuns, Runs, ServerRuns

logger = logging.getLogger(__name__)
# It prints the traceback of each refused write, also of those that are tried again.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

T = TypeVar("T")

SERVERS, DATABASES = ("http", "https"), ("sqlite", "postgresql", "mysql", "mssql")
ALLOWED = "sqlite:///FILE.db, postgresql://USER@HOST/NAME or http(s)://HOST:PORT"
HINT, PATIENCE = 2.0, 600.0  # seconds until a wait is told of, and until it is given up

# What a fault says of itself -> what its user is told.
FAULTS = {
    "database is locked": "another program has kept it locked for minutes; close that program, then give the command again",
    "disk is full": "the disk is full; what was written before is sound: make room, then give the command again",
    "no space left": "the disk is full; what was written before is sound: make room, then give the command again",
    "readonly database": "the file or its folder is read-only",
    "read-only file system": "the file or its folder is read-only",
    "permission denied": "no permission to write there",
    "unable to open database file": "the file cannot be opened: is its folder there, and may you write in it?",
    "file is not a database": "the file is not an SQLite database",
    "out-of-date database schema": "another version of MLflow made it; copy it, then `mlflow db upgrade` it",
    "can't locate revision": "a newer version of MLflow made it, and this one cannot read it",
}


@dataclass(frozen=True)
class Store:
    """An open store.

    Attributes:
        uri: its tracking URI, a file's path made absolute. May hold a password: show `shown_uri`.
        client: MLflow's own way into it.
        runs: opens and closes runs.
        engine: the way into a database; None behind a server.
        artifacts: where new studies keep their artifacts, an absolute folder; None leaves it to the server.
        presence: the folder of the lock files of those who write.
    """

    uri: str
    client: MlflowClient
    runs: Runs
    engine: Engine | None
    artifacts: Path | None
    presence: Path

    @property
    def shown_uri(self) -> str:
        """The URI without its password."""
        return redacted(self.uri)

    def told_in_one_line(self) -> AbstractContextManager[None]:
        """Within, a fault of the store that its user can mend ends in a `UserError`."""
        return _told_in_one_line(self.uri)

    def analyze(self) -> None:
        """Renew SQLite's statistics: without them, MLflow's pages wait six times and more as long for a curve."""
        if self.engine is not None and self.engine.dialect.name == "sqlite":
            engine = self.engine
            patiently(lambda: _execute(engine, "ANALYZE"))


def redacted(text: str) -> str:
    """`text` with the user and password of every URI in it covered."""
    return re.sub(r"(?<=://)[^/@\s'\"]+@", "***@", text)


def open_store(uri: str, artifacts: Path | None, *, create: bool = True) -> Store:
    """Open a store, made first where it is missing; runs that a dead process left RUNNING become KILLED.

    Any number of processes may do so at once: they wait for one another.

    Args:
        uri: an MLflow tracking URI, of a database or a server.
        artifacts: the folder for the artifacts of new studies; by default the server's choice, or `artifacts` beside an
            SQLite file.
        create: make an SQLite file that is not there.

    Raises:
        UserError: the URI is none, or the store cannot be opened or written.
    """
    with _told_in_one_line(uri):
        store = _server(uri) if uri.split("://")[0] in SERVERS else _database(uri, artifacts, create)
        for token in departed(store.presence):
            _kill_runs(store, token)
    return store


def patiently(call: Callable[[], T]) -> T:
    """Call, again while another program holds the database, and say so once.

    Raises:
        OperationalError, MlflowException: it is still held after ten minutes, or anything else is wrong.
    """
    started, told = time.monotonic(), False
    while True:
        try:
            return call()
        except (OperationalError, MlflowException) as error:
            if "database is locked" not in str(error) or time.monotonic() - started > PATIENCE:
                raise
        if not told:
            logger.warning("another program is writing to the store: waiting for it")
            told = True


@contextmanager
def _told_in_one_line(uri: str) -> Iterator[None]:
    """Turn those faults of a store that a user can mend into a `UserError`."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        text = str(error).lower()
        for sign, remedy in FAULTS.items():
            if sign in text:
                raise UserError(f"tracking.uri={redacted(uri)}: {remedy}") from error
        raise


def every(search: Callable[..., Any], *arguments: object) -> Iterator[Any]:
    """All that a paged search of the client finds."""
    token = None
    while True:
        page = search(*arguments, max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _server(uri: str) -> Store:
    retries = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    usual = os.environ.get(retries)
    os.environ[retries] = "1"  # a server that is not there is told of now, not after four minutes; later, waiting is right
    client = MlflowClient(uri)
    try:
        client.search_experiments(max_results=1)
    except MlflowException as error:
        raise UserError(f"tracking.uri={redacted(uri)}: no MLflow server answers there: {_first_line(error)}") from error
    finally:
        os.environ.pop(retries)
        if usual is not None:
            os.environ[retries] = usual
    return Store(uri, client, ServerRuns(client), None, None, _presence_of(uri))


def _database(uri: str, artifacts: Path | None, create: bool) -> Store:
    url = _checked(uri)
    presence = _presence_of(uri)
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "").absolute()
        if not create and not file.exists():
            raise UserError(f"tracking.uri={redacted(uri)}: there is no such file")
        file.parent.mkdir(parents=True, exist_ok=True)
        url = url.set(database=str(file))
        presence = file.parent / f".{file.name}.writers"
        artifacts = artifacts or file.parent / "artifacts"
    if artifacts is None:
        raise UserError("tracking.artifacts=null: a database without a server needs a folder for artifacts")
    full = url.render_as_string(hide_password=False)
    with alone(presence):
        engine = _engine(url)
        client = patiently(lambda: MlflowClient(full))
    return Store(full, client, DatabaseRuns(engine, patiently), engine, artifacts.absolute(), presence)


def _checked(uri: str) -> URL:
    try:
        url = make_url(uri)
    except ArgumentError as error:
        raise UserError(f"tracking.uri={redacted(uri)}: is not a tracking URI: {ALLOWED}") from error
    if url.get_backend_name() not in DATABASES:
        raise UserError(f"tracking.uri={redacted(uri)}: MLflow knows no such store: {ALLOWED}")
    if url.get_backend_name() == "sqlite" and (url.host or not url.database or url.database == ":memory:"):
        raise UserError(f"tracking.uri={redacted(uri)}: names no file; three slashes and a path: sqlite:///results/mlflow.db")
    return url


def _engine(url: URL) -> Engine:
    """An engine that has reached its database: MLflow itself would try ten times over 100 s before it told of a fault."""
    if url.get_backend_name() == "sqlite":
        engine = sqlalchemy.create_engine(url, connect_args={"timeout": HINT})
        # Readers do not wait for the writer, nor the writer for them. Some network drives cannot: then as it was.
        patiently(lambda: _execute(engine, "PRAGMA journal_mode=WAL"))
        return engine
    try:
        engine = sqlalchemy.create_engine(url, pool_pre_ping=True)
        _execute(engine, "SELECT 1")
    except (SQLAlchemyError, ImportError) as error:
        raise UserError(f"tracking.uri={redacted(str(url))}: the database does not answer: {_first_line(error)}") from error
    return engine


def _execute(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _first_line(error: BaseException) -> str:
    return redacted(str(error).strip().splitlines()[0])[:300]


def _presence_of(uri: str) -> Path:
    """A folder of this user's on this machine: a server's store has no folder that all its writers share."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "nnbench" / hashlib.sha256(uri.encode()).hexdigest()[:16]


@contextmanager
def alone(presence: Path) -> Iterator[None]:
    """Within, no other process that shares the folder makes anything in the same store."""
    presence.mkdir(parents=True, exist_ok=True)
    lock = FileLock(presence / "making.lock")
    try:
        lock.acquire(timeout=HINT)
    except Timeout:
        logger.warning("another process is opening the store: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _kill_runs(store: Store, token: str) -> None:
    """Mark KILLED what a dead writer left RUNNING."""
    experiments = [experiment.experiment_id for experiment in every(store.client.search_experiments)]
    query = f"attributes.status = 'RUNNING' AND tags.`nnbench.writer` = '{token}'"
    for run in every(store.client.search_runs, experiments, query):
        store.runs.close(run.info.run_id, "KILLED", [], {"nnbench.outcome": "killed", "nnbench.reason": "its process died"})
        logger.warning("marked KILLED: %s, left RUNNING by a process that died", run.info.run_name)
