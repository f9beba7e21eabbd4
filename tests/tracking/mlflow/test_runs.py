"""Rows written directly to a database equal those written by MLflow."""

from collections.abc import Iterable
from typing import Any

import pytest
from mlflow.entities import Metric
from sqlalchemy.exc import IntegrityError

from nnbench.records.rows import Row
from nnbench.tracking.mlflow.rest_runs import RestRuns
from nnbench.tracking.mlflow.retry import Retrier
from nnbench.tracking.mlflow.runs import End, Start, new_id
from nnbench.tracking.mlflow.sql_runs import SqlRuns
from nnbench.tracking.mlflow.store import Store

TABLES = ("runs", "params", "tags", "metrics", "latest_metrics")
OWN = ("run_uuid", "start_time", "end_time", "artifact_uri")


def rows_of(store: Store, run_id: str) -> dict[str, list[dict[str, Any]]]:
    assert store.engine is not None
    found = {}
    with store.engine.connect() as connection:
        for table in TABLES:
            rows = connection.exec_driver_sql(f"SELECT * FROM {table} WHERE run_uuid = ?", (run_id,)).mappings()
            kept = [{key: value for key, value in row.items() if key not in OWN} for row in rows]
            found[table] = sorted(kept, key=repr)
    return found


def points() -> list[Metric]:
    curve = [Metric("train/loss", 1 / (1 + epoch), 1000 + epoch, epoch) for epoch in range(1200)]
    return [*curve, Metric("final/train_loss", 0.25, 2000, 1199), Metric("negative", -1e-300, 2000, 0)]


def test_rows_are_those_that_mlflow_writes(store: Store) -> None:
    experiment = store.client.get_experiment(store.client.create_experiment("both"))
    tags = {"mlflow.user": "me", "nnbench.kind": "training", "nnbench.key": "x", "empty": ""}
    ids = []
    for runs in (store.runs, RestRuns(store.client, Retrier("", 0))):
        run_id = runs.open(experiment, "a run", tags, {"optimizer.learning_rate": "0.1", "seed": "0"})
        runs.close(run_id, "FINISHED", points(), {"empty": "no more", "nnbench.outcome": "finished"})
        ids.append(run_id)
    ours, theirs = (rows_of(store, run_id) for run_id in ids)
    assert ours == theirs
    assert [len(ours[table]) for table in TABLES] == [1, 2, 6, 1202, 3]


def test_a_run_written_with_its_end_equals_one_that_was_opened_and_closed(store: Store) -> None:
    experiment = store.client.get_experiment(store.client.create_experiment("both"))
    tags, params = {"mlflow.user": "me", "empty": ""}, {"seed": "0"}
    final = {"empty": "no more", "nnbench.outcome": "finished"}
    opened = store.runs.open(experiment, "a run", tags, params)
    store.runs.close(opened, "FINISHED", points(), final)
    start = Start(run_id=new_id(), name="a run", tags=tags, params=params, at=1000)
    assert isinstance(store.runs, SqlRuns)
    store.runs.insert(experiment, start, End(status="FINISHED", metrics=points(), tags=final, at=3000))
    assert rows_of(store, start.run_id) == rows_of(store, opened)
    info = store.client.get_run(start.run_id).info
    assert (info.start_time, info.end_time) == (1000, 3000)


def test_artifacts_are_where_mlflow_stores_them(store: Store) -> None:
    experiment = store.client.get_experiment(store.client.create_experiment("both"))
    for runs in (store.runs, RestRuns(store.client, Retrier("", 0))):
        run_id = runs.open(experiment, "a run", {"mlflow.user": "me"}, {})
        assert store.client.get_run(run_id).info.artifact_uri == f"{experiment.artifact_location}/{run_id}/artifacts"


def test_times_are_set(store: Store) -> None:
    experiment = store.client.get_experiment(store.client.create_experiment("times"))
    run_id = store.runs.open(experiment, "a run", {"mlflow.user": "me"}, {})
    assert store.client.get_run(run_id).info.end_time is None
    store.runs.close(run_id, "FAILED", [], {})
    info = store.client.get_run(run_id).info
    assert 0 <= info.end_time - info.start_time < 60_000


def test_listing_is_that_of_mlflow(store: Store) -> None:
    experiment = store.client.get_experiment(store.client.create_experiment("listed"))
    elsewhere = store.client.get_experiment(store.client.create_experiment("elsewhere"))
    for number in range(3):
        run_id = store.runs.open(experiment, f"run {number}", {"mlflow.user": "me"}, {"seed": str(number)})
        store.runs.close(run_id, "FINISHED", points(), {"nnbench.outcome": "finished"})
    store.client.delete_run(store.runs.open(experiment, "deleted", {"mlflow.user": "me"}, {}))
    store.runs.open(elsewhere, "not here", {"mlflow.user": "me"}, {})

    def by_id(rows: Iterable[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: row.run_id)

    assert by_id(store.runs.rows(experiment)) == by_id(RestRuns(store.client, Retrier("", 0)).rows(experiment))
    assert [row.name for row in store.runs.rows(experiment)] == ["run 0", "run 1", "run 2"]


def test_a_run_is_closed_whole_or_not_at_all(store: Store) -> None:
    experiment = store.client.get_experiment(store.client.create_experiment("whole"))
    run_id = store.runs.open(experiment, "a run", {"mlflow.user": "me"}, {})
    twice = [Metric("train/loss", 1.0, 1000, 0)] * 2
    with pytest.raises(IntegrityError):
        store.runs.close(run_id, "FINISHED", twice, {"nnbench.outcome": "finished"})
    run = store.client.get_run(run_id)
    assert (run.info.status, run.data.metrics, "nnbench.outcome" in run.data.tags) == ("RUNNING", {}, False)


def test_labels_replace_those_before(store: Store) -> None:
    experiment = store.client.get_experiment(store.client.create_experiment("labelled"))
    ids = [store.runs.open(experiment, "a run", {"mlflow.user": "me", "nnbench.best": "false"}, {}) for _ in range(3)]
    for runs in (store.runs, RestRuns(store.client, Retrier("", 0))):
        runs.label({ids[0]: {"nnbench.best": "true", "nnbench.setting": "it's"}, ids[1]: {"nnbench.best": "true"}})
        runs.label({ids[1]: {"nnbench.best": "false"}})
        runs.label({})
        rows = {row.run_id: row.tags for row in store.runs.rows(experiment)}
        assert [rows[run_id]["nnbench.best"] for run_id in ids] == ["true", "false", "false"]
        assert rows[ids[0]]["nnbench.setting"] == "it's"
