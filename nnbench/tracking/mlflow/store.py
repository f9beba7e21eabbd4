"""Opens an MLflow store, a database or a server, and creates it if it is missing."""

import hashlib
import logging
import os
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import sqlalchemy
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from nnbench.core.console import python_command
from nnbench.core.errors import UserError
from nnbench.core.redaction import redacted
from nnbench.tracking.mlflow import errors as faults
from nnbench.tracking.mlflow import schema
from nnbench.tracking.mlflow.errors import root_message
from nnbench.tracking.mlflow.file_watch import FileWatch
from nnbench.tracking.mlflow.locks import LOCK_TIMEOUT, retry_while_locked, store_lock
from nnbench.tracking.mlflow.outbox import outbox_folder, queued_runs, send
from nnbench.tracking.mlflow.rest_runs import RestRuns, all_pages
from nnbench.tracking.mlflow.retry import SERVER_TIMEOUT, Retrier, ServerUnavailable, is_access_denied
from nnbench.tracking.mlflow.sql_runs import SqlRuns
from nnbench.tracking.mlflow.uri import SERVERS, database_url, named_file, sqlite_uri
from nnbench.tracking.mlflow.writer_lock import dead_writers

logger = logging.getLogger(__name__)
# It prints the traceback of each failed write, even of those that are retried.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

T = TypeVar("T")

CONNECT_TIMEOUT = 10  # seconds to wait for a database
# Of 4 KiB. The rows of a run are on a hundred pages, most of which the next run changes again: with SQLite's thousand pages
# each is copied to the database several times as often, and a run takes a third longer to insert.
WAL_PAGES = 10_000
ANALYZED = 1000  # rows of an index that statistics are estimated from; all of them take 11 s at 100,000 runs


@dataclass(frozen=True)
class Store:
    """An open store.

    Attributes:
        uri: its tracking URI, a file's path made absolute. A database's may hold a password: show `shown_uri`.
        client: MLflow's client.
        runs: opens, closes and lists runs.
        engine: connects to the database; None for a server.
        artifacts: absolute folder of new studies' artifacts; None for a server.
        writers: folder of the writers' lock files and, for a server, of queued runs.
        watch: detects that an SQLite file was deleted or replaced; None for other stores.
    """

    uri: str
    client: MlflowClient
    runs: SqlRuns | RestRuns
    engine: Engine | None
    artifacts: Path | None
    writers: Path
    watch: FileWatch | None = None

    @property
    def shown_uri(self) -> str:
        """The URI without its password."""
        return redacted(self.uri)

    @property
    def snapshots(self) -> Path:
        """Folder of the snapshots of studies, see `nnbench.records.snapshot`: beside an SQLite file, else in the cache."""
        if self.watch is not None:
            return self.watch.file.with_name(f"{self.watch.file.name}.snapshot")
        return cache_folder() / "snapshots" / _digest(self.uri)

    @property
    def pages(self) -> str:
        """The address of MLflow's UI, or the command that starts it."""
        if self.engine is None:
            return f"{self.shown_uri}/#/experiments?workflowType=machine_learning"
        usual = self.uri == sqlite_uri(Path("results/mlflow.db"))
        return f"{python_command()} -m nnbench ui" + ("" if usual else f" --store {shlex.quote(self.shown_uri)}")

    def call(self, function: Callable[[], T]) -> T:
        """Return the result of `function`, retried while the store is locked or unavailable.

        Raises:
            ServerUnavailable: the server did not answer within `tracking.patience`.
        """
        if self.watch is not None:
            self.watch.check()
        return self.runs.retrier.call(function) if isinstance(self.runs, RestRuns) else retry_while_locked(function)

    def user_errors(self) -> AbstractContextManager[None]:
        """Convert faults of the store that the user can correct to `UserError`."""
        return faults.user_errors(self.uri, self.watch.file if self.watch else None)

    def analyze(self) -> None:
        """Update SQLite's statistics, without which MLflow's UI loads a curve at least six times slower."""
        if self.engine is not None and self.engine.dialect.name == "sqlite":
            _execute(self.engine, f"PRAGMA analysis_limit = {ANALYZED}", "ANALYZE")


