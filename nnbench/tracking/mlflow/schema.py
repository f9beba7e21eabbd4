"""Creation and migration of an SQLite store's tables, in a temporary file that then replaces the store's file.

MLflow's migrations are not transactional in SQLite: a process killed during one, or a full disk, would leave a file that
no later command can read. Callers hold the store's lock (`locks.store_lock`).
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

import mlflow
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from mlflow.store.db import utils
from mlflow.store.db.base_sql_model import Base
from sqlalchemy.exc import SQLAlchemyError

from nnbench.core.errors import UserError
from nnbench.tracking.mlflow.damage import damage_message, is_damaged
from nnbench.tracking.mlflow.locks import LOCK_TIMEOUT
from nnbench.tracking.mlflow.uri import sqlite_uri

db: Any = utils  # which has no types
logger = logging.getLogger(__name__)

SIDECARS = ("-journal", "-wal", "-shm")  # suffixes of SQLite's files beside a database
CHECKED = 256 * 2**20  # bytes; larger files are not checked for damage when opened
# What MLflow's migrations make of an empty file, in a hundredth of their time, which is more than a second.
PREPARED = Path(__file__).with_name("schema.sql")
# Table -> the most rows that the migrations themselves insert.
INITIAL_ROWS = {"alembic_version": 1, "experiments": 1, "workspaces": 1}


def ensure_schema(file: Path) -> None:
    """Bring the file to this MLflow's schema.

    A missing or empty file is created. A file without runs that an interrupted command left incomplete is moved aside and
    created again. An older store is migrated in a copy that then replaces it; the original is kept beside it.

    Raises:
        UserError: the file is damaged, is another program's, or was created by a newer MLflow.
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
            raise UserError(f"tracking.uri={sqlite_uri(file)}: is a database of another program; give another file")
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
        logger.warning("%s: was left incomplete by an interrupted command and has no runs; it is created again", file)
        copy(file, file.with_name(f"{file.name}.half-made"))
    _create(file)


def copy(file: Path, target: Path) -> None:
    """Copy a consistent snapshot of a database, which others may be writing to; an existing target is replaced."""
    with closing(sqlite3.connect(file, timeout=LOCK_TIMEOUT)) as source, temporary_database(target) as fresh:
        write_copy(source, fresh)
        replace_database(fresh, target)


def write_copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy a connection's database into a new file."""
    with closing(sqlite3.connect(target)) as fresh:
        source.backup(fresh)


def replace_database(made: Path, file: Path) -> None:
    """Replace a database file atomically and delete SQLite's files beside the old one.

    Raises:
        FileNotFoundError: `made` does not exist; SQLite would create an empty database instead.
    """
    made.stat()
    with closing(sqlite3.connect(made)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    for side in sidecar_files(file):
        side.unlink(missing_ok=True)
    os.replace(made, file)


def _temporary_path(file: Path) -> Path:
    """The path of the temporary database that will replace `file`."""
    return file.with_name(f".{file.name}.making")


def sidecar_files(file: Path) -> list[Path]:
    """The journal, WAL and shared-memory files of an SQLite database."""
    return [file.with_name(f"{file.name}{end}") for end in SIDECARS]


def _rows(database: sqlite3.Connection, table: str) -> int:
    """How many rows a table has, up to two."""
    return len(database.execute(f'SELECT 1 FROM "{table}" LIMIT 2').fetchall())


def _create(file: Path) -> None:
    """Create MLflow's tables in a temporary file, which then becomes `file`."""
    with temporary_database(file) as fresh:
        prepared = PREPARED.read_text(encoding="utf-8")
        if prepared.startswith(prepared_for(mlflow.__version__)):
            with closing(sqlite3.connect(fresh)) as database:
                database.executescript(prepared)
        else:
            upgrade(fresh)
        replace_database(fresh, file)


def prepared_for(version: str) -> str:
    """Return the first line of `PREPARED` if it has the tables of this version of MLflow."""
    return f"-- The tables of MLflow {version} in SQLite, written by scripts/schema.py.\n"


def _migrate(file: Path, version: str) -> None:
    """Migrate an older store to this MLflow's schema in a copy; the original is kept as a backup."""
    with closing(sqlite3.connect(file, timeout=LOCK_TIMEOUT)) as database:
        # Fails while another process has it open, which would go on writing to the old file.
        database.execute("PRAGMA journal_mode=DELETE")
    kept = file.with_name(f"{file.name}.{version}.backup")
    copy(file, kept)
    with temporary_database(file) as fresh:
        shutil.copyfile(file, fresh)
        try:
            upgrade(fresh)
        except (SQLAlchemyError, CommandError) as error:
            reason = f"MLflow cannot migrate it ({str(error).splitlines()[0][:150]}); it is unchanged"
            raise UserError(f"tracking.uri={sqlite_uri(file)}: {reason}") from error
        replace_database(fresh, file)
    logger.warning("%s: was made by an older MLflow and has been migrated; as it was, it is kept as %s", file, kept.name)


@contextmanager
def temporary_database(file: Path) -> Iterator[Path]:
    """The path of a temporary database, deleted on exit."""
    fresh = _temporary_path(file)
    try:
        yield fresh
    finally:
        for leftover in (fresh, *sidecar_files(fresh)):
            leftover.unlink(missing_ok=True)


def upgrade(file: Path) -> None:
    """Create MLflow's tables in a file or upgrade them, as `mlflow db upgrade` does."""
    with closing(sqlite3.connect(file)) as database:  # fails at once; MLflow would retry for 100 s
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
    """The schema version of this MLflow.

    Raises:
        UserError: it does not know the version given.
    """
    scripts = ScriptDirectory.from_config(db._get_alembic_config(""))
    try:
        if version is not None:
            scripts.get_revision(version)
    except CommandError as error:
        reason = "it was created by a newer version of MLflow, which this one cannot read"
        raise UserError(f"tracking.uri={sqlite_uri(file)}: {reason}") from error
    return str(scripts.get_current_head())
