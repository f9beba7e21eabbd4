"""A store opened with care: made once, by one process at a time, and its faults told in one line."""

import hashlib
import logging
import os
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
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
from nnbench.tracking.mlflow.address import SERVERS, database_url, named_file, sqlite_uri
from nnbench.tracking.mlflow.errors import root_message
from nnbench.tracking.mlflow.file_watch import FileWatch
from nnbench.tracking.mlflow.locks import LOCK_TIMEOUT, retry_while_locked, store_lock
from nnbench.tracking.mlflow.outbox import outbox_folder, queued_runs, send
from nnbench.tracking.mlflow.rest_runs import RestRuns, all_pages
from nnbench.tracking.mlflow.retry import SERVER_TIMEOUT, Retrier, ServerUnavailable, is_access_denied
from nnbench.tracking.mlflow.runs import Runs
from nnbench.tracking.mlflow.sql_runs import SqlRuns
from nnbench.tracking.mlflow.writer_lock import dead_writers

logger = logging.getLogger(__name__)
# It prints the traceback of each refused write, also of those that are tried again.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)

T = TypeVar("T")

ANSWER = 10  # seconds that a database has to answer at first


@dataclass(frozen=True)
class Store:
    """An open store.

    Attributes:
        uri: its tracking URI, a file's path made absolute. A database's may hold a password: show `shown_uri`.
        client: MLflow's own way into it.
        runs: opens, closes and lists runs.
        engine: the way into a database; None behind a server.
        artifacts: where new studies keep their artifacts, an absolute folder; None leaves it to the server.
        writers: the folder of those who write: their lock files and, for a server, the runs it is to be told of.
        watch: of an SQLite file, which may be deleted or replaced while it is written to; None for others.
    """

    uri: str
    client: MlflowClient
    runs: Runs
    engine: Engine | None
    artifacts: Path | None
    writers: Path
    watch: FileWatch | None = None

    @property
    def shown_uri(self) -> str:
        """The URI without its password."""
        return redacted(self.uri)

    @property
    def pages(self) -> str:
        """Where MLflow's pages show it, or the command that does."""
        if self.engine is None:
            return f"{self.shown_uri}/#/experiments?workflowType=machine_learning"
        usual = self.uri == sqlite_uri(Path("results/mlflow.db"))
        return f"{python_command()} -m nnbench ui" + ("" if usual else f" --store {shlex.quote(self.shown_uri)}")

    def call(self, function: Callable[[], T]) -> T:
        """What `function` returns, called again and again while the store is held by another program, or is away.

        Raises:
            ServerUnavailable: the server has not answered for as long as one is ready to wait.
        """
        if self.watch is not None:
            self.watch.check()
        return self.runs.retrier.call(function) if isinstance(self.runs, RestRuns) else retry_while_locked(function)

    def user_errors(self) -> AbstractContextManager[None]:
        """Within, a fault of the store that its user can mend ends in a `UserError`."""
        return faults.user_errors(self.uri, self.watch.file if self.watch else None)

    def analyze(self) -> None:
        """Renew SQLite's statistics: without them, MLflow's pages wait six times as long for a curve, and more."""
        if self.engine is not None and self.engine.dialect.name == "sqlite":
            _execute(self.engine, "ANALYZE")


def open_store(
    uri: str,
    artifacts: Path | None,
    *,
    create: bool = True,
    spool: Path | None = None,
    patience: float = SERVER_TIMEOUT,
) -> Store:
    """Open a store, made first where it is missing. What dead processes left is set right.

    A server is told of what they had not told it; what they left RUNNING becomes KILLED. Any number of processes may do
    so at once: they wait for one another.

    Args:
        uri: an MLflow tracking URI, of a database or a server.
        artifacts: the folder for the artifacts of new studies in a database; by default `artifacts` beside an SQLite
            file. A server has its own.
        create: make an SQLite file that is not there.
        spool: the folder where runs wait to be told to a server; by default one in this user's cache.
        patience: seconds to wait for a server that goes away later; one that is not there now is told of at once.

    Raises:
        UserError: the URI is none, or the store cannot be opened or written.
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
    """This user's folder on this machine for what can be had again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "nnbench"


