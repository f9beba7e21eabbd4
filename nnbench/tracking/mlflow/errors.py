"""The faults of a store that its user can mend, each told in one line, and no password in any of them."""

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

# What a fault says of itself -> what its user is told.
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
    """Within, a fault of the store at `uri` that its user can mend ends in a `UserError`.

    A damaged SQLite `file` raises whatever the nonsense in it leads to; it is looked at only then.
    """
    try:
        yield
    except UserError:
        raise
    except ServerUnavailable as error:
        cause = error.__cause__
        told = REFUSED if cause and is_access_denied(cause) else f"the server does not answer: {root_message(error)}"
        raise UserError(f"tracking.uri={redacted(uri)}: {told}") from error
    except Exception as error:
        found = remedy(error)
        if file is not None and found is None and file.is_file() and is_damaged(file):
            found = damage_message(file)
        if found is None:
            raise
        raise UserError(f"tracking.uri={redacted(uri)}: {found}") from error


def remedy(error: Exception) -> str | None:
    """What its user can do about a fault, in one line; None where it is no fault of the store or an unknown one."""
    if not isinstance(error, MlflowException | SQLAlchemyError | sqlite3.Error | OSError):
        return None
    if is_unavailable(error):
        return f"the server does not answer: {root_message(error)}"
    text = str(error).lower()
    known = next((remedy for sign, remedy in FAULTS.items() if sign in text), None)
    if known is None and isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return connection_message(error) if known is None and _is_connection_error(error) else known


def connection_message(error: BaseException) -> str:
    """What to say where a database that is no SQLite file cannot be reached."""
    return f"the database does not answer: {root_message(error)}"


def _is_connection_error(error: BaseException | None) -> bool:
    """Whether the connection to a database that is no SQLite file has failed; MLflow wraps such a fault in its own."""
    while error is not None:
        if isinstance(error, InterfaceError | OperationalError):
            return not isinstance(error.orig, sqlite3.Error)
        error = error.__cause__ or error.__context__
    return False


def root_message(error: BaseException) -> str:
    """What lies at the bottom of a fault, such as a refused connection, in one line."""
    while (inner := error.__cause__ or error.__context__) is not None and not isinstance(inner, UserError):
        error = inner
    return redacted((str(error).strip().splitlines() or [type(error).__name__])[0])[:200]
