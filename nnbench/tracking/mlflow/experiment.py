"""Finds or creates the MLflow experiment of a study."""

import re
from collections.abc import Mapping
from functools import partial

from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException

from nnbench.core.errors import UserError
from nnbench.tracking.mlflow.locks import store_lock
from nnbench.tracking.mlflow.rest_runs import all_pages
from nnbench.tracking.mlflow.store import Store


def find_experiment(store: Store, study: str) -> Experiment | None:
    """The experiment of that name; None if there is none.

    Raises:
        UserError: it has been deleted, or its artifacts are accessible only through its tracking server.
    """
    found = store.call(partial(store.client.get_experiment_by_name, study))
    if found is None:
        return None
    if found.lifecycle_stage == "deleted":
        restore = f"`mlflow experiments restore --experiment-id {found.experiment_id}`"
        raise UserError(f"study={study}: was deleted and its name is still taken; {restore}, or choose another name")
    if store.engine is not None and found.artifact_location.startswith("mlflow-artifacts:"):
        raise UserError(f"study={study}: was made through a tracking server; give its http:// address as tracking.uri")
    return found


def existing_experiment(store: Store, study: str) -> Experiment:
    """The experiment of that name.

    Raises:
        UserError: there is none, or as `find_experiment`.
    """
    if (found := find_experiment(store, study)) is not None:
        return found
    names = sorted(one.name for one in all_pages(store.client.search_experiments) if one.experiment_id != "0")
    known = f"it has {', '.join(names)}" if names else "it has no study yet"
    raise UserError(f"study={study}: no study of that name in {store.shown_uri}; {known}")


def open_experiment(store: Store, study: str, tags: Mapping[str, str]) -> Experiment:
    """The experiment of that name, created if it is missing, with `tags` set.

    Raises:
        UserError: as `find_experiment`.
    """
    with store_lock(store.writers):
        found = find_experiment(store, study)
        if found is None:
            location = (store.artifacts / folder_name(study)).as_uri() if store.artifacts else None
            try:
                made = store.call(partial(store.client.create_experiment, study, location, dict(tags)))
            except MlflowException as error:
                # Created at the same time by another machine, or by an attempt whose answer was lost.
                if error.error_code != "RESOURCE_ALREADY_EXISTS" or (found := find_experiment(store, study)) is None:
                    raise
            else:
                return store.call(partial(store.client.get_experiment, made))
    set_tags(store, found, tags)
    return found


def set_tags(store: Store, experiment: Experiment, tags: Mapping[str, str]) -> None:
    """Set the tags of the experiment whose values differ."""
    for key, value in tags.items():
        if experiment.tags.get(key) != value:
            store.call(partial(store.client.set_experiment_tag, experiment.experiment_id, key, value))


def folder_name(study: str) -> str:
    """The name of the study's artifact folder, at most 60 characters; studies may share one, since run ids are unique."""
    return re.sub(r"[^\w.-]+", "_", study)[:60].strip(".") or "_"
