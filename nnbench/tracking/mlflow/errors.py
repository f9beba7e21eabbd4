"""One-line messages, without passwords, for faults of a store that the user can correct."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from nnbench.core.errors import UserError
from nnbench.core.redaction import redacted
from nnbench.tracking.mlflow.damage import damage_message, is_damaged
from nnbench.tracking.mlflow.locks import LOCKED
from nnbench.tracking.mlflow.retry import ServerUnavailable, is_access_denied, is_unavailable

REFUSED = "the server refuses access: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
FULL = "the disk is full; the data is intact: free space, then repeat the command"
DELETED = "the study was deleted during use: restore it (`mlflow experiments restore`), or give another name"
OPEN_FILES = "too many open files (`ulimit -n`): raise the limit, then repeat the command"
NO_FOLDER = "a folder of its artifacts was replaced by a file: move the file away, then repeat the command"

STORE_ERRORS = MlflowException, SQLAlchemyError, sqlite3.Error, OSError
# Part of an exception's text -> the message for the user.
FAULTS = {
    LOCKED: "another program has locked it for minutes: close that program, then repeat the command",
    "disk is full": FULL,
    "no space left": FULL,
    "disk quota exceeded": FULL,
    "file too large": "a file exceeds the size limit (`ulimit -f`): raise the limit, then repeat the command",
    "too many open files": OPEN_FILES,
    "migration script directory was in unexpected state": OPEN_FILES,  # MLflow could not list its own folder
    "readonly database": "the file or its folder is read-only",
    "read-only file system": "the file or its folder is read-only",
    "permission denied": "no permission to read or write it",
    "not a directory": NO_FOLDER,
    "file exists": NO_FOLDER,
    "unable to open database file": "the file cannot be opened: check that its folder exists and is writable",
    "file is not a database": "the file is not an SQLite database",
    "disk i/o error": "the disk reports an error, or a limit (`ulimit -f`) on the size of files",
    "out-of-date database schema": "it was created by another version of MLflow: copy it, then run `mlflow db upgrade`",
    "can't locate revision": "it was created by a newer version of MLflow, which this one cannot read",
    "'deleted' state": DELETED,
    "must be in the 'active' state": DELETED,
}


@contextmanager
def user_errors(uri: str, file: Path | None = None) -> Iterator[None]:
    """Convert faults of the store at `uri` that the user can correct to `UserError`.

    A damaged SQLite `file` may raise any exception, so the file is checked after an unknown one.
    """
    try:
        yield
    except UserError:
        raise
    except ServerUnavailable as error:
        cause = error.__cause__
        message = REFUSED if cause and is_access_denied(cause) else f"the server does not answer: {root_message(error)}"
        raise UserError(f"tracking.uri={redacted(uri)}: {message}") from error
    except Exception as error:
        found = remedy(error)
        if file is not None and found is None and file.is_file() and is_damaged(file):
            found = damage_message(file)
        elif file is not None and isinstance(error, STORE_ERRORS) and not file.parent.is_dir():
            # SQLite has several messages for this: the file cannot be opened, or the disk reports an error.
            found = "its folder was moved or deleted: restore it, then repeat the command"
        if found is None:
            raise
        raise UserError(f"tracking.uri={redacted(uri)}: {found}") from error


def remedy(error: Exception) -> str | None:
    """The message for a fault; None if it is not a fault of the store or not a known one."""
    if not isinstance(error, STORE_ERRORS):
        return None
    if is_unavailable(error):
        return f"the server does not answer: {root_message(error)}"
    text = str(error).lower()
    known = next((remedy for sign, remedy in FAULTS.items() if sign in text), None)
    if known is None and isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return connection_message(error) if known is None and _is_connection_error(error) else known


def connection_message(error: BaseException) -> str:
    """The message for a database server that cannot be reached."""
    return f"the database does not answer: {root_message(error)}"


def _is_connection_error(error: BaseException | None) -> bool:
    """Whether the connection to a database server failed; MLflow wraps such an error in its own."""
    while error is not None:
        if isinstance(error, InterfaceError | OperationalError):
            return not isinstance(error.orig, sqlite3.Error)
        error = error.__cause__ or error.__context__
    return False


def root_message(error: BaseException) -> str:
    """The first line of the innermost exception's text, such as a refused connection."""
    while (inner := error.__cause__ or error.__context__) is not None and not isinstance(inner, UserError):
        error = inner
    return redacted((str(error).strip().splitlines() or [type(error).__name__])[0])[:200]
