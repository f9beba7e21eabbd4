"""Reads a study from its store: final values from one listing of runs, curves from the artifacts."""

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
from mlflow.entities import Experiment

from nnbench.records import npz as artifacts
from nnbench.records import snapshot, tasks
from nnbench.records.boundary import Boundary
from nnbench.records.choices import choice_table, selection_table, with_measures
from nnbench.records.curve_tables import Curves, curve_tables, rows_of_a_run
from nnbench.records.freshness import with_uses
from nnbench.records.rows import Row, is_safe_id
from nnbench.records.study import Checkpoints, Study
from nnbench.records.tables import (
    is_own,
    newest_attempts,
    runs_table,
    sweeps_table,
    with_last_choices,
)
from nnbench.records.versions import split
from nnbench.tracking.mlflow.artifact_files import artifact, local_artifacts
from nnbench.tracking.mlflow.experiment import existing_experiment, find_experiment
from nnbench.tracking.mlflow.run_list import list_runs
from nnbench.tracking.mlflow.sources import digests_by_run, read_source
from nnbench.tracking.mlflow.store import Store
from nnbench.tracking.mlflow.ui.views import run_link

logger = logging.getLogger(__name__)

PARALLEL_REQUESTS = 8  # artifact downloads at the same time


def read_study(store: Store, study: str, *, whole: bool = False) -> Study:
    """Read a study: its runs, curves, sweeps and selection.

    Args:
        store: the store.
        study: its name.
        whole: read every row of the curves, also of a study that has so many that a report would need much memory.

    Raises:
        UserError: there is no such study, or the store cannot be read.
    """
    with store.user_errors():
        experiment = existing_experiment(store, study)
        rows = list_runs(store, experiment)
        training = [row for row in rows if row.tags.get("nnbench.kind") == "training"]
        kept, earlier = split(newest_attempts([row for row in training if is_own(row)]))
        if strange := [row for row in training if not is_own(row)]:
            logger.warning("%d runs were not written by nnbench or were changed since, and are left out", len(strange))
        tuning = [row for row in kept if row.tags.get("nnbench.stage") == "tuning"]
        others = [row for row in kept if row.tags.get("nnbench.stage") != "tuning"]
        sweeps = [row for row in rows if row.tags.get("nnbench.kind") == "sweep"]
        choices = _choices(store, experiment, sweeps if tuning else [], others)
        tried = runs_table(tuning)
        chosen = with_measures(selection_table([choice for _, choice in choices]), tried)
        selection = with_uses(chosen, choices, training)
        runs = runs_table(with_last_choices(others, selection), selection)
        finished = runs.loc[runs["status"] == "FINISHED", "run_id"].tolist()
        read = _curves(store, experiment, finished, None if whole else rows_of_a_run(len(finished)))
        curves, records = curve_tables(read)
    return Study(
        name=study,
        runs=runs,
        curves=curves,
        records=records,
        thinned=read.thinned,
        sweeps=sweeps_table(sweeps),
        boundary=partial(_boundary, store, experiment),
        checkpoints=partial(_checkpoints, store, experiment),
        tuning=tried,
        selection=selection,
        earlier=runs_table(earlier),
        source=partial(read_source, store, experiment, digests_by_run(training)),
        address=partial(_address, store, experiment),
    )


def read_rows(store: Store, study: str) -> list[Row]:
    """Read all runs of a study as the store lists them, oldest first; empty if there is no such study."""
    with store.user_errors():
        experiment = find_experiment(store, study)
        return [] if experiment is None else list_runs(store, experiment)


def _choices(
    store: Store, experiment: Experiment, sweeps: Sequence[Row], final: Sequence[Row]
) -> list[tuple[int, pd.DataFrame]]:
    """The start time and the selected configurations of each sweep."""
    of_sweep = {row.tags.get("nnbench.sweep_id"): row for row in final}
    paths = [(row, artifact(store, experiment, row.run_id, artifacts.SELECTION)) for row in sweeps]
    return [
        (row.started, choice_table(path, tasks.key(of_sweep[row.run_id].values) if row.run_id in of_sweep else ""))
        for row, path in paths
        if path is not None
    ]


def _curves(store: Store, experiment: Experiment, run_ids: Sequence[str], most: int | None) -> Curves:
    """The curves of runs, without those whose file is missing, with at most `most` rows each."""
    paths = _histories(store, experiment, run_ids)
    marks: dict[str, snapshot.Mark] = {}
    for run_id, path in paths.items():
        try:
            found = os.stat(path)
        except OSError:
            continue
        marks[run_id] = found.st_size, found.st_mtime_ns
    if lost := len(run_ids) - len(marks):
        logger.warning("%d of %d finished runs have no history.npz any more", lost, len(run_ids))
    folder = store.snapshots / experiment.experiment_id if is_safe_id(experiment.experiment_id) else None
    return snapshot.read(folder, {run_id: paths[run_id] for run_id in marks}, marks, most=most)


def _histories(store: Store, experiment: Experiment, run_ids: Sequence[str]) -> dict[str, Path]:
    """Paths of the history files by run id; those of a server are downloaded, and left out where it has none."""
    here = local_artifacts(store, experiment)
    if here is not None:
        return {run_id: here.joinpath(run_id, "artifacts", artifacts.HISTORY) for run_id in run_ids if is_safe_id(run_id)}
    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
        paths = pool.map(lambda run_id: artifact(store, experiment, run_id, artifacts.HISTORY), run_ids)
        return {run_id: path for run_id, path in zip(run_ids, paths, strict=True) if path is not None}


def _address(store: Store, experiment: Experiment, run_id: str) -> str:
    """The address of a run on its server; empty if the store is a database, whose pages have no fixed address."""
    if store.engine is not None:
        return ""
    return f"{store.shown_uri.rstrip('/')}/{run_link(experiment.experiment_id, run_id)}"


def _boundary(store: Store, experiment: Experiment, run_id: str) -> Boundary | None:
    with store.user_errors():
        path = artifact(store, experiment, run_id, artifacts.BOUNDARY)
    try:
        return artifacts.read_boundary(path) if path is not None else None
    except artifacts.CorruptFileError as error:
        logger.warning("run %s: %s; its decision boundary is not shown", run_id, error)
        return None


def _checkpoints(store: Store, experiment: Experiment, run_id: str) -> Checkpoints:
    with store.user_errors():
        path = artifact(store, experiment, run_id, artifacts.WEIGHTS)
    try:
        return artifacts.read_checkpoints(path) if path is not None else {}
    except artifacts.CorruptFileError as error:
        logger.warning("run %s: %s; its decision boundary over time is not shown", run_id, error)
        return {}
