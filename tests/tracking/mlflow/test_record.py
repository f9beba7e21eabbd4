"""A run's config comes back from a store with the types that it had, whatever MLflow's parameters show."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pytest
from mlflow.entities import Experiment

from nnbench.config.schema import Config
from nnbench.optimizers import Optimizer
from nnbench.records.history import History
from nnbench.records.rows import CONFIG_FILE, CONFIG_TAG
from nnbench.sweep.job import Job
from nnbench.sweep.recorder import spec
from nnbench.tracking.mlflow.artifact_files import artifact
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.rest_runs import RestRuns
from nnbench.tracking.mlflow.retry import Retrier
from nnbench.tracking.mlflow.run_list import list_runs
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.mlflow.writer import StudyWriter
from nnbench.tracking.run_spec import stored_params

Make = Callable[..., Config]
Histories = Callable[..., History]


@dataclass(kw_only=True)
class Named(Optimizer):
    """With hyperparameters of every type that YAML has."""

    mode: str = "1e-3"
    scale: float = 2.0
    steps: int = 2
    nesterov: bool = True
    clip: float | None = None
    betas: list[float] | None = None

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= 0.1 * gradients


NAMED = "optimizer=custom", f"optimizer.algorithm={__name__}:Named"
TEXTS = "report.title='2024'", "optimizer.name='10'", "study='null'"


def write(writer: StudyWriter, config: Config, history: History) -> str:
    described = spec(Job(number=0, overrides=(), config=config))
    handle = writer.start_run(described, None)
    writer.finish_run(handle, described, history, None)
    return handle


def test_texts_that_look_like_numbers_come_back_as_texts(store: Store, config: Make, history: Histories) -> None:
    made = config(*NAMED, *TEXTS, "+optimizer.mode='1e-3'", "+optimizer.betas=[0.9,1]")
    writer = StudyWriter(store, "null", command="")
    write(writer, made, history())
    (run,) = read_study(store, "null").runs.to_dict("records")
    expected = {
        "report.title": "2024",
        "optimizer": "10",
        "optimizer.name": "10",
        "study": "null",
        "optimizer.mode": "1e-3",
        "optimizer.scale": 2.0,
        "optimizer.steps": 2,
        "optimizer.nesterov": "true",
        "optimizer.clip": None,
        "optimizer.betas": "[0.9, 1.0]",
        "network.hidden": "[64]",
        "seed": 0,
    }
    assert {key: run[key] for key in expected} == expected
    assert {type(run[key]) for key in ("report.title", "optimizer.name", "study", "optimizer.mode")} == {str}


def test_the_parameters_are_for_display_only(store: Store, writer: StudyWriter, config: Make, history: Histories) -> None:
    made = config("training.epochs=7")
    run_id = write(writer, made, history())
    assert store.client.get_run(run_id).data.params == stored_params(made.leaves())
    assert store.engine is not None
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE params SET value = 'changed'")
    (run,) = read_study(store, "trial").runs.to_dict("records")
    assert (run["training.epochs"], run["seed"], run["optimizer.learning_rate"]) == (7, 0, 0.05)


def test_the_artifact_has_the_same_record(store: Store, writer: StudyWriter, config: Make, history: Histories) -> None:
    made = config("tracking.uri=http://me:hunter2@host")
    run_id = write(writer, made, history())
    tag = json.loads(store.client.get_run(run_id).data.tags[CONFIG_TAG])
    experiment = store.client.get_experiment_by_name("trial")
    assert experiment is not None
    path = artifact(store, experiment, run_id, CONFIG_FILE)
    assert path is not None
    assert json.loads(path.read_text()) == tag
    assert tag == {**made.nested(), "tracking": {**made.nested()["tracking"], "uri": "http://***@host"}}


def test_a_config_that_is_too_long_for_a_tag_is_read_from_the_artifact(
    store: Store, writer: StudyWriter, config: Make, history: Histories, named: Callable[[str], Experiment]
) -> None:
    made = config(f"training.checkpoints=[{','.join(map(str, range(3000)))}]")
    handle = write(writer, made, history())
    killed = writer.start_run(spec(Job(number=1, overrides=(), config=replace(made, seed=1))), None)
    writer.kill_run(killed, "enough")
    assert store.client.get_run(handle).data.tags[CONFIG_TAG] == CONFIG_FILE
    rows = {row.run_id: row.values for row in list_runs(store, named("trial"))}
    assert json.loads(str(rows[handle]["training.checkpoints"])) == list(range(3000))
    # A killed run has no artifacts: its parameters, of which long ones are truncated, are what is left.
    assert (rows[killed]["seed"], rows[killed]["optimizer.learning_rate"]) == (1, 0.05)
    assert read_study(store, "trial").runs["seed"].tolist() == [0, 1]


def test_parameters_replace_a_config_file_that_is_empty_or_damaged(
    store: Store, writer: StudyWriter, config: Make, history: Histories, named: Callable[[str], Experiment]
) -> None:
    made = config(f"training.checkpoints=[{','.join(map(str, range(3000)))}]", "seed=3")
    run_id = write(writer, made, history())
    path = artifact(store, named("trial"), run_id, CONFIG_FILE)
    assert path is not None
    for content in ("", "[1]", "null", "{", '{"seed": ', "{}"):
        path.write_text(content)
        (row,) = list_runs(store, named("trial"))
        assert (row.values["seed"], row.values["optimizer.learning_rate"]) == (3, 0.05)
    assert read_study(store, "trial").runs["seed"].tolist() == [3]


def test_runs_of_the_first_edition_are_read_from_their_parameters(
    store: Store, writer: StudyWriter, config: Make, history: Histories
) -> None:
    ids = [write(writer, config(f"seed={seed}", "report.title='2024'"), history()) for seed in range(4)]
    new = read_study(store, "trial").runs
    for run_id in ids[:2]:
        store.client.delete_tag(run_id, CONFIG_TAG)
    old = read_study(store, "trial").runs
    pd.testing.assert_frame_equal(old, new, check_like=True)
    for run_id in ids:
        store.client.delete_tag(run_id, "nnbench.configuration")
    assert read_study(store, "trial").runs["setting"].tolist() == ["adam"] * 4


@pytest.mark.parametrize("record", ["{", "{}", "[" * 10**5, '{"seed": ' + "[" * 10**5, '{"seed": "x"}', '{"seed": NaN}'])
def test_a_run_with_a_damaged_record_is_left_out(
    store: Store, writer: StudyWriter, config: Make, history: Histories, record: str
) -> None:
    ids = [write(writer, config(f"seed={seed}"), history()) for seed in range(2)]
    assert store.engine is not None
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tags SET value = ? WHERE key = ? AND run_uuid = ?", (record, CONFIG_TAG, ids[0]))
    runs = read_study(store, "trial").runs
    assert ids[1] in runs["run_id"].tolist()
    assert runs["seed"].isin([0, 1]).all()
    if record.startswith("{"):
        assert runs["run_id"].tolist() == [ids[1]]


def test_a_server_lists_the_same_records(
    store: Store, writer: StudyWriter, config: Make, history: Histories, named: Callable[[str], Experiment]
) -> None:
    write(writer, config("report.title='2024'"), history())
    writer.start_sweep("sweep", params={"runs": "2"})
    (direct, sweep), (served, served_sweep) = (
        runs.rows(named("trial")) for runs in (store.runs, RestRuns(store.client, Retrier("", 0)))
    )
    assert direct.values == served.values
    assert direct.values["report.title"] == "2024"
    assert sweep.params == served_sweep.params == {"runs": "2"}
