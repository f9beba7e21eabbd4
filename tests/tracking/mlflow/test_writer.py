import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlflow.entities import Experiment, Run

from nnbench.core.errors import UserError
from nnbench.records import npz as artifacts
from nnbench.records.boundary import Boundary
from nnbench.records.history import History
from nnbench.tracking.mlflow.runs import Unrecorded
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import RunSpec

Job = Callable[..., RunSpec]
Histories = Callable[..., History]
Named = Callable[[str], Experiment]


def run_of(store: Store, run_id: str) -> Run:
    return store.client.get_run(run_id)


def folder_of(store: Store, run_id: str) -> Path:
    assert store.artifacts is not None
    return store.artifacts / "trial" / run_id / "artifacts"


def test_a_run_that_trains_is_seen_running_with_its_settings(store: Store, writer: StudyWriter, job: Job) -> None:
    sweep_id = writer.start_sweep("sweep sgd, adam over 10 seeds", params={"runs": "20"})
    run = run_of(store, writer.start_run(job(seed=3, training__stop_at_accuracy=None, resume=True), sweep_id))
    assert run.info.status == "RUNNING"
    assert run.info.run_name == run.data.tags["mlflow.runName"] == "adam lr=0.05 seed=3"
    assert run.data.params == {
        "optimizer.name": "adam",
        "optimizer.learning_rate": "0.05",
        "seed": "3",
        "network.hidden": "[64]",
        "training.stop_at_accuracy": "null",
        "resume": "true",
    }
    tags = run.data.tags
    assert (tags["nnbench.kind"], tags["nnbench.sweep_id"], tags["nnbench.optimizer"]) == ("training", sweep_id, "adam")
    assert {"nnbench.identity", "nnbench.version", "nnbench.blas", "nnbench.cpu", "nnbench.command"} <= tags.keys()
    assert tags["nnbench.threads"] == "1"
    assert tags["mlflow.source.name"] == "python -m nnbench"
    assert run_of(store, sweep_id).data.tags["nnbench.kind"] == "sweep"


def test_a_run_that_is_not_visible_gets_into_the_store_with_its_results(
    store: Store, writer: StudyWriter, job: Job, history: Histories, boundary: Boundary
) -> None:
    finished, killed = (writer.start_run(job(seed=seed), None, started=1000, visible=False) for seed in range(2))
    assert writer.rows() == []
    writer.finish_run(finished, job(seed=0), history(), boundary)
    writer.kill_run(killed, "interrupted")
    run = run_of(store, finished)
    assert (run.info.status, run.info.start_time, run.info.run_name) == ("FINISHED", 1000, "adam lr=0.05 seed=0")
    assert run.data.tags["nnbench.outcome"] == "finished"
    assert run.data.metrics["final/val_accuracy"] == 0.9
    assert f"run_uuid={finished}" in run.data.tags["mlflow.note.content"]
    assert (run_of(store, killed).info.status, len(writer.rows())) == ("KILLED", 2)


@pytest.mark.parametrize("outcome", ["finished", "stopped", "diverged"])
def test_a_run_with_a_result_is_finished(
    store: Store, writer: StudyWriter, job: Job, history: Histories, boundary: Boundary, outcome: str
) -> None:
    run_id = writer.start_run(job(), None)
    came = history(outcome=outcome, diverged_at=200 if outcome == "diverged" else None)
    writer.finish_run(run_id, job(), came, boundary)
    run = run_of(store, run_id)
    assert (run.info.status, run.data.tags["nnbench.outcome"]) == ("FINISHED", outcome)
    assert run.data.metrics["final/val_accuracy"] == 0.9
    assert ("diverged_at_epoch" in run.data.metrics) == (outcome == "diverged")
    assert len(store.client.get_metric_history(run_id, "train/loss")) == len(came.evaluated)
    names = {file.path for file in store.client.list_artifacts(run_id)}
    expected = {"history.npz", "weights.npz", "boundary.npz", "boundary.png", "config.json", "note.md"}
    assert names == expected
    note = run.data.tags["mlflow.note.content"]
    address = f"get-artifact?path=boundary.png&run_uuid={run_id}"
    assert note.replace(address, "boundary.png") == (folder_of(store, run_id) / "note.md").read_text()
    assert address in note
    assert note.startswith(f"**{outcome.capitalize()}**")
    assert "| `final/val_accuracy` | 0.9 |" in note
    assert "| `network.hidden` | \\[64\\] |" in note


