"""The runs of a study with their configs."""

from dataclasses import replace

from mlflow.entities import Experiment

from nnbench.records.rows import CONFIG_FILE, CONFIG_TAG, Row, separated
from nnbench.tracking.mlflow.artifact_files import artifact
from nnbench.tracking.mlflow.store import Store


def list_runs(store: Store, experiment: Experiment) -> list[Row]:
    """Return all runs of an experiment except deleted ones, oldest first.

    A config that is too long for a tag is read from the run's artifact; from its parameters, if that is missing or damaged.
    """
    return [_with_file(store, experiment, row) for row in store.runs.rows(experiment)]


def _with_file(store: Store, experiment: Experiment, row: Row) -> Row:
    if row.tags.get(CONFIG_TAG) != CONFIG_FILE or row.status == "RUNNING":
        return row
    path = artifact(store, experiment, row.run_id, CONFIG_FILE)
    if path is None:
        return row
    record, _ = separated({CONFIG_TAG: path.read_text(encoding="utf-8", errors="replace")})
    return replace(row, record=record) if record and record.values() else row
