"""Copies of a store in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nnbench.cli.backup import main
from nnbench.tracking.mlflow.store import open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec


def test_backup_of_a_store_in_use(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "results" / "mlflow.db"
    writer = StudyWriter(open_store(f"sqlite:///{file}", None), "s", command="")
    spec = RunSpec(name="a run", identity="x", optimizer="sgd", seed=0, config={})
    run = writer.start_run(spec, None)
    assert main(["--store", f"sqlite:///{file}"]) == 0
    copy = Path(capsys.readouterr().out.strip())
    assert copy.parent == file.parent
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT name, status FROM runs").fetchall() == [("a run", "RUNNING")]
    writer.kill_run(run, "enough")
    assert main(["--store", f"sqlite:///{file}", str(copy)]) == 2
    assert "exists already" in capsys.readouterr().err
    file.write_bytes(file.read_bytes()[:20_000])
    assert main(["--store", f"sqlite:///{file}"]) == 2
    assert copy.name in capsys.readouterr().err, "the copy is what can be put in a damaged store's place"


@pytest.mark.parametrize("target", ["nowhere/x.db", "results/mlflow.db/x.db"])
def test_a_target_that_cannot_be_is_named(home: Path, capsys: pytest.CaptureFixture[str], target: str) -> None:
    assert main(["--store", f"sqlite:///{home}/results/mlflow.db", str(home / target)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"nnbench backup: {home / target}: no folder")


@pytest.mark.parametrize("uri", ["sqlite:///none.db", "postgresql://bob:SECRET@127.0.0.1/x", "http://127.0.0.1:5000"])
def test_a_store_that_cannot_be_copied_is_reported_in_one_line(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--store", uri]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nnbench backup: --store=")
    assert "SECRET" not in line