def _server(uri: str, spool: Path | None, patience: float) -> Store:
    address = urlsplit(uri)
    if address.username is not None:
        # Where MLflow's every request looks for them; in a URI they would be part of each fault's text.
        os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(address.username)
        os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(address.password or "")
        uri = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
    client = MlflowClient(uri)
    try:
        Retrier(redacted(uri), 0).call(partial(client.search_experiments, max_results=1))
    except ServerUnavailable as error:
        if error.__cause__ is not None and is_access_denied(error.__cause__):
            raise
        raise UserError(f"tracking.uri={redacted(uri)}: no MLflow server answers there: {root_message(error)}") from error
    except MlflowException as error:
        raise UserError(f"tracking.uri={redacted(uri)}: no MLflow server answers there: {root_message(error)}") from error
    return Store(uri, client, RestRuns(client, Retrier(redacted(uri), patience)), None, None, _writers(uri, spool))


def _writers(uri: str, spool: Path | None = None) -> Path:
    """For a server, which has no folder that its writers share: one of this machine, none speaks for another's dead."""
    return (spool or cache_folder() / "writers").absolute() / hashlib.sha256(uri.encode()).hexdigest()[:16]


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
    """Make a database fit for a server: one that does not answer is refused, an SQLite file gets its tables.

    Returns:
        Its URI, an SQLite file's path in it made absolute.

    Raises:
        UserError: it does not answer; its file cannot be a store, or is not there and `create` does not allow to make it.
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
    """The folder beside an SQLite file for those who write to it."""
    writers = file.parent / f".{file.name}.writers"
    try:
        writers.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"tracking.uri={uri}: its folder cannot be made: {error.strerror}") from error
    return writers


def _sqlite(given: str, url: URL, artifacts: Path | None, create: bool) -> Store:
    file = named_file(given, url, create=create)
    uri = sqlite_uri(file, "".join(given.partition(f"{file.name}?")[2:]))
    writers = _sqlite_writers(given, file)
    with store_lock(writers), faults.user_errors(uri, file):
        retry_while_locked(lambda: schema.ensure_schema(file))
        # MLflow keeps its connections for as long as the process lives; an earlier one may be to a file that has gone.
        theirs = SqlAlchemyStore._get_or_create_engine(uri)
        theirs.dispose()
        engine = _engine(url)
        client = retry_while_locked(lambda: MlflowClient(uri))
        watch = FileWatch(file, (engine, theirs), writers)

    def write(transaction: Callable[[], None]) -> None:
        watch.check()
        retry_while_locked(transaction)

    artifacts = (artifacts or file.parent / "artifacts").absolute()
    return Store(uri, client, SqlRuns(engine, write), engine, artifacts, writers, watch)


def _engine(url: URL) -> Engine:
    """An engine that has reached its database: MLflow would try ten times, over 100 s, before it told of a fault."""
    if url.get_backend_name() == "sqlite":
        engine = sqlalchemy.create_engine(url, connect_args={"timeout": LOCK_TIMEOUT})
        # Readers then do not wait for the writer, nor it for them. A network drive may refuse, which does no harm.
        _execute(engine, "PRAGMA journal_mode=WAL")
        return engine
    try:
        wait = {"connect_timeout": ANSWER} if url.get_backend_name() == "postgresql" else {}
        engine = sqlalchemy.create_engine(url, pool_pre_ping=True, connect_args=wait)
        _execute(engine, "SELECT 1")
    except (SQLAlchemyError, ImportError) as error:
        raise UserError(f"tracking.uri={redacted(url.render_as_string())}: {faults.connection_message(error)}") from error
    return engine


def _execute(engine: Engine, statement: str) -> None:
    def execute() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    retry_while_locked(execute)


def _send_queued_runs(store: Store, token: str) -> None:
    """Tell a server of the runs that a dead writer has not told it of."""
    if not isinstance(store.runs, RestRuns):
        return
    waiting = queued_runs(outbox_folder(store.writers, token))
    for run, folder in waiting:
        experiment = store.call(partial(store.client.get_experiment_by_name, run.study))
        if experiment is None:
            made = store.call(partial(store.client.create_experiment, run.study))
            experiment = store.call(partial(store.client.get_experiment, made))
        send(store.runs, experiment, run, folder)
    if waiting:
        logger.warning("sent %s %d runs that were queued in %s", store.shown_uri, len(waiting), store.writers)


def _kill_runs(store: Store, token: str) -> None:
    """Mark KILLED what a dead writer left RUNNING."""
    experiments = [experiment.experiment_id for experiment in all_pages(store.client.search_experiments)]
    query = f"attributes.status = 'RUNNING' AND tags.`nnbench.writer` = '{token}'"
    tags = {"nnbench.outcome": "killed", "nnbench.reason": "its process died"}
    for run in list(all_pages(store.client.search_runs, experiments, query)):  # all pages, before any run leaves them
        store.runs.close(run.info.run_id, "KILLED", [], tags)
        logger.warning("marked KILLED: %s, left RUNNING by a process that died", run.info.run_name)
