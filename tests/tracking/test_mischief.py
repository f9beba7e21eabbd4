"""A store with foreign data, which must not break a report or escape from it."""

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from nnbench.config.schema import flatten
from nnbench.records.rows import CONFIG_TAG
from nnbench.records.study import Study
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput

pytestmark = pytest.mark.heavy

Command = Callable[..., CommandOutput]

HTML = "<img src=x onerror=alert(1)> [click](javascript:alert(1)) # **bold** $\\frac$ \x1b[31mred\x1b[0m\r\n\u202eevil"


class Store:
    """Writes directly to the store's tables."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def write(self, query: str, *values: object) -> None:
        with closing(sqlite3.connect(self.home / "results" / "mlflow.db")) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute(query, values)
            database.commit()

    def runs(self) -> list[str]:
        """The training runs, by optimizer and seed."""
        with closing(sqlite3.connect(self.home / "results" / "mlflow.db")) as database:
            query = (
                "SELECT s.run_uuid FROM params s JOIN tags t ON t.run_uuid = s.run_uuid AND t.key = 'nnbench.optimizer' "
                "WHERE s.key = 'seed' ORDER BY t.value, s.value"
            )
            return [run_id for (run_id,) in database.execute(query)]

    def copy(self, run_id: str, name: str) -> None:
        """A run like another one, under this id."""
        self.write(
            "INSERT INTO runs SELECT ?, ?, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, "
            "source_version, lifecycle_stage, artifact_uri, experiment_id, deleted_time FROM runs WHERE run_uuid = ?",
            *(name, name, run_id),
        )
        for table in ("params", "tags"):
            self.write(f"INSERT INTO {table} SELECT key, value, ? FROM {table} WHERE run_uuid = ?", name, run_id)
        self.write("UPDATE tags SET value = value || ? WHERE key = 'nnbench.identity' AND run_uuid = ?", name, name)

    def change_config(self, run_id: str, changes: Mapping[str, object]) -> None:
        """Change keys of the run's stored config."""
        with closing(sqlite3.connect(self.home / "results" / "mlflow.db")) as database:
            query = "SELECT value FROM tags WHERE key = ? AND run_uuid = ?"
            ((text,),) = database.execute(query, (CONFIG_TAG, run_id))
        changed = json.dumps({**dict(flatten(json.loads(text))), **changes})
        self.write("UPDATE tags SET value = ? WHERE key = ? AND run_uuid = ?", changed, CONFIG_TAG, run_id)

    def artifacts(self, run_id: str) -> Path:
        return self.home / "results" / "artifacts" / "s" / run_id / "artifacts"


@pytest.fixture
def store(home: Path, nnbench: Command) -> Store:
    """A study of six honest runs."""
    said = nnbench("-m", "optimizer=sgd,adam", "seed=0,1,2", "training.epochs=30", "study=s", "report=none")
    assert said.status == 0
    return Store(home)


