"""Stores in folders whose names mean something in a URI."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nnbench.core.errors import UserError
from nnbench.records.history import History
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store, prepare
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec
from tests.faults.conftest import Place

NAMES = ["a%20b", "a%2Fb", "what?", "?x=1", "a#b", "ü 优", "a;b&c=d", "100%", 'it\'s "a"', "a@b:c", "a\nb", "$x_1$ {a} [b]"]


# One in three is enough for every day: each takes most of a second.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.heavy] * (at % 3 > 0)) for at, name in enumerate(NAMES)]
)
def test_a_store_is_created_in_the_given_folder(
    tmp_path: Path,
    empty_database: Path,
    job: Callable[..., RunSpec],
    history: Callable[..., History],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    (tmp_path / name / "results").mkdir(parents=True)
    shutil.copy(empty_database, tmp_path / name / "results" / "mlflow.db")
    monkeypatch.chdir(tmp_path / name)
    store = open_store("sqlite:///results/mlflow.db", None)
    writer = StudyWriter(store, "s", command="")
    sweep = writer.start_sweep("its sweep", params={})
    writer.finish_run(writer.start_run(job(), sweep), job(), history(), None)
    writer.end_sweep(sweep, "FINISHED")
    assert store.pages.endswith("-m nnbench ui"), "the usual place needs no URI"
    monkeypatch.chdir(tmp_path)
    pasted = [f"sqlite:///{name}/results/mlflow.db"] if not name.startswith("?") else []
    for uri in (store.uri, prepare(store.uri, create=False), *pasted):
        study = read_study(open_store(uri, None, create=False), "s")
        assert study.runs["status"].tolist() == ["FINISHED"]
        assert study.curves["run_id"].nunique() == 1
    assert os.listdir(tmp_path) == [name]
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["results"]
    with closing(sqlite3.connect(tmp_path / name / "results" / "mlflow.db")) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (2,)


def test_a_question_mark_without_an_option_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="%3F"):
        open_store("sqlite:///new?folder/mlflow.db", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["a%20b", "a%2Fb", "what?", "ü #1;"])
def test_a_sweep_and_its_report_in_such_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    place = Place(tmp_path / name)
    words = "optimizer=sgd,adam", "seed=range(2)", "training.epochs=51", "dataset.test_samples=50", "study=s"
    said = place.run("-m", *words)
    assert said.returncode == 0, said.stderr
    assert place.states() == {"FINISHED": 4}
    report = place.folder / "results" / "s" / "report.pdf"
    assert report.stat().st_size
    again = place.run("-m", *words)
    assert "4 reused from before" in again.stderr
    assert set(os.listdir(tmp_path)) <= {name, "cache"}, "nothing beside it but this user's cache"
    assert os.listdir(place.folder) == ["results"]
