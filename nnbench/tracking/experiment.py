"""A study as MLflow's experiment: found, or made where it is missing."""

import re
from collections.abc import Mapping
from functools import partial

from mlflow.entities import Experiment

from nnbench.errors import UserError
from nnbench.tracking.store import Store, alone, patiently


def find_experiment(store: Store, study: str) -> Experiment | None:
    """The experiment of that name; None where there is none.

    Raises:
        UserError: it has been deleted, or its artifacts cannot be reached by the way `store` was opened.
    """
    found = store.client.get_experiment_by_name(study)
    if found is None:
        return None
    if found.lifecycle_stage == "deleted":
        restore = f"`mlflow experiments restore --experiment-id {found.experiment_id}`"
        raise UserError(f"study={study}: was deleted and its name is still taken; {restore}, or choose another name")
    if store.engine is not None and found.artifact_location.startswith("mlflow-artifacts:"):
        raise UserError(f"study={study}: was made through a tracking server; give its http:// address as tracking.uri")
    return found


def open_experiment(store: Store, study: str, tags: Mapping[str, str]) -> Experiment:
    """The experiment of that name, made where it is missing, with `tags` set.

    Raises:
        UserError: as `find_experiment`.
    """
    with alone(store.writers):
        found = find_experiment(store, study)
        if found is None:
            location = (store.artifacts / folder_name(study)).as_uri() if store.artifacts else None
            made = patiently(partial(store.client.create_experiment, study, location, dict(tags)))
            return store.client.get_experiment(made)
    for key, value in tags.items():
        if found.tags.get(key) != value:
            patiently(partial(store.client.set_experiment_tag, found.experiment_id, key, value))
    return found


def folder_name(study: str) -> str:
    """The study's folder among the artifacts; short enough for any file system, for run ids keep runs apart."""
    return re.sub(r"[^\w.-]+", "_", study)[:60].strip(".") or "_"
