"""Where a run's artifacts are: read and written straight where their folder is on this machine, else by the server."""

import os
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlflow.entities import Experiment

from nnbench.records.npz import LARGEST
from nnbench.records.rows import ours
from nnbench.tracking.mlflow.experiment import folder_name
from nnbench.tracking.mlflow.store import Store, cache_folder


def artifact_folder(store: Store, experiment: Experiment, run_id: str) -> Path | None:
    """The folder of a run's artifacts; None where they are not on this machine.

    A store that was moved still names the folder of old; then the run is looked for where new studies would go.
    """
    location = urlsplit(experiment.artifact_location)
    if location.scheme not in ("", "file"):
        return None
    there = Path(url2pathname(location.path))
    if not there.exists() and store.artifacts is not None:
        there = store.artifacts / folder_name(experiment.name)
    return there / run_id / "artifacts"


def artifact(store: Store, experiment: Experiment, run_id: str, name: str) -> Path | None:
    """An artifact of a run that has ended, fetched once where it is not on this machine; None where there is none."""
    if not ours(run_id):
        return None
    folder = artifact_folder(store, experiment, run_id)
    path = (folder or cache_folder() / "artifacts" / run_id) / name
    if path.exists():
        return path
    if folder is not None:
        return None
    listed = {file.path: file.file_size or 0 for file in store.call(partial(store.client.list_artifacts, run_id))}
    if not 0 < listed.get(name, 0) < LARGEST:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent) as unfinished:
        os.replace(store.call(partial(store.client.download_artifacts, run_id, name, unfinished)), path)
    return path
