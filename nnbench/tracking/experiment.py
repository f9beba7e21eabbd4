"""A study as MLflow's experiment: found, made where it is missing, and where its artifacts lie."""

import re
from collections.abc import Mapping
from pathlib import Path

from mlflow.entities import Experiment
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

from nnbench.errors import UserError
from nnbench.tracking.store import Store, alone, every, patiently


def find_experiment(store: Store, study: str) -> Experiment | None:
    """The experiment of that name; None where there is none.

    Raises:
        UserError: it has been deleted, or its artifacts cannot be reached by the way `store` was opened.
    """
    found = store.client.get_experiment_by_name(study)
    if found is None:
        return None
    if found.lifecycle_stage == "deleted":
        restore = f"mlflow experiments restore --experiment-id {found.experiment_id}"
        raise UserError(f"study={study}: has been deleted, and its name is still taken: `{restore}`, or choose another name")
    if store.engine is not None and found.artifact_location.startswith("mlflow-artifacts:"):
        raise UserError(f"study={study}: was made through a tracking server; give tracking.uri that server's http:// address")
    return found


def open_experiment(store: Store, study: str, tags: Mapping[str, str]) -> Experiment:
    """The experiment of that name, made where it is missing, with `tags` set.

    Raises:
        UserError: as `find_experiment`, or the name is not one.
    """
    if not study.strip():
        raise UserError("study='': must be a name")
    with alone(store.presence):
        found = find_experiment(store, study)
        if found is None:
            location = (store.artifacts / _folder_name(study)).as_uri() if store.artifacts else None
            patiently(lambda: store.client.create_experiment(study, location, dict(tags)))
            return find_experiment(store, study)
    for key, value in tags.items():
        if found.tags.get(key) != value:
            patiently(lambda key=key, value=value: store.client.set_experiment_tag(found.experiment_id, key, value))
    return found


def artifact_folder(store: Store, experiment: Experiment, run_id: str) -> Path | None:
    """The folder of a run's artifacts; None where they are not on this machine.

    A store that was moved still names the folder of old; then the run is looked for where new studies would go.
    """
    if not is_local_uri(experiment.artifact_location):
        return None
    there = Path(local_file_uri_to_path(experiment.artifact_location))
    if not there.exists() and store.artifacts is not None:
        there = store.artifacts / _folder_name(experiment.name)
    return there / run_id / "artifacts"


def _folder_name(study: str) -> str:
    return re.sub(r"[^\w.-]+", "_", study).strip(".") or "_"
