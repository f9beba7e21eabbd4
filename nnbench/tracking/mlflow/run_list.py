"""The runs of a study with their configs."""

from mlflow.entities import Experiment

from nnbench.records.rows import CONFIG_FILE, CONFIG_TAG, Row
from nnbench.tracking.mlflow.artifact_files import artifact
from nnbench.tracking.mlflow.store import Store


def list_runs(store: Store, experiment: Experiment) -> list[Row]:
    """Return all runs of an experiment except deleted ones, oldest first.

    A config that is too long for a tag is read from the run's artifact.
    """
    rows = store.runs.rows(experiment)
    for row in rows:
        if row.tags.get(CONFIG_TAG) == CONFIG_FILE and row.status != "RUNNING":
            path = artifact(store, experiment, row.run_id, CONFIG_FILE)
            if path is not None:
                row.tags[CONFIG_TAG] = path.read_text(encoding="utf-8", errors="replace")
    return rows
