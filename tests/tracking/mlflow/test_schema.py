"""The tables of an SQLite store: created, recreated if incomplete, migrated in a copy."""

import logging
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import mlflow
import pytest

from nnbench.core.errors import UserError
from nnbench.tracking.mlflow import schema
from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec


def opened(file: Path) -> Store:
    return open_store(f"sqlite:///{file}", None)


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        for statement in statements:
            database.execute(statement)


HALVES = {
    "no table": ["PRAGMA user_version = 1"],
    "first tables": ["CREATE TABLE experiments (experiment_id INTEGER)", "CREATE TABLE runs (run_uuid TEXT)"],
    "no version": ["DELETE FROM alembic_version"],
    "no version table": ["DROP TABLE alembic_version"],
    "older version": ["UPDATE alembic_version SET version_num = '451aebb31d03'"],
    "table missing": ["DROP TABLE webhooks", "UPDATE alembic_version SET version_num = '451aebb31d03'"],
}


@pytest.mark.heavy
@pytest.mark.parametrize("half", HALVES)
def test_an_incomplete_store_is_recreated(database: Path, half: str, caplog: pytest.LogCaptureFixture) -> None:
    if half in ("no table", "first tables"):
        database.unlink()
    change(database, *HALVES[half])
    with caplog.at_level(logging.WARNING):
        store = opened(database)
    StudyWriter(store, "s", command="")
    assert store.client.get_experiment_by_name("s") is not None
    said = [record.message for record in caplog.records]
    assert len(said) == (half != "no table")
    assert all("left incomplete" in line for line in said)
    assert not list(database.parent.glob(".*.making*"))


def definitions(file: Path) -> dict[tuple[str, str], list[str]]:
    """The definition of each table and index; MLflow's migrations write the constraints of a table in varying order."""
    with closing(sqlite3.connect(file)) as database:
        found = database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {(kind, name): sorted(re.split(r"[,\s]+", sql or "")) for kind, name, sql in found}


def contents(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [line for line in database.iterdump() if line.startswith("INSERT")]


@pytest.mark.heavy
def test_the_prepared_tables_are_those_of_mlflow(tmp_path: Path) -> None:
    """`python scripts/schema.py` writes them again."""
    schema.upgrade(tmp_path / "migrated.db")
    schema.ensure_schema(tmp_path / "prepared.db")
    assert schema.PREPARED.read_text().startswith(schema.prepared_for(mlflow.__version__))
    assert definitions(tmp_path / "prepared.db") == definitions(tmp_path / "migrated.db")
    assert contents(tmp_path / "prepared.db") == contents(tmp_path / "migrated.db")


def test_another_version_of_mlflow_makes_its_tables_by_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow, "__version__", "0.0.0")
    monkeypatch.setattr(schema, "upgrade", lambda file: file.write_bytes(b""))
    schema.ensure_schema(tmp_path / "mlflow.db")
    assert definitions(tmp_path / "mlflow.db") == {}


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    assert opened(tmp_path / "mlflow.db").client.get_experiment_by_name("s") is None


@pytest.mark.heavy
def test_sidecar_files_of_a_deleted_store_are_not_reused(database: Path, job: Callable[..., RunSpec]) -> None:
    store = opened(database)
    writer = StudyWriter(store, "old", command="")
    writer.kill_run(writer.start_run(job(), None), "enough")
    wal = database.with_name("mlflow.db-wal")
    assert wal.stat().st_size
    saved = wal.read_bytes()
    database.unlink()
    wal.write_bytes(saved)
    again = opened(database)
    assert again.client.get_experiment_by_name("old") is None
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_older_store_is_migrated_in_a_copy_and_kept(
    database: Path, job: Callable[..., RunSpec], caplog: pytest.LogCaptureFixture
) -> None:
    store = opened(database)
    writer = StudyWriter(store, "s", command="")
    writer.kill_run(writer.start_run(job(), None), "enough")
    _release(store)
    newest = _version(database)
    # One revision back, as the newest migration's own `downgrade` would have it.
    undo = _undo_of_the_newest(database)
    before = sorted(_tables(database))
    with caplog.at_level(logging.WARNING):
        again = opened(database)
    assert _version(database) == newest
    found = again.client.get_experiment_by_name("s")
    assert found is not None
    assert [row.status for row in again.runs.rows(found)] == ["KILLED"]
    (kept,) = database.parent.glob("mlflow.db.*.backup")
    assert _version(kept) == undo
    assert sorted(_tables(kept)) == before
    assert kept.name in caplog.text


def test_a_failed_migration_does_not_change_the_store(database: Path, job: Callable[..., RunSpec]) -> None:
    store = opened(database)
    writer = StudyWriter(store, "s", command="")
    writer.kill_run(writer.start_run(job(), None), "enough")
    _release(store)
    change(database, "UPDATE alembic_version SET version_num = '451aebb31d03'")  # whose successors' tables are there
    with pytest.raises(UserError, match="it is unchanged") as caught:
        opened(database)
    assert "\n" not in str(caught.value)
    assert _version(database) == "451aebb31d03"
    assert not list(database.parent.glob(".*.making*"))


def test_a_store_in_use_is_not_migrated(database: Path, job: Callable[..., RunSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(database)
    writer = StudyWriter(store, "s", command="")
    writer.kill_run(writer.start_run(job(), None), "enough")
    change(database, "UPDATE alembic_version SET version_num = '451aebb31d03'")
    monkeypatch.setattr("nnbench.tracking.mlflow.locks.LONGEST_WAIT", 0.0)
    with pytest.raises(UserError, match="another program"):
        opened(database)


def test_a_store_of_a_newer_mlflow_is_refused(database: Path) -> None:
    change(database, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    with pytest.raises(UserError, match="newer version of MLflow"):
        opened(database)


def test_another_programs_database_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    change(file, "CREATE TABLE orders (id INTEGER)")
    before = file.read_bytes()
    with pytest.raises(UserError, match="a database of another program"):
        opened(file)
    assert file.read_bytes() == before


def test_special_files_are_not_opened(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    subprocess.run(["mkfifo", str(fifo)], check=True)
    for name in (str(fifo), "/dev/zero"):
        with pytest.raises(UserError, match="not an ordinary file"):
            open_store(f"sqlite:///{name}", tmp_path)


def _release(store: Store) -> None:
    """Close all that this process has open of a store."""
    assert store.watch is not None
    store.watch.close()


def _version(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _tables(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [str(name) for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def _undo_of_the_newest(file: Path) -> str:
    """Take the newest migration back; returns the version before it."""
    import sqlalchemy
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config

    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    config = _get_alembic_config(f"sqlite:///{file}")  # type: ignore[no-untyped-call]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    engine.dispose()
    return _version(file)
