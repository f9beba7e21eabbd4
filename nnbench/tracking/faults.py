"""The faults of a store that its user can mend, each told in one line, and no password in any of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from nnbench.errors import UserError
from nnbench.tracking.line import Gone, away, locked_out

LOCKED = "database is locked"
REFUSED = "the server does not let you in: give MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment"

# What a fault says of itself -> what its user is told.
FAULTS = {
    LOCKED: "another program has kept it locked for minutes: close that one, then give the command again",
    "disk is full": "the disk is full; what was written is sound: make room, then give the command again",
    "no space left": "the disk is full; what was written is sound: make room, then give the command again",
    "readonly database": "the file or its folder is read-only",
    "read-only file system": "the file or its folder is read-only",
    "permission denied": "no permission to write there",
    "unable to open database file": "the file cannot be opened: is its folder there, and may you write in it?",
    "file is not a database": "the file is not an SQLite database",
    "out-of-date database schema": "another version of MLflow made it: copy it, then `mlflow db upgrade` it",
    "can't locate revision": "a newer version of MLflow made it, which this one cannot read",
}


def redacted(text: str) -> str:
    """`text` with the user and password of every URI in it covered."""
    return re.sub(r"(?<=://)[^/\s]\S*@", "***@", re.sub(r"(?<=password=)[^&\s'\"]+", "***", text))


@contextmanager
def told_in_one_line(uri: str) -> Iterator[None]:
    """Within, a fault of the store at `uri` that its user can mend ends in a `UserError`."""
    try:
        yield
    except Gone as error:
        cause = error.__cause__
        remedy = REFUSED if cause and locked_out(cause) else f"the server does not answer: {root(error)}"
        raise UserError(f"tracking.uri={redacted(uri)}: {remedy}") from error
    except (MlflowException, SQLAlchemyError, OSError) as error:
        text = str(error).lower()
        signs = (remedy for sign, remedy in FAULTS.items() if sign in text)
        found = f"the server does not answer: {root(error)}" if away(error) else next(signs, None)
        if found is None:
            raise
        raise UserError(f"tracking.uri={redacted(uri)}: {found}") from error


def root(error: BaseException) -> str:
    """What lies at the bottom of a fault, such as a refused connection, in one line."""
    while (inner := error.__cause__ or error.__context__) is not None and not isinstance(inner, UserError):
        error = inner
    return redacted(str(error).strip().splitlines()[0])[:200]
