"""One-line messages, without passwords, for faults of a store that its user can mend."""

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

REFUSED = "the server does not let you in: give MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment"
FULL = "the disk is full; what was written is sound: make room, then give the command again"
DELETED = "the study was deleted there meanwhile: restore it (`mlflow experiments restore`), or name another"
NO_FOLDER = "a folder of its artifacts has been replaced by a file: move that away, then give the command again"

STORE_ERRORS = MlflowException, SQLAlchemyError, sqlite3.Error, OSError
# Part of an exception's text -> the message for the user.
FAULTS = {
    LOCKED: "another program has kept it locked for minutes: close that one, then give the command again",
    "disk is full": FULL,
    "no space left": FULL,
    "disk quota exceeded": FULL,
    "file too large": "a file may not grow as large as it has to (`ulimit -f`): allow more, then give the command again",
    "too many open files": "too many files are open (`ulimit -n`): allow more, then give the command again",
    "readonly database": "the file or its folder is read-only",
    "read-only file system": "the file or its folder is read-only",
    "permission denied": "no permission to read or to write there",
    "not a directory": NO_FOLDER,
    "file exists": NO_FOLDER,
    "unable to open database file": "the file cannot be opened: is its folder there, and may you write in it?",
    "file is not a database": "the file is not an SQLite database",
    "disk i/o error": "the disk reports an error, or a limit (`ulimit -f`) on the size of files",
    "out-of-date database schema": "another version of MLflow made it: copy it, then `mlflow db upgrade` it",
    "can't locate revision": "a newer version of MLflow made it, which this one cannot read",
    "'deleted' state": DELETED,
    "must be in the 'active' state": DELETED,
}


@contextmanager
def user_errors(uri: str, file: Path | None = None) -> Iterator[None]:
    """Convert faults of the store at `uri` that its user can mend to `UserError`.

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
            # SQLite tells of this in many ways: the file cannot be opened, or the disk reports an error.
            found = "its folder has been moved or deleted: put it back, then give the command again"
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
