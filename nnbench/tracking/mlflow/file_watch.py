"""Detects that an SQLite store was deleted or replaced while it is written to.

A process that has the file open could go on writing to it without an error, and the data would be lost.
"""

import logging
import os
import sqlite3
import weakref
from collections.abc import Sequence
from contextlib import closing
from itertools import chain, count
from pathlib import Path

from sqlalchemy import Engine

from nnbench.core.errors import UserError
from nnbench.tracking.mlflow.locks import LOCK_TIMEOUT, store_lock
from nnbench.tracking.mlflow.schema import replace_database, sidecar_files, temporary_database, write_copy

logger = logging.getLogger(__name__)


class FileWatch:
    """Compares the store's file with the one that was opened, by device and inode.

    Args:
        file: the store's file.
        engines: all SQLAlchemy engines of this process that have it open.
        writers: the folder of the store's lock.

    Attributes:
        file: the store's file.
    """

    def __init__(self, file: Path, engines: Sequence[Engine], writers: Path) -> None:
        self.file, self._engines, self._writers = file, engines, writers
        self._error = ""
        self._open()
        # Before the interpreter ends: closing a connection removes MLflow's SQL functions, for which SQLite calls Python.
        weakref.finalize(self, _dispose, engines)

    def check(self) -> None:
        """Recreate the store from this process's open connection if it was deleted.

        Raises:
            UserError: another file has replaced it. The data of the open connection is saved in a file beside it.
        """
        if self._error:
            raise UserError(self._error)
        if _identity(self.file) == self._known:
            return
        reachable = next(path for path in self.file.parents if path.exists()).is_dir()
        with store_lock(self._writers if reachable else _nearest_folder(self.file) / self._writers.name):
            if _identity(self.file) is None and reachable:
                self._recreate()
            elif self._is_restored():
                self._reopen()
            else:
                self._save_copy()

    def _open(self) -> None:
        # Kept open, so that a deleted file can still be read.
        self._connection = sqlite3.connect(self.file, timeout=LOCK_TIMEOUT, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._known = _identity(self.file)
        self._sidecars = {side: _identity(side) for side in sidecar_files(self.file)}

    def _recreate(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with temporary_database(self.file) as fresh:
            write_copy(self._connection, fresh)
            # Before the file is replaced: the last connection to close deletes the -wal file of that name.
            self.close()
            replace_database(fresh, self.file)
        self._open()
        logger.warning("%s was deleted during use and has been recreated; artifacts deleted with it are lost", self.file)

    def _is_restored(self) -> bool:
        """Whether another process has recreated the same store, with all experiments and runs of the open connection.

        Runs that were RUNNING may have ended since.
        """
        if not self.file.is_file():
            return False
        self._remove_sidecars()
        try:
            with closing(sqlite3.connect(self.file, timeout=LOCK_TIMEOUT)) as database:
                ended = "SELECT run_uuid, status FROM runs WHERE status <> 'RUNNING'"
                queries = "SELECT experiment_id, creation_time FROM experiments", "SELECT run_uuid FROM runs", ended
                return all(
                    {*self._connection.execute(query).fetchall()} <= {*database.execute(query).fetchall()} for query in queries
                )
        except sqlite3.Error:  # not a store
            return False

    def _reopen(self) -> None:
        self.close()
        self._open()
        logger.warning("%s was deleted during use and recreated by another command", self.file)

    def _remove_sidecars(self) -> None:
        """Delete SQLite's files beside the former database, which would be read with the present one."""
        for side, known in self._sidecars.items():
            if known is not None and _identity(side) == known:
                side.unlink()

    def _save_copy(self) -> None:
        aside = _unused(_nearest_folder(self.file) / f"{self.file.name}.rescued")
        with temporary_database(aside) as fresh:
            write_copy(self._connection, fresh)
            with closing(sqlite3.connect(fresh)) as database, database:
                database.execute("UPDATE runs SET status = 'KILLED' WHERE status = 'RUNNING'")
            replace_database(fresh, aside)
        self.close()
        self._remove_sidecars()
        self._error = f"{self.file}: was replaced during use; the data written until then is saved in {aside}"
        raise UserError(self._error)

    def close(self) -> None:
        """Close all connections of this process to the store."""
        self._connection.close()
        _dispose(self._engines)


def _unused(path: Path) -> Path:
    """The path, with a number appended if the file exists, such as from an earlier rescue."""
    others = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(place for place in chain([path], others) if not place.exists())


def _dispose(engines: Sequence[Engine]) -> None:
    for engine in engines:
        engine.dispose()


def _identity(file: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None if it does not exist."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _nearest_folder(file: Path) -> Path:
    return next(folder for folder in file.parents if folder.is_dir())
