import logging
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from nnbench.core.errors import UserError
from nnbench.core.redaction import redacted
from nnbench.records.history import History
from nnbench.tracking.mlflow.errors import user_errors
from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec

Job = Callable[..., RunSpec]
Histories = Callable[..., History]


def status(store: Store, run_id: str) -> str:
    return str(store.client.get_run(run_id).info.status)


def pragma(store: Store, name: str) -> object:
    assert store.engine is not None
    with store.engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.mark.heavy
def test_a_store_is_created_with_its_folder_in_wal_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///results/mlflow.db", Path("results/artifacts"))
    assert store.uri == f"sqlite:///{tmp_path}/results/mlflow.db"
    assert store.artifacts == tmp_path / "results/artifacts"
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "synchronous") == 1


def test_opening_again_changes_nothing(store: Store) -> None:
    store.client.create_experiment("kept")
    again = open_store(store.uri, None)
    assert again.client.get_experiment_by_name("kept") is not None


@pytest.mark.parametrize("by_mlflow", [False, True])
def test_a_lost_database_connection_is_reported_in_one_line(by_mlflow: bool) -> None:
    uri = "postgresql://somebody:secret@127.0.0.1:9/name"

    def connect() -> None:
        with user_errors(uri):
            try:
                sqlalchemy.create_engine(uri).connect()
            except OperationalError as error:
                if by_mlflow:  # as its sessions do
                    raise MlflowException(str(error), TEMPORARILY_UNAVAILABLE) from error
                raise

    with pytest.raises(UserError, match=r"the database does not answer: .*refused") as caught:
        connect()
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.heavy
def test_eight_processes_open_a_new_store_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from nnbench.tracking.mlflow.store import open_store\n"
        "from nnbench.tracking.mlflow.writer import StudyWriter\n"
        "writer = StudyWriter(open_store(sys.argv[1], None), 'shared', command='')\n"
        "writer.end_sweep(writer.start_sweep('one', params={}), 'FINISHED')"
    )
    uri = f"sqlite:///{tmp_path}/new/mlflow.db"
    starts = [subprocess.Popen([sys.executable, "-c", program, uri], stderr=subprocess.PIPE) for _ in range(8)]
    said = [process.communicate()[1] for process in starts]
    assert [process.returncode for process in starts] == [0] * 8, said
    store = open_store(uri, None)
    shared = store.client.get_experiment_by_name("shared")
    assert shared is not None
    assert [row.status for row in store.runs.rows(shared)] == ["FINISHED"] * 8


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("results/mlflow.db", "is not a tracking URI"),
        ("", "is not a tracking URI"),
        ("foo://host/name", "is not a store that MLflow supports"),
        ("file:///somewhere/mlruns", "is not a store that MLflow supports"),
        ("sqlite://results/mlflow.db", "three slashes"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///FOLDER", "cannot be opened"),
        ("sqlite:///FOLDER/text", "not an SQLite database"),
        ("sqlite:///FOLDER/text/mlflow.db", "its folder cannot be created"),
        ("http://somebody:secret@127.0.0.1:9", "no MLflow server answers"),
        ("postgresql://somebody:secret@127.0.0.1:9/name", "does not answer"),
        ("postgresql://127.0.0.1:9/name?user=somebody&password=secret", "does not answer"),
    ],
)
def test_a_store_that_cannot_be_opened_is_reported_in_one_line(tmp_path: Path, uri: str, says: str) -> None:
    (tmp_path / "text").write_text("not a database " * 1000)
    with pytest.raises(UserError, match=says) as caught:
        open_store(uri.replace("FOLDER", str(tmp_path)), tmp_path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("tracking.uri=")
    assert "secret" not in text


def test_reading_does_not_create_a_store(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        open_store(f"sqlite:///{tmp_path}/typo.db", None, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_a_folder_for_artifacts_is_refused() -> None:
    with pytest.raises(UserError, match=r"tracking\.artifacts=null"):
        open_store("postgresql://127.0.0.1:9/name", None)


def test_the_printed_command_for_the_ui_works(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "results").mkdir()
    shutil.copy(empty_database, tmp_path / "results" / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/other")
    python = shlex.split(open_store("sqlite:///results/mlflow.db", None).pages)
    assert python[1:] == ["-m", "nnbench", "ui"]
    assert Path(python[0]).absolute().samefile(sys.executable)
    monkeypatch.setattr("shutil.which", lambda name: sys.executable)
    elsewhere = f"sqlite:///{empty_database}"
    assert open_store(elsewhere, tmp_path).pages == f"python -m nnbench ui --store {elsewhere}"


@pytest.mark.heavy
def test_waiting_for_a_locked_store_is_logged_once(
    store: Store, job: Job, history: Histories, caplog: pytest.LogCaptureFixture
) -> None:
    writer = StudyWriter(store, "trial", command="")
    run_id = writer.start_run(job(), None)
    assert store.engine is not None
    other = store.engine.raw_connection()
    other.cursor().execute("BEGIN IMMEDIATE")
    started = time.monotonic()

    def let_go() -> None:
        time.sleep(3)
        other.rollback()

    thread = threading.Thread(target=let_go)
    thread.start()
    writer.finish_run(run_id, job(), history(), None)
    waited = time.monotonic() - started
    thread.join()
    other.close()
    assert waited >= 2.5
    assert status(store, run_id) == "FINISHED"
    assert [record.message for record in caplog.records].count("another program is writing to the store: waiting for it") == 1


@pytest.mark.parametrize(("limit", "says"), [("query_only = ON", "read-only"), ("max_page_count = 1", "the disk is full")])
def test_a_store_that_cannot_be_written_is_reported_in_one_line(
    store: Store, job: Job, history: Histories, limit: str, says: str
) -> None:
    writer = StudyWriter(store, "trial", command="")
    run_id = writer.start_run(job(), None)
    event.listen(store.engine, "begin", lambda connection: connection.exec_driver_sql(f"PRAGMA {limit}"))
    with pytest.raises(UserError, match=says):
        writer.finish_run(run_id, job(), history(5000), None)
    assert pragma(store, "integrity_check") == "ok"


def test_a_full_disk_of_artifacts_is_reported_in_one_line(
    store: Store, job: Job, history: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    writer = StudyWriter(store, "trial", command="")
    run_id = writer.start_run(job(), None)
    monkeypatch.setattr("nnbench.records.npz.write_run", full)
    with pytest.raises(UserError, match="the disk is full"):
        writer.finish_run(run_id, job(), history(), None)
    assert status(store, run_id) == "RUNNING"


def test_an_internal_error_keeps_its_traceback(store: Store) -> None:
    with pytest.raises(OSError, match="odd"), store.user_errors():
        raise OSError("odd")


def test_runs_of_a_killed_process_are_marked_and_those_of_a_live_one_are_left(
    store: Store, job: Job, named: Callable[[str], Experiment], caplog: pytest.LogCaptureFixture
) -> None:
    alive = StudyWriter(store, "trial", command="")
    training = alive.start_run(job(seed=1), None)
    program = (
        "import os, signal, sys; from nnbench.tracking.mlflow.store import open_store\n"
        "from nnbench.tracking.run_spec import RunSpec\n"
        "from nnbench.tracking.mlflow.writer import StudyWriter\n"
        "writer = StudyWriter(open_store(sys.argv[1], None), 'trial', command='')\n"
        "job = RunSpec(name='left', identity='x', optimizer='sgd', seed=0, config={})\n"
        "writer.start_run(job, writer.start_sweep('its sweep', params={}))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program, store.uri], check=False).returncode == -9
    with caplog.at_level(logging.WARNING):
        open_store(store.uri, None)
    rows = store.runs.rows(named("trial"))
    assert {row.name: row.status for row in rows} == {
        "adam lr=0.05 seed=1": "RUNNING",
        "left": "KILLED",
        "its sweep": "KILLED",
    }
    left = next(row for row in rows if row.name == "left")
    assert left.tags["nnbench.outcome"] == "killed"
    assert "left RUNNING by a process that died" in caplog.text
    alive.kill_run(training, "the test is over")


def test_a_writer_that_closed_its_runs_removes_its_lock_file(store: Store, job: Job) -> None:
    writer = StudyWriter(store, "trial", command="")
    writer.kill_run(writer.start_run(job(), None), "enough")
    assert len(list(store.writers.glob("*.writer"))) == 1
    del writer
    assert list(store.writers.glob("*.writer")) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pa@ss@host/db", "postgresql://***@host/db"),
        ("-m tracking.uri=http://me:word@host seed=1", "-m tracking.uri=http://***@host seed=1"),
        ("postgresql://host/db?password=word&user=me", "postgresql://host/db?password=***&user=me"),
        ("http://me:pa/ss@host:5000 x", "http://***@host:5000 x"),
        ("'tracking.uri=http://me:it'\"'\"'s@host' seed=1", "'tracking.uri=http://***@host' seed=1"),
        ("sqlite:///results/a@b.db", "sqlite:///results/a@b.db"),
        ("sqlite+pysqlite:////a%3Fb@c/x.db", "sqlite+pysqlite:////a%3Fb@c/x.db"),
        ("postgresql:bob:word@host/db", "postgresql:***@host/db"),
        ("POSTGRESQL:BOB:WORD@host", "POSTGRESQL:***@host"),
        ("postgresql:/bob:word@host/db", "postgresql:/***@host/db"),
        ("postgresql:///bob:word@host/db", "postgresql:///***@host/db"),
        ("postgresql:\\\\bob:word@host", "***@host"),
        ("postgresql://bob:word%40host/db", "postgresql://***"),
        ("postgresql://bob:123%40host/db", "postgresql://***"),
        ("postgresql://bob:my word@host/db", "postgresql://***@host/db"),
        ("mysql+pymysql://bob:word@host/db", "mysql+pymysql://***@host/db"),
        ("postgresql+psycopg:bob:word@host", "postgresql+psycopg:***@host"),
        ("bob:word@host/db", "***@host/db"),
        ("//bob:word@host", "//***@host"),
        ("host=h user=bob password=word dbname=x", "host=h user=bob password=*** dbname=x"),
        ("password = 'my word' host=h", "password = *** host=h"),
        ("PGPASSWORD=word nnbench", "PGPASSWORD=*** nnbench"),
        ("uri: 'postgresql://h/db?password=word'", "uri: 'postgresql://h/db?password=***'"),
        ("postgresql://h/db?user=bob&PASSWORD=it's&x=1", "postgresql://h/db?user=bob&PASSWORD=***&x=1"),
        ("http://127.0.0.1:5000/#/experiments", "http://127.0.0.1:5000/#/experiments"),
        ("http://[::1]:5000/x and http://host:5000: gone", "http://[::1]:5000/x and http://host:5000: gone"),
        ("https://host/page and me@host", "https://host/page and me@host"),
    ],
)
def test_credentials_are_covered(text: str, shown: str) -> None:
    assert redacted(text) == shown
