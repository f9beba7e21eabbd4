import logging
import math
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Experiment
from sqlalchemy import event

from nnbench.core.errors import UserError
from nnbench.records import snapshot
from nnbench.records.boundary import Boundary
from nnbench.records.curve_tables import Curves
from nnbench.records.history import History
from nnbench.records.study import Study
from nnbench.tracking.mlflow import reader
from nnbench.tracking.mlflow.experiment import existing_experiment
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec

Job = Callable[..., RunSpec]
Histories = Callable[..., History]


def finish(writer: StudyWriter, spec: RunSpec, history: History, boundary: Boundary | None = None) -> str:
    run_id = writer.start_run(spec, None)
    writer.finish_run(run_id, spec, history, boundary)
    return run_id


def test_written_data_is_read(store: Store, writer: StudyWriter, job: Job, history: Histories, boundary: Boundary) -> None:
    sweep_id = writer.start_sweep("sweep", params={})
    spec, came = job(seed=3, training__stop_at_accuracy=None), history()
    run_id = writer.start_run(spec, sweep_id)
    writer.finish_run(run_id, spec, came, boundary)
    writer.end_sweep(sweep_id, "FINISHED")
    study = read_study(store, "trial")

    assert study.name == "trial"
    assert study.address(run_id) == ""  # the pages of a database have no fixed address
    assert len(study.runs) == 1
    run = study.runs.iloc[0]
    expected = {
        "run_id": run_id,
        "name": "adam lr=0.05 seed=3",
        "status": "FINISHED",
        "outcome": "finished",
        "optimizer": "adam",
        "setting": "adam",
        "seed": 3,
        "identity": spec.identity,
        "sweep_id": sweep_id,
        "optimizer.learning_rate": 0.05,
        "network.hidden": "[64]",
        "final/val_accuracy": 0.9,
        "test/loss": 0.25,
        "epochs_to/0.80": 145,
        "threads": 1,
        "command": "python -m nnbench",
    }
    assert {key: run[key] for key in expected} == expected
    assert pd.isna(run["diverged_at_epoch"])
    assert pd.isna(run["training.stop_at_accuracy"])
    assert abs(run["started"] - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=10)

    curves = study.curves
    assert curves.columns.tolist() == ["run_id", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    assert set(curves["run_id"]) == {run_id}
    np.testing.assert_array_equal(curves["epoch"], came.evaluated)
    np.testing.assert_array_equal(curves["train_loss"], came.train_loss[came.evaluated])
    np.testing.assert_array_equal(curves["val_accuracy"], came.val_accuracy)

    best, higher = -1.0, []
    for epoch, accuracy in enumerate(came.train_accuracy.tolist()):
        if accuracy > best:
            best = accuracy
            higher.append([run_id, epoch, accuracy])
    assert study.records[["run_id", "epoch", "train_accuracy"]].values.tolist() == higher

    assert study.sweeps[["run_id", "command", "status"]].values.tolist() == [[sweep_id, "python -m nnbench", "FINISHED"]]
    read = study.boundary(run_id)
    assert read is not None
    np.testing.assert_array_equal(read.label, boundary.label)
    assert study.boundary(sweep_id) is None


def test_runs_are_sorted_by_optimizer_setting_and_seed(
    store: Store, writer: StudyWriter, job: Job, history: Histories
) -> None:
    for optimizer, rate, seed in [("sgd", 1.0, 0), ("adam", 0.5, 10), ("adam", 0.5, 9), ("adam", 0.05, 10)]:
        finish(writer, job(optimizer, seed, optimizer__learning_rate=rate), history())
    runs = read_study(store, "trial").runs
    assert runs[["setting", "seed"]].values.tolist() == [
        ["adam lr=0.05", 10],
        ["adam lr=0.5", 9],
        ["adam lr=0.5", 10],
        ["sgd", 0],
    ]


def test_the_last_finished_attempt_counts(store: Store, writer: StudyWriter, job: Job, history: Histories) -> None:
    spec = job()
    for _ in range(2):
        finished = finish(writer, spec, history())
        time.sleep(0.002)
    writer.fail_run(writer.start_run(spec, None), spec, "", "no")
    other = job(seed=1)
    writer.fail_run(writer.start_run(other, None), other, "", "no")
    killed = writer.start_run(other, None)
    writer.kill_run(killed, "enough")
    runs = read_study(store, "trial").runs
    assert runs["run_id"].tolist() == [finished, killed]
    assert runs["outcome"].tolist() == ["finished", "killed"]
    assert runs["reason"].tolist()[1] == "enough"


def test_a_run_that_is_training_has_no_outcome(store: Store, writer: StudyWriter, job: Job) -> None:
    run_id = writer.start_run(job(), None)
    study = read_study(store, "trial")
    assert study.runs["status"].tolist() == ["RUNNING"]
    assert study.runs["outcome"].isna().all()
    assert study.curves.empty
    assert study.boundary(run_id) is None
    writer.kill_run(run_id, "the test is over")


def test_diverged_runs_keep_their_finite_rows(store: Store, writer: StudyWriter, job: Job, history: Histories) -> None:
    none = np.empty(0)
    nothing = {"train_loss": none, "train_accuracy": none, "evaluated": none.astype(int), "val_loss": none}
    at_once = history(**nothing, val_accuracy=none, test_loss=math.nan, outcome="diverged", diverged_at=0)
    finish(writer, job(seed=0), at_once)
    later = finish(writer, job(seed=1), history(epochs=33, outcome="diverged", diverged_at=33))
    study = read_study(store, "trial")
    assert study.runs["diverged_at_epoch"].tolist() == [0, 33]
    assert study.curves["epoch"].tolist() == [0, 10, 20, 30, 32]
    assert set(study.curves["run_id"]) == {later}


def test_a_run_without_validation_points_has_a_training_curve(
    store: Store, writer: StudyWriter, job: Job, history: Histories
) -> None:
    finish(writer, job(), history(evaluated=np.empty(0, int), val_loss=np.empty(0), val_accuracy=np.empty(0)))
    curves = read_study(store, "trial").curves
    assert len(curves) > 50
    assert curves["train_loss"].notna().all()
    assert curves["val_loss"].isna().all()


def test_an_empty_study_has_all_its_columns(store: Store, writer: StudyWriter) -> None:
    study = read_study(store, writer.study)
    assert study.runs.empty
    assert study.curves.empty
    assert {"run_id", "setting", "seed", "final/val_loss", "epochs_to/0.90", "commit"} <= set(study.runs.columns)


def test_an_unknown_study_is_refused_with_the_known_ones(store: Store, writer: StudyWriter) -> None:
    StudyWriter(writer.store, "other", command="")
    with pytest.raises(UserError, match=r"study=tiral: .*it has other, trial$"):
        read_study(store, "tiral")


def test_a_store_without_studies_has_a_message(store: Store) -> None:
    with pytest.raises(UserError, match="no study yet"):
        read_study(store, "trial")


def test_a_moved_store_can_be_read(
    store: Store, writer: StudyWriter, job: Job, history: Histories, database: Path, tmp_path: Path
) -> None:
    finish(writer, job(), history())
    assert store.engine is not None
    store.engine.dispose()
    shutil.copytree(database.parent, tmp_path / "moved")
    shutil.rmtree(database.parent / "artifacts")
    moved = open_store(f"sqlite:///{tmp_path}/moved/mlflow.db", None)
    assert len(read_study(moved, "trial").curves) == 21


def test_lost_histories_are_counted(
    store: Store, writer: StudyWriter, job: Job, history: Histories, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [finish(writer, job(seed=seed), history()) for seed in range(3)]
    assert store.artifacts is not None
    shutil.rmtree(store.artifacts / "trial" / ids[1])
    with caplog.at_level(logging.WARNING):
        study = read_study(store, "trial")
    assert set(study.curves["run_id"]) == {ids[0], ids[2]}
    assert "1 of 3 finished runs" in caplog.text
    assert writer.finished() == {job(seed=seed).identity for seed in (0, 2)}, "the same command makes it again"


def test_an_unreadable_history_affects_only_its_own_curve(
    store: Store, writer: StudyWriter, job: Job, history: Histories, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [finish(writer, job(seed=seed), history()) for seed in range(2)]
    assert store.artifacts is not None
    file = store.artifacts / "trial" / ids[0] / "artifacts" / "history.npz"
    file.unlink()
    file.mkdir()
    with caplog.at_level(logging.WARNING):
        study = read_study(store, "trial")
    assert len(study.runs) == 2
    assert set(study.curves["run_id"]) == {ids[1]}
    assert "cannot be read: Is a directory" in caplog.text


def test_two_hundred_runs_are_read_in_a_handful_of_statements(
    store: Store, writer: StudyWriter, job: Job, history: Histories
) -> None:
    """The number of SQL statements does not grow with the number of runs."""
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    finish(writer, job(seed=0), history())
    asked.clear()
    read_study(store, "trial")
    for_one = len(asked)
    for seed in range(1, 200):
        finish(writer, job(seed=seed), history(50))
    asked.clear()
    study = read_study(store, "trial")
    assert len(asked) == for_one
    assert study.runs["seed"].tolist() == list(range(200))
    assert study.curves.groupby("run_id").size().sum() == 21 + 199 * 6


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server that keeps its artifacts itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--artifacts-destination", str(tmp_path / "kept")]
    surroundings = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, env=surroundings, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/health").close()
            break
        except OSError:
            time.sleep(0.2)
    yield address
    os.killpg(process.pid, 15)
    process.wait()


@pytest.mark.heavy
def test_a_server_serves_as_well(server: str, job: Job, history: Histories, boundary: Boundary, tmp_path: Path) -> None:
    store = open_store(server, None)
    writer = StudyWriter(store, "trial", command="python -m nnbench")
    sweep_id = writer.start_sweep("sweep", params={"runs": "1"})
    handles = [finish(writer, job(), history(), boundary), writer.start_run(job(seed=1), sweep_id)]
    writer.fail_run(handles[1], job(seed=1), "Traceback ...", "ValueError: no")
    writer.flush()
    writer.end_sweep(sweep_id, "FAILED", files=[])
    run_id, failed = map(writer.run_id, handles)
    assert writer.finished() == {job().identity}
    for study in (read_study(store, "trial"), read_study(store, "trial")):  # the second time from the cache
        assert study.runs["status"].tolist() == ["FINISHED", "FAILED"]
        assert study.runs["test/accuracy"].tolist()[0] == 0.875
        assert len(study.curves) == 21
        assert study.boundary(run_id) is not None
        assert study.boundary(failed) is None
        assert study.address(run_id).startswith(f"{server}/#/experiments/")
        assert f"/runs/{run_id}" in study.address(run_id)
    with pytest.raises(UserError, match="made through a tracking server"):
        read_study(open_store(f"sqlite:///{tmp_path}/server.db", None), "trial")


def test_nan_metrics_of_others_are_read_as_nan(store: Store, writer: StudyWriter, job: Job, history: Histories) -> None:
    run_id = finish(writer, job(), history())
    values = {"theirs/nan": math.nan, "theirs/inf": math.inf, "theirs/minus": -math.inf, "theirs/two": 2.0}
    for key, value in {**values, "test/loss": math.nan}.items():
        store.client.log_metric(run_id, key, value, step=10**6)
    foreign = store.client.create_run(store.client.get_run(run_id).info.experiment_id)
    store.client.log_metric(foreign.info.run_id, "test/loss", math.nan)
    (run,) = read_study(store, "trial").runs.to_dict("records")
    assert {key for key in (*values, "test/loss") if math.isnan(run[key])} == {*values, "test/loss"} - {"theirs/two"}
    assert run["theirs/two"] == 2.0


def test_changes_of_the_store_show_up_in_a_study_that_has_a_snapshot(
    store: Store, writer: StudyWriter, job: Job, history: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "SMALLEST", 1)
    ids = [finish(writer, job(seed=seed), history(epochs=20 + seed)) for seed in range(5)]

    def read() -> Study:
        """Read the study with the snapshot, and check that it equals the one read without."""
        kept = read_study(store, "trial")
        with monkeypatch.context() as without:
            without.setattr(snapshot, "SMALLEST", 10**9)
            fresh = read_study(store, "trial")
        for name in ("runs", "curves", "records", "sweeps", "earlier"):
            pd.testing.assert_frame_equal(getattr(kept, name), getattr(fresh, name))
        return kept

    assert list(read().runs["run_id"]) == ids
    assert len(list(store.snapshots.glob("*/1-*"))) == 1
    store.client.delete_run(ids[0])
    assert list(read().runs["run_id"]) == ids[1:]
    repeated = finish(writer, job(seed=1), history(epochs=50))
    assert list(read().runs["run_id"]) == [repeated, *ids[2:]]
    store.client.set_tag(ids[2], "nnbench.optimizer", "sgd")
    assert list(read().runs["optimizer"]) == ["adam", "adam", "adam", "sgd"]
    store.client.set_tag(ids[3], "nnbench.outcome", "stopped")
    assert "stopped" in set(read().runs["outcome"])
    shutil.rmtree(Path(store.snapshots.parent / "artifacts" / "trial" / ids[4]))
    study = read()
    assert ids[4] in set(study.runs["run_id"])
    assert ids[4] not in set(study.curves["run_id"])
    store.client.restore_run(ids[0])
    assert ids[0] in set(read().runs["run_id"])


def test_the_snapshot_of_another_store_at_the_same_place_is_not_used(
    store: Store, writer: StudyWriter, job: Job, history: Histories, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(snapshot, "SMALLEST", 1)
    finish(writer, job(), history(epochs=20))
    other = open_store(f"sqlite:///{tmp_path / 'other' / 'mlflow.db'}", None)
    run_id = finish(StudyWriter(other, "trial", command=""), job(), history(epochs=30))
    read_study(store, "trial")
    shutil.copytree(store.snapshots, other.snapshots)
    study = read_study(other, "trial")
    assert set(study.curves["run_id"]) == {run_id}
    assert study.curves["epoch"].max() == 29


@pytest.mark.parametrize("experiment_id", ["../../elsewhere", "/elsewhere", "..", ""])
def test_an_experiment_id_that_is_a_path_gets_no_snapshot(
    experiment_id: str, store: Store, writer: StudyWriter, job: Job, history: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may send any text as an id."""
    finish(writer, job(), history())
    monkeypatch.setattr(snapshot, "SMALLEST", 1)
    given: list[Path | None] = []
    read = snapshot.read

    def reading(folder: Path | None, *files: Any, **options: Any) -> Curves:
        given.append(folder)
        return read(folder, *files, **options)

    monkeypatch.setattr(snapshot, "read", reading)
    experiment = existing_experiment(store, "trial")
    with monkeypatch.context() as other:
        found = Experiment(experiment_id, "trial", experiment.artifact_location, "active")
        other.setattr(reader, "existing_experiment", lambda *_: found)
        rows = store.runs.rows(experiment)
        other.setattr(reader, "list_runs", lambda *_: rows)
        assert len(read_study(store, "trial").curves) == 21
    assert given == [None]
    assert not store.snapshots.exists()