def test_only_two_features_have_a_boundary(store: Store, writer: StudyWriter, job: Job, history: Histories) -> None:
    run_id = writer.start_run(job(), None)
    writer.finish_run(run_id, job(), history(), None)
    assert not (folder_of(store, run_id) / artifacts.BOUNDARY).exists()


def test_no_metric_in_the_store_is_other_than_finite(store: Store, writer: StudyWriter, job: Job, history: Histories) -> None:
    losses = np.linspace(1, 2, 200)
    losses[[0, 30, -1]] = math.inf, math.nan, -math.inf
    run_id = writer.start_run(job(), None)
    writer.finish_run(run_id, job(), history(train_loss=losses, test_loss=math.nan, val_loss=losses[:21]), None)
    assert store.engine is not None
    with store.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*), max(abs(value)), max(is_nan) FROM metrics").one()
    assert found[0] > 50
    assert found[1] < 1e9
    assert found[2] == 0


def test_a_failed_run_keeps_its_traceback(store: Store, writer: StudyWriter, job: Job) -> None:
    run_id = writer.start_run(job(), None)
    writer.fail_run(run_id, job(), "Traceback ...\nValueError: no\n", "ValueError: no")
    run = run_of(store, run_id)
    assert (run.info.status, run.data.tags["nnbench.outcome"]) == ("FAILED", "failed")
    assert run.data.tags["nnbench.reason"] == "ValueError: no"
    assert (folder_of(store, run_id) / "traceback.txt").read_text() == "Traceback ...\nValueError: no\n"


def test_a_killed_run_has_its_reason(store: Store, writer: StudyWriter, job: Job) -> None:
    run_id = writer.start_run(job(), None)
    writer.kill_run(run_id, "interrupted (SIGTERM)")
    run = run_of(store, run_id)
    assert (run.info.status, run.data.tags["nnbench.outcome"]) == ("KILLED", "killed")
    assert "interrupted (SIGTERM)" in run.data.tags["mlflow.note.content"]
    assert run.info.end_time is not None


def test_only_finished_runs_count_as_finished(store: Store, writer: StudyWriter, job: Job, history: Histories) -> None:
    jobs = [job(seed=seed) for seed in range(4)]
    ids = [writer.start_run(spec, None) for spec in jobs]
    writer.finish_run(ids[0], jobs[0], history(), None)
    writer.finish_run(ids[1], jobs[1], history(outcome="diverged", diverged_at=200), None)
    writer.fail_run(ids[2], jobs[2], "", "no")
    expected = {jobs[0].identity, jobs[1].identity}
    assert writer.finished() == expected
    assert StudyWriter(store, "trial", command="").finished() == expected
    assert StudyWriter(store, "another", command="").finished() == set()
    writer.kill_run(ids[3], "the test is over")


def test_a_sweep_holds_its_report_and_counts_its_runs(
    store: Store, writer: StudyWriter, job: Job, history: Histories, tmp_path: Path
) -> None:
    report = tmp_path / "report.pdf"
    report.write_bytes(b"%PDF")
    (tmp_path / "figures").mkdir()
    table = tmp_path / "figures" / "loss.csv"
    table.touch()
    sweep_id = writer.start_sweep("sweep", params={"runs": "2"})
    writer.finish_run(writer.start_run(job(), sweep_id), job(), history(), None)
    writer.fail_run(writer.start_run(job(seed=1), sweep_id), job(seed=1), "", "no")
    writer.end_sweep(sweep_id, "FAILED", files=[report, table], metrics={"best": 0.5, "none": math.nan})
    run = run_of(store, sweep_id)
    assert run.info.status == "FAILED"
    assert run.data.metrics == {"best": 0.5}
    assert "1 failed, 1 finished" in run.data.tags["mlflow.note.content"]
    assert [file.path for file in store.client.list_artifacts(sweep_id)] == ["figures", "report.pdf"]
    assert [file.path for file in store.client.list_artifacts(sweep_id, "figures")] == ["figures/loss.csv"]


@pytest.mark.parametrize(("runs", "analyzed"), [(9, False), (10, True)])
def test_sqlite_statistics_are_updated_after_a_large_sweep(
    store: Store, writer: StudyWriter, job: Job, history: Histories, runs: int, analyzed: bool
) -> None:
    sweep_id = writer.start_sweep("sweep", params={})
    for seed in range(runs):
        writer.finish_run(writer.start_run(job(seed=seed), sweep_id), job(seed=seed), history(), None)
    writer.end_sweep(sweep_id, "FINISHED")
    assert store.engine is not None
    with store.engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'").scalar()
    assert tables == int(analyzed)