def report(nnbench: Command, home: Path) -> Study:
    """Remake the report, check it, and return the study."""
    said = nnbench("-m", "optimizer=sgd,adam", "seed=0,1,2", "training.epochs=30", "study=s")
    assert said.status == 0, said.err
    assert (home / "results" / "s" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "\x1b[31m" not in said.err + said.out
    own = home / "results", home / "cache" / "matplotlib"  # Matplotlib's list of fonts, if this test is the first to draw
    assert [path for path in home.rglob("*") if path.is_file() and not any(map(path.is_relative_to, own))] == []
    for page in home.glob("results/s/*.html"):
        assert "<img src=x" not in page.read_text(encoding="utf-8")
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")


def test_damaged_texts_and_numbers(store: Store, home: Path, nnbench: Command) -> None:
    second, first, _, third, fourth, _ = store.runs()  # the second run's values are those of its optimizer's first seed
    store.write("UPDATE runs SET name = ? WHERE run_uuid = ?", HTML, first)
    for key in ("nnbench.command", "nnbench.cpu", "nnbench.reason", "nnbench.commit", "nnbench.version", "nnbench.threads"):
        store.write("DELETE FROM tags WHERE run_uuid = ? AND key = ?", first, key)
        store.write("INSERT INTO tags (run_uuid, key, value) VALUES (?, ?, ?)", first, key, HTML)
    values = {"network.activation": HTML, "network.hidden": "[" * 2**20, "training.epochs": "9" * 2**20, "draws.kind": "NaN"}
    for key, value in values.items():
        store.write("UPDATE params SET value = ? WHERE run_uuid = ? AND key = ?", value, second, key)
    store.change_config(second, {**values, "x" * 2**20: "y" * 2**20, "training.dtype": 10**400, "network": {"a": [HTML]}})
    taken = "run_id", "status", "setting", "outcome", "started", "name", "final/val_accuracy", "identity"
    store.change_config(third, dict.fromkeys(taken, "../../etc"))
    store.write("UPDATE latest_metrics SET value = 1.7976931348623157e308 WHERE run_uuid = ?", fourth)
    runs = report(nnbench, home).runs
    assert len(runs) == 6
    assert not runs.map(lambda value: isinstance(value, str) and "\x1b" in value).to_numpy().any()
    assert runs.map(lambda value: len(value) if isinstance(value, str) else 0).to_numpy().max() <= 6000
    assert np.nanmax(np.abs(runs.select_dtypes("number").to_numpy(float))) < 1e300
    row = runs[runs["run_id"] == third].iloc[0]
    assert (row["status"], row["outcome"]) == ("FINISHED", "finished")
    assert isinstance(row["final/val_accuracy"], float)


def test_runs_of_other_programs_are_left_out(
    store: Store, home: Path, nnbench: Command, caplog: pytest.LogCaptureFixture
) -> None:
    honest = store.runs()[0]
    paths = "../../../../outside", "a/../../b", "..", "/etc", "x" * 100, "a\x00b"
    for name in ("seedless", "nameless", "anonymous", "html", *paths):
        store.copy(honest, name)
    store.change_config("seedless", {"seed": "x"})
    store.write("DELETE FROM tags WHERE key = 'nnbench.optimizer' AND run_uuid = 'nameless'")
    store.write("DELETE FROM tags WHERE key = 'nnbench.identity' AND run_uuid = 'anonymous'")
    store.write("UPDATE tags SET value = ? WHERE key = 'nnbench.optimizer' AND run_uuid = 'html'", HTML)
    outside = home / "outside" / "artifacts"
    outside.mkdir(parents=True)
    for name in ("history.npz", "boundary.npz"):
        shutil.copy(store.artifacts(honest) / name, outside / name)
    study = read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")
    assert [study.boundary(name) for name in paths] == [None] * len(paths)
    shutil.rmtree(home / "outside")
    study = report(nnbench, home)
    assert len(study.runs) == 6
    assert not set(paths) & set(study.curves["run_id"])
    assert "10 runs were not written by nnbench" in caplog.text


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("train_loss", "train_accuracy", "evaluated", "val_loss", "val_accuracy"):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                for _ in range(150):
                    file.write(bytes(2**20))


class Evil:
    """Is called if the object is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("unpickled"),))  # type: ignore[return-value]


def pickled(path: Path) -> None:
    np.savez(path, train_loss=np.array([Evil()], dtype=object))


def text(path: Path) -> None:
    path.write_text("not an npz")


def test_files_of_others_are_kept(store: Store, home: Path, nnbench: Command, caplog: pytest.LogCaptureFixture) -> None:
    runs = store.runs()
    for run_id, spoil in zip(runs, (bomb, pickled, text), strict=False):
        spoil(store.artifacts(run_id) / "history.npz")
    for run_id, spoil in zip(runs, (pickled, text, bomb, pickled), strict=False):
        spoil(store.artifacts(run_id) / "boundary.npz")
    study = report(nnbench, home)
    assert study.curves["run_id"].nunique() == 3
    assert [study.boundary(run_id) is None for run_id in runs] == [True] * 4 + [False] * 2
    assert caplog.text.count("its decision boundary is not shown") >= 4
    assert not (home / "unpickled").exists()
