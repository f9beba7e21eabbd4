"""Backup copies of an SQLite store that may be in use."""

import os
import sqlite3
from pathlib import Path

from nnbench.core.errors import UserError
from nnbench.core.redaction import redacted
from nnbench.tracking.mlflow import errors as faults
from nnbench.tracking.mlflow import schema
from nnbench.tracking.mlflow.damage import damage_message, is_damaged
from nnbench.tracking.mlflow.locks import retry_while_locked
from nnbench.tracking.mlflow.uri import database_url, named_file


def back_up(uri: str, target: Path | None, time: str) -> Path:
    """Copy an SQLite store and return the path of the copy; without a target, its name contains `time`.

    Raises:
        UserError: the store is missing, damaged or not an SQLite file; the target exists or cannot be written.
    """
    url = database_url(uri)
    if url.get_backend_name() != "sqlite":
        raise UserError(
            f"tracking.uri={redacted(uri)}: is not an SQLite file; use the database's own program, such as pg_dump"
        )
    file = named_file(uri, url, create=False)
    target = target or file.with_name(f"{file.name}.{time}.backup")
    if target.exists():
        raise UserError(f"{target}: exists already; give another file")
    if not target.parent.is_dir():
        raise UserError(f"{target}: no folder {target.parent}; create it, or give another file")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise UserError(f"{target}: no permission to write in {target.parent}; give another file")
    with faults.user_errors(uri, file):
        if is_damaged(file):
            raise UserError(f"tracking.uri={uri}: {damage_message(file)}")
        try:
            retry_while_locked(lambda: schema.copy(file, target))
        except (sqlite3.Error, OSError) as error:
            if faults.remedy(error) != faults.FULL:
                raise
            raise UserError(f"{target}: the disk is full; free space, or give a file on another disk") from error
    return target
