"""Synthetic studies of any size in a real store: each run has the record of a trained one, and a history that is made up.

One run of each setting is trained. The others have its curves, shifted by the seed, so that no training has to be paid for
and settings differ as real ones do. Rows, tags, parameters and files are made by the functions that a sweep uses.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from sqlalchemy import text

from nnbench.config.folder import CONF
from nnbench.config.schema import Config
from nnbench.config.validate import parse
from nnbench.core.arrays import FloatArray
from nnbench.records import npz
from nnbench.records.history import History
from nnbench.records.rows import CONFIG_TAG, NOTE
from nnbench.sweep.job import Job
from nnbench.sweep.recorder import spec
from nnbench.tracking.metrics import metric_points
from nnbench.tracking.mlflow.artifact_files import artifact_folder
from nnbench.tracking.mlflow.experiment import open_experiment
from nnbench.tracking.mlflow.runs import End, Start, new_id, now
from nnbench.tracking.mlflow.sql_runs import SqlRuns
from nnbench.tracking.mlflow.store import Store, open_store
from nnbench.tracking.mlflow.tags import origin_tags, training_tags
from nnbench.tracking.mlflow.ui import notes
from nnbench.training.execute import execute

OPTIMIZERS = ("sgd", "adagrad", "rmsprop", "adam", "adamw", "nadamw", "amsgrad", "radam", "adopt", "lion")
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # learning rates: ten settings of each optimizer
EPOCHS = 11
COMMAND = "python scripts/benchmark.py scale"
IN_A_TRANSACTION = 500  # runs
_OF_STUDY = "run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id = :study)"


@dataclass(frozen=True)
class _Bulk(SqlRuns):
    """Collects what runs insert, and inserts the rows of many runs in one transaction."""

    pending: dict[str, tuple[Any, list[Any]]] = field(default_factory=dict)

    def _write(self, *statements: tuple[Any, Any]) -> None:
        for table, rows in statements:  # `insert` has no other statements
            self.pending.setdefault(table.name, (table, []))[1].extend(rows)

    def flush(self) -> None:
        super()._write(*self.pending.values())
        self.pending.clear()


def make(folder: Path, runs: int, *, study: str = "large", problems: int = 1, rates: int = len(RATES)) -> Store:
    """Make `results/mlflow.db` in a folder, with a study of synthetic runs; returns the open store.

    Args:
        folder: is created.
        runs: number of runs; rounded up to whole seeds.
        study: its name.
        problems: the number of tasks, of spirals with different noise.
        rates: the number of settings of each optimizer.
    """
    (folder / "results").mkdir(parents=True, exist_ok=True)
    store = open_store(f"sqlite:///{folder / 'results' / 'mlflow.db'}", None)
    add(store, runs, study=study, problems=problems, rates=rates)
    return store


def add(
    store: Store, runs: int, *, study: str = "large", problems: int = 1, rates: int = len(RATES), first_seed: int = 0
) -> None:
    """Add synthetic runs to a study, with seeds from `first_seed`; see `make`."""
    assert store.engine is not None
    experiment = open_experiment(store, study, {})
    bulk = _Bulk(store.engine, store.runs.retry if isinstance(store.runs, SqlRuns) else lambda call: call())
    origin = origin_tags(COMMAND, 1, "synthetic")
    sweep_id = store.runs.open(experiment, f"{runs} synthetic runs", {**origin, "nnbench.kind": "sweep"}, {})
    trained = [(config, execute(config).history) for config in _settings(study, problems, rates)]
    for number, (config, history) in enumerate(_seeds(trained, runs, first_seed)):
        job = spec(Job(number=number, overrides=(), config=config))
        run_id, at = new_id(), now()
        target = artifact_folder(store, experiment, run_id)
        assert target is not None
        target.mkdir(parents=True)
        npz.write_history(target / npz.HISTORY, history)
        note = notes.run_note(history.outcome, job.stored_params, history=history, picture=None)
        own = origin | training_tags(job, sweep_id, None)
        start = Start(run_id=run_id, name=job.name, tags=own, params=job.stored_params, at=at)
        tags = notes.insert_run_id(run_id, {"nnbench.outcome": history.outcome, NOTE: note})
        bulk.insert(experiment, start, End(status="FINISHED", metrics=metric_points(history, at), tags=tags, at=at))
        if number % IN_A_TRANSACTION == IN_A_TRANSACTION - 1:
            bulk.flush()
    bulk.flush()
    store.runs.close(sweep_id, "FINISHED", [], {"nnbench.outcome": "finished"})
    store.analyze()


def replicate(store: Store, study: str, times: int) -> None:
    """Copy all training runs of a study `times` times within the database, with other ids and seeds.

    It takes a tenth of the time of `add`. The copies share the history files of their originals, as hard links.
    """
    assert store.engine is not None
    experiment = open_experiment(store, study, {})
    own = f"SELECT run_uuid FROM tags WHERE key = 'nnbench.kind' AND value = 'training' AND {_OF_STUDY}"
    with store.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA cache_size = -1500000")  # KiB: keys are random, and their indices are large
        of = {"study": experiment.experiment_id}
        connection.exec_driver_sql("CREATE TEMP TABLE own (run_uuid TEXT PRIMARY KEY, seed INTEGER)")
        connection.execute(
            text(f"INSERT INTO own SELECT run_uuid, value FROM params WHERE key='seed' AND run_uuid IN ({own})"), of
        )
        ids, seeds = zip(*connection.exec_driver_sql("SELECT run_uuid, seed FROM own").all(), strict=True)
        for copy in range(1, times + 1):
            more = copy * (max(seeds) + 1)
            for table in ("runs", "tags", "params", "metrics", "latest_metrics"):
                columns = [str(row[1]) for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
                changed = [_copied(table, column, copy, more) for column in columns]
                names = ", ".join(f'"{column}"' for column in columns)
                of_own = "JOIN own USING (run_uuid)"
                connection.exec_driver_sql(f"INSERT INTO {table} ({names}) SELECT {', '.join(changed)} FROM {table} {of_own}")
    for copy in range(1, times + 1):
        for run_id in ids:
            source, target = (artifact_folder(store, experiment, one) for one in (run_id, f"{_prefix(copy)}{run_id[2:]}"))
            assert source is not None
            assert target is not None
            target.mkdir(parents=True)
            (target / npz.HISTORY).hardlink_to(source / npz.HISTORY)
    store.analyze()


def _prefix(copy: int) -> str:
    """The start of the ids of a copy, which no id of a run has."""
    return f"{chr(ord('g') + copy // 16)}{copy % 16:x}"


def _copied(table: str, column: str, copy: int, more: int) -> str:
    """The SQL expression for a column of a copied row."""
    changed_id = f"'{_prefix(copy)}' || substr({{}}, 3)"
    if column == "run_uuid":
        return changed_id.format("run_uuid")
    if column == "artifact_uri":
        return f"replace(artifact_uri, run_uuid, {changed_id.format('run_uuid')})"
    if (table, column) == ("tags", "value"):
        record = f"""replace(value, '"seed":' || seed || ',', '"seed":' || (seed + {more}) || ',')"""
        cases = f"WHEN '{CONFIG_TAG}' THEN {record} WHEN 'nnbench.identity' THEN {changed_id.format('value')}"
        return f"CASE key {cases} ELSE value END"
    return f'"{column}"'


def _settings(study: str, problems: int, rates: int) -> list[Config]:
    """The config of each setting and problem, with seed 0."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        trees = [
            OmegaConf.to_container(
                compose("config", [f"optimizer={name}", f"study={study}", "dataset.samples=100", f"training.epochs={EPOCHS}"]),
                resolve=True,
            )
            for name in OPTIMIZERS
        ]
    found = []
    for noise in range(problems):
        for tree in trees:
            for rate in RATES[5 - rates // 2 :][:rates]:
                tree["dataset"]["noise"] = 0.2 + 0.05 * noise  # type: ignore[call-overload,index]
                tree["optimizer"]["learning_rate"] = rate  # type: ignore[call-overload,index]
                found.append(parse(tree))  # type: ignore[arg-type]
    return found


def _seeds(trained: list[tuple[Config, History]], runs: int, first: int) -> Iterator[tuple[Config, History]]:
    for seed in range(first, first - (-runs // len(trained))):
        rng = np.random.default_rng(seed)
        for config, history in trained:
            yield replace(config, seed=seed), _shifted(history, rng)


def _shifted(history: History, rng: np.random.Generator) -> History:
    """The history as another seed might have it: losses times a factor near one, accuracies shifted by whole points."""
    factor, shift = float(np.exp(0.1 * rng.standard_normal())), round(10 * rng.standard_normal()) / 300

    def moved(accuracy: FloatArray) -> FloatArray:
        return np.clip(accuracy + accuracy.dtype.type(shift), 0, 1)

    return replace(
        history,
        train_loss=history.train_loss * history.train_loss.dtype.type(factor),
        val_loss=history.val_loss * factor,
        train_accuracy=moved(history.train_accuracy),
        val_accuracy=moved(history.val_accuracy),
        test_loss=history.test_loss * factor,
        test_accuracy=min(max(history.test_accuracy + shift, 0), 1),
    )