def open_store(
    uri: str,
    artifacts: Path | None,
    *,
    create: bool = True,
    spool: Path | None = None,
    patience: float = SERVER_TIMEOUT,
) -> Store:
    """Open a store, creating it if it is missing, and clean up after dead processes.

    Their queued runs are sent to the server, and their RUNNING runs become KILLED. Concurrent calls wait for one another.

    Args:
        uri: an MLflow tracking URI, of a database or a server.
        artifacts: the folder for the artifacts of new studies in a database; by default `artifacts` beside an SQLite
            file. A server has its own.
        create: create a missing SQLite file.
        spool: the folder of runs queued for a server; by default in this user's cache.
        patience: seconds to wait for a server that becomes unavailable later; at first it must answer at once.

    Raises:
        UserError: the URI is invalid, or the store cannot be opened or written.
    """
    with faults.user_errors(uri):
        server = uri.split("://")[0].lower() in SERVERS
        store = _server(uri, spool, patience) if server else _database(uri, artifacts, create)
    with store.user_errors():
        for token in dead_writers(store.writers):
            _send_queued_runs(store, token)
            _kill_runs(store, token)
    return store


def cache_folder() -> Path:
    """This user's cache folder, by the XDG rule; platformdirs would be a dependency for this line only."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "nnbench"


def _server(uri: str, spool: Path | None, patience: float) -> Store:
    address = urlsplit(uri)
    if address.username is not None:
        # MLflow reads them for every request; in the URI they would appear in error messages.
        os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(address.username)
        os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(address.password or "")
        uri = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
    client = MlflowClient(uri)
    try:
        Retrier(redacted(uri), 0).call(partial(client.search_experiments, max_results=1))
    except ServerUnavailable as error:
        if error.__cause__ is not None and is_access_denied(error.__cause__):
            raise
        raise UserError(f"tracking.uri={redacted(uri)}: no MLflow server answers: {root_message(error)}") from error
    except MlflowException as error:
        raise UserError(f"tracking.uri={redacted(uri)}: no MLflow server answers: {root_message(error)}") from error
    return Store(uri, client, RestRuns(client, Retrier(redacted(uri), patience)), None, None, _writers(uri, spool))


def _writers(uri: str, spool: Path | None = None) -> Path:
    """The folder of the writers of this machine to a server or a database server."""
    return (spool or cache_folder() / "writers").absolute() / _digest(uri)


def _digest(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:16]


def _database(uri: str, artifacts: Path | None, create: bool) -> Store:
    url = database_url(uri)
    if url.get_backend_name() == "sqlite":
        return _sqlite(uri, url, artifacts, create)
    if artifacts is None:
        raise UserError("tracking.artifacts=null: a database without a server needs a folder for artifacts")
    writers = _writers(uri)
    with store_lock(writers):
        engine = _engine(url)
        client = retry_while_locked(lambda: MlflowClient(uri))
    return Store(uri, client, SqlRuns(engine, retry_while_locked), engine, artifacts.absolute(), writers)


def prepare(uri: str, *, create: bool = True) -> str:
    """Prepare a database for an MLflow server: check that it answers, and create the tables of an SQLite file.

    Returns:
        Its URI, an SQLite file's path in it made absolute.

    Raises:
        UserError: it does not answer; its file cannot be a store, or is missing and `create` is false.
    """
    url = database_url(uri)
    if url.get_backend_name() != "sqlite":
        _engine(url).dispose()
        return uri
    file = named_file(uri, url, create=create)
    with store_lock(_sqlite_writers(uri, file)), faults.user_errors(uri, file):
        retry_while_locked(lambda: schema.ensure_schema(file))
    return sqlite_uri(file)


def _sqlite_writers(uri: str, file: Path) -> Path:
    """The folder beside an SQLite file for its writers' lock files."""
    writers = file.parent / f".{file.name}.writers"
    try:
        writers.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"tracking.uri={uri}: its folder cannot be created: {error.strerror}") from error
    return writers


