"""Paths of a run's artifacts: on this machine, or downloaded from the server into a cache; and the storing of new ones."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlflow.entities import Experiment

from nnbench.records.npz import LARGEST
from nnbench.records.rows import is_safe_id
from nnbench.tracking.mlflow.experiment import folder_name
from nnbench.tracking.mlflow.file_writes import write_files
from nnbench.tracking.mlflow.store import Store, cache_folder


def artifact_folder(store: Store, experiment: Experiment, run_id: str) -> Path | None:
    """The folder of a run's artifacts; None if they are not on this machine.

    If the store was moved and the recorded folder does not exist, the folder of new studies is used.
    """
    there = local_artifacts(store, experiment)
    return None if there is None else there / run_id / "artifacts"


def local_artifacts(store: Store, experiment: Experiment) -> Path | None:
    """The folder that has a folder of each run; None if the artifacts are not on this machine."""
    location = urlsplit(experiment.artifact_location)
    if location.scheme not in ("", "file"):
        return None
    there = Path(url2pathname(location.path))
    if not there.exists() and store.artifacts is not None:
        there = store.artifacts / folder_name(experiment.name)
    return there


def artifact(store: Store, experiment: Experiment, run_id: str, name: str) -> Path | None:
    """The path of an artifact of an ended run, downloaded once if it is not on this machine; None if it is missing."""
    if not is_safe_id(run_id):
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


def write_artifacts(store: Store, experiment: Experiment, run_id: str, write: Callable[[Path], object]) -> None:
    """Call `write` with a folder; the files that it writes there become artifacts of a run."""
    folder = artifact_folder(store, experiment, run_id)
    if folder is not None:
        write_files(folder, write)
        return
    with TemporaryDirectory() as temporary:
        write(Path(temporary))
        store.call(partial(store.client.log_artifacts, run_id, temporary))