def test_names_and_values_are_truncated_for_the_store(store: Store, writer: StudyWriter, job: Job, history: Histories) -> None:
    long = job(**{"dataset.path": "x" * 9000, "odd@key[0]": 1}, text="y" * 20_000)
    run_id = writer.start_run(long, None)
    writer.finish_run(run_id, long, history(), None)
    run = run_of(store, run_id)
    assert run.data.params["dataset.path"] == "x" * 5999 + "…"
    assert run.data.params["odd_key_0_"] == "1"
    assert len(run.data.tags["mlflow.note.content"]) == 8000
    writer.fail_run(run_id, long, "", "z" * 9000)
    assert run_of(store, run_id).data.tags["nnbench.reason"].endswith("z…")


def test_no_password_reaches_the_store(store: Store, job: Job, history: Histories, database: Path) -> None:
    secret = "http://me:hunter2@host:5000"
    writer = StudyWriter(store, "trial", command=f"python -m nnbench tracking.uri={secret}")
    base = job(**{"tracking.uri": secret})
    changed = {
        "identity": "x",
        "files": {"digest": {"my/opts.py": f"URL = '{secret}'\n"}},
    }
    spec = RunSpec(**{**vars(base), **changed})
    writer.finish_run(writer.start_run(spec, None), spec, history(), None)
    writer.fail_run(writer.start_run(spec, None), spec, f"Traceback: {secret}", f"cannot reach {secret}")
    writer.kill_run(writer.start_run(spec, None), f"cannot reach {secret}")
    files = [file for file in database.parent.rglob("*") if file.is_file()]
    assert len(files) > 8
    assert "opts.py" in {file.name for file in files}
    assert [file.name for file in files if b"hunter2" in file.read_bytes()] == []


def test_the_study_has_a_representation(store: Store, writer: StudyWriter, named: Named) -> None:
    experiment = named("trial")
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert "    python -m nnbench\n" in experiment.tags["mlflow.note.content"]
    StudyWriter(store, "trial", command="python -m nnbench -m seed=1,2", description="Is Adam worth it?")
    note = named("trial").tags["mlflow.note.content"]
    assert "Is Adam worth it?" in note
    assert "-m seed=1,2" in note
    assert (writer.store, writer.study) == (store, "trial")


def test_the_name_of_a_deleted_study_is_refused(store: Store, writer: StudyWriter, named: Named) -> None:
    found = named("trial")
    store.client.delete_experiment(found.experiment_id)
    with pytest.raises(UserError, match=f"study=trial: was deleted .* --experiment-id {found.experiment_id}"):
        StudyWriter(writer.store, "trial", command="")


def test_a_study_created_through_a_server_is_refused(store: Store) -> None:
    store.client.create_experiment("served", "mlflow-artifacts:/7")
    with pytest.raises(UserError, match="made through a tracking server"):
        StudyWriter(store, "served", command="")


@pytest.mark.parametrize("name", ["a/b: c", "Größe", "..", "大" * 200])
def test_any_valid_name_can_be_a_study(store: Store, job: Job, history: Histories, name: str) -> None:
    writer = StudyWriter(store, name, command="")
    run_id = writer.start_run(job(), None)
    writer.finish_run(run_id, job(), history(), None)
    assert store.artifacts is not None
    assert len(list(store.artifacts.glob(f"*/{run_id}/artifacts/history.npz"))) == 1
    assert "history.npz" in {file.path for file in store.client.list_artifacts(run_id)}


@pytest.mark.parametrize(
    ("unrecorded", "message"),
    [
        (Unrecorded(2, 0), "the server does not answer: 2 runs are queued in [^;]*; the next command, .* sends them"),
        (Unrecorded(0, 1), "1 ended run could not be recorded, see the warnings"),
        (Unrecorded(2, 3), "2 runs are queued in .* sends them; 3 ended runs could not be recorded, see the warnings"),
    ],
)
def test_ended_runs_that_are_not_in_the_store_are_an_error(
    writer: StudyWriter, unrecorded: Unrecorded, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.flush()

    class Queue:
        def flush(self, seconds: float | None) -> Unrecorded:
            return unrecorded

    monkeypatch.setattr(writer, "_run_writer", Queue())
    with pytest.raises(UserError, match=f"^tracking.uri=.*: .*{message}$"):
        writer.flush()