def _sqlite(given: str, url: URL, artifacts: Path | None, create: bool) -> Store:
    file = named_file(given, url, create=create)
    uri = sqlite_uri(file, "".join(given.partition(f"{file.name}?")[2:]))
    writers = _sqlite_writers(given, file)
    with store_lock(writers), faults.user_errors(uri, file):
        retry_while_locked(lambda: schema.ensure_schema(file))
        # MLflow caches connections for the life of the process; an earlier one may be to a deleted file.
        mlflow_engine = SqlAlchemyStore._get_or_create_engine(uri)
        mlflow_engine.dispose()
        engine = _engine(url)
        client = retry_while_locked(lambda: MlflowClient(uri))
        watch = FileWatch(file, (engine, mlflow_engine), writers)

    def write(transaction: Callable[[], None]) -> None:
        watch.check()
        retry_while_locked(transaction)

    artifacts = (artifacts or file.parent / "artifacts").absolute()
    return Store(uri, client, SqlRuns(engine, write), engine, artifacts, writers, watch)


def _engine(url: URL) -> Engine:
    """A connected engine; fails at once, where MLflow would retry for 100 s."""
    if url.get_backend_name() == "sqlite":
        engine = sqlalchemy.create_engine(url, connect_args={"timeout": LOCK_TIMEOUT})
        # Readers and writer then do not block each other. A network drive may refuse this, which is harmless.
        _execute(engine, "PRAGMA journal_mode=WAL")
        engine.dispose()
        sqlalchemy.event.listen(engine, "connect", _write_less_often)
        return engine
    try:
        wait = {"connect_timeout": CONNECT_TIMEOUT} if url.get_backend_name() == "postgresql" else {}
        engine = sqlalchemy.create_engine(url, pool_pre_ping=True, connect_args=wait)
        _execute(engine, "SELECT 1")
    except (SQLAlchemyError, ImportError) as error:
        raise UserError(f"tracking.uri={redacted(url.render_as_string())}: {faults.connection_message(error)}") from error
    return engine


def _write_less_often(connection: Any, record: object) -> None:
    """Let a commit to a WAL file return before the disk has it, which takes 5 ms, and let the file grow to `WAL_PAGES`.

    The end of any process loses nothing. If the machine itself fails, the last transactions may be missing, each as a whole.
    """
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")


def _execute(engine: Engine, *statements: str) -> None:
    def execute() -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    retry_while_locked(execute)


def _send_queued_runs(store: Store, token: str) -> None:
    """Send the queued runs of a dead writer to the server."""
    if not isinstance(store.runs, RestRuns):
        return
    sent = 0
    for run, folder in queued_runs(outbox_folder(store.writers, token)):
        experiment = store.call(partial(store.client.get_experiment_by_name, run.study))
        if experiment is None:
            created = store.call(partial(store.client.create_experiment, run.study))
            experiment = store.call(partial(store.client.get_experiment, created))
        sent += send(store.runs, experiment, run, folder)
    if sent:
        logger.warning("sent %s %d runs that were queued in %s", store.shown_uri, sent, store.writers)


def _kill_runs(store: Store, token: str) -> None:
    """Mark as KILLED the runs that a dead writer left RUNNING."""
    experiments = [experiment.experiment_id for experiment in all_pages(store.client.search_experiments)]
    query = f"attributes.status = 'RUNNING' AND tags.`nnbench.writer` = '{token}'"
    tags = {"nnbench.outcome": "killed", "nnbench.reason": "its process died"}
    for run in list(all_pages(store.client.search_runs, experiments, query)):  # all pages, before any run leaves them
        store.runs.close(run.info.run_id, "KILLED", [], tags)
        logger.warning("marked KILLED: %s, left RUNNING by a process that died", run.info.run_name)
