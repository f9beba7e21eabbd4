"""The tables of an SQLite store: made whole in a file beside it, and moved into place once they are all there.

MLflow's migrations are no transaction in SQLite. A process killed within them, or a disk that fills up, would leave a
file that no later command can read. All that is done here is done under the store's lock (`waiting.alone`).
"""

import logging
import os
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from mlflow.store.db import utils
from mlflow.store.db.base_sql_model import Base
from sqlalchemy.exc import SQLAlchemyError

from nnbench.core.errors import UserError
from nnbench.tracking.mlflow.address import sqlite_uri
from nnbench.tracking.mlflow.damage import damage_message, is_damaged
from nnbench.tracking.mlflow.locks import LOCK_TIMEOUT

db: Any = utils  # which has no types
logger = logging.getLogger(__name__)

SIDECARS = ("-journal", "-wal", "-shm")  # what SQLite may keep beside a database's file
CHECKED = 256 * 2**20  # bytes up to which a store is checked whenever it is opened
# Rows that the migrations themselves put into tables: (table, how many at most).
INITIAL_ROWS = {"alembic_version": 1, "experiments": 1, "workspaces": 1}


def ensure_schema(file: Path) -> None:
    """Make the file a store of this MLflow's schema, whatever is there now.

    What is missing or empty is made. What an interrupted command left half made, and so holds nothing, is set aside. An
    older store is migrated in a copy, which then takes its place; the old one is kept beside it.

    Raises:
        UserError: the file is damaged, is another program's, or was made by a newer MLflow.
        sqlite3.Error, SQLAlchemyError, OSError: it cannot be read or written.
    """
    for leftover in (_temporary_path(file), *sidecar_files(_temporary_path(file))):
        leftover.unlink(missing_ok=True)
    if not file.exists() or not file.stat().st_size:
        _create(file)
        return
    if file.stat().st_size <= CHECKED and is_damaged(file):
        raise UserError(f"tracking.uri={sqlite_uri(file)}: {damage_message(file)}")
    with closing(sqlite3.connect(file, timeout=LOCK_TIMEOUT)) as database:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        tables = {str(name) for (name,) in database.execute(names)}
        if tables and not tables & {"experiments", "alembic_version"}:
            raise UserError(f"tracking.uri={sqlite_uri(file)}: is another program's database; give a file of its own")
        holds = {table for table in tables if _rows(database, table) > INITIAL_ROWS.get(table, 0)}
        versions = (
            database.execute("SELECT version_num FROM alembic_version").fetchall() if "alembic_version" in tables else []
        )
    version = str(versions[0][0]) if versions else None
    if set(Base.metadata.tables) <= tables and version == _newest_version(file, version):
        return
    if holds:
        _migrate(file, version or "unknown")
        return
    if tables:
        logger.warning("%s: was half made by a command that was interrupted, and holds no run; it is made anew", file)
        copy(file, file.with_name(f"{file.name}.half-made"))
    _create(file)


def copy(file: Path, target: Path) -> None:
    """Copy a database as it stands at this moment, while others may be writing to it; an earlier target is replaced."""
    with closing(sqlite3.connect(file, timeout=LOCK_TIMEOUT)) as source, temporary_database(target) as fresh:
        write_copy(source, fresh)
        replace_database(fresh, target)


def write_copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy what a connection sees into a new file."""
    with closing(sqlite3.connect(target)) as fresh:
        source.backup(fresh)


def replace_database(made: Path, file: Path) -> None:
    """Let a whole database take the place of a file, and of what SQLite kept beside that, which would be read with it.

    Raises:
        FileNotFoundError: there is no such database; SQLite would make an empty one to take the place.
    """
    made.stat()
    with closing(sqlite3.connect(made)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    for side in sidecar_files(file):
        side.unlink(missing_ok=True)
    os.replace(made, file)


def _temporary_path(file: Path) -> Path:
    """The name under which a database is made that will take the place of `file`."""
    return file.with_name(f".{file.name}.making")


def sidecar_files(file: Path) -> list[Path]:
    """What SQLite may keep beside a database."""
    return [file.with_name(f"{file.name}{end}") for end in SIDECARS]


def _rows(database: sqlite3.Connection, table: str) -> int:
    """How many rows a table has, up to two."""
    return len(database.execute(f'SELECT 1 FROM "{table}" LIMIT 2').fetchall())


def _create(file: Path) -> None:
    """Let MLflow make its tables, in another file, and move that into place."""
    with temporary_database(file) as fresh:
        _upgrade(fresh)
        replace_database(fresh, file)


def _migrate(file: Path, version: str) -> None:
    """Bring an older store to this MLflow's schema in a copy; what is there now is kept."""
    with closing(sqlite3.connect(file, timeout=LOCK_TIMEOUT)) as database:
        # Possible only while nobody else has it open: they would go on writing to the old file.
        database.execute("PRAGMA journal_mode=DELETE")
    kept = file.with_name(f"{file.name}.{version}.backup")
    copy(file, kept)
    with temporary_database(file) as fresh:
        shutil.copyfile(file, fresh)
        try:
            _upgrade(fresh)
        except (SQLAlchemyError, CommandError) as error:
            told = f"MLflow cannot migrate it ({str(error).splitlines()[0][:150]}); it is as it was"
            raise UserError(f"tracking.uri={sqlite_uri(file)}: {told}") from error
        replace_database(fresh, file)
    logger.warning("%s: was made by an older MLflow and has been migrated; as it was, it is kept as %s", file, kept.name)


@contextmanager
def temporary_database(file: Path) -> Iterator[Path]:
    """A name to make a database under, with nothing left there afterwards."""
    fresh = _temporary_path(file)
    try:
        yield fresh
    finally:
        for leftover in (fresh, *sidecar_files(fresh)):
            leftover.unlink(missing_ok=True)


def _upgrade(file: Path) -> None:
    """Let MLflow make its tables in a file, or bring them up to date, as `mlflow db upgrade` does."""
    with closing(sqlite3.connect(file)) as database:  # MLflow would try ten times, over 100 s, before it told of a fault
        database.execute("CREATE TABLE trial (x INTEGER)")
        database.execute("DROP TABLE trial")
    engine = db.create_sqlalchemy_engine(sqlite_uri(file))
    try:
        with warnings.catch_warnings(action="ignore"):  # of Alembic's about MLflow's migrations
            if db._is_empty_database(engine):
                db._initialize_tables(engine)
            else:
                db._upgrade_db(engine)
    finally:
        engine.dispose()


def _newest_version(file: Path, version: str | None) -> str:
    """The version of the schema that this MLflow makes.

    Raises:
        UserError: it does not know the version given.
    """
    scripts = ScriptDirectory.from_config(db._get_alembic_config(""))
    try:
        if version is not None:
            scripts.get_revision(version)
    except CommandError as error:
        told = "a newer version of MLflow made it, which this one cannot read"
        raise UserError(f"tracking.uri={sqlite_uri(file)}: {told}") from error
    return str(scripts.get_current_head())
