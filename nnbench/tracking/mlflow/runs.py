"""Opening, closing and listing runs: by the client's interface, or in a database by a few statements.

MLflow's own way into a database makes an object of every row, metric points too, and reads back what it wrote: about
50 ms of processor time to write a run of 420 points, against a tenth of that here, and 4 s to list 2,000 runs, against
half a second. The tables are those that MLflow declares (its version is pinned), and a test holds what is written here
against what MLflow writes. One transaction also means that no run is ever seen FINISHED without its metrics.
"""

import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from mlflow import MlflowClient
from mlflow.entities import Experiment, Metric, Param, Run, RunTag
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_USER
from sqlalchemy import Engine, bindparam, case, delete, insert, null, select, update

from nnbench.records.rows import Row
from nnbench.tracking.mlflow.retry import Line

Strings = Mapping[str, str]

BATCH = 1000  # the most metric points that a server takes in one call, less room for its tags
AT_ONCE = 8  # requests to a server at the same time
KEY = "nnbench.key"  # tag by which a run is found again whose id was lost on the way back


class Runs(Protocol):
    """How runs are opened, closed, labelled and listed."""

    def open(self, experiment: Experiment, name: str, tags: Strings, params: Strings, *, started: int | None = None) -> str:
        """Make a run that is RUNNING, from now on or since `started`; returns its id."""

    def close(self, run_id: str, status: str, metrics: Sequence[Metric], tags: Strings, *, ended: int | None = None) -> None:
        """Log what came of a run and end it. The points of a metric come in ascending order of their step."""

    def label(self, tags: Mapping[str, Strings]) -> None:
        """Set tags of runs that have ended, by their ids."""

    def rows(self, experiment: Experiment) -> list[Row]:
        """All runs of an experiment but the deleted, oldest first."""


@dataclass(frozen=True)
class ServerRuns:
    """Runs behind a tracking server. Whatever is done here may be done again: nothing is doubled by that."""

    client: MlflowClient
    line: Line

    def open(
        self,
        experiment: Experiment,
        name: str,
        tags: Strings,
        params: Strings,
        *,
        started: int | None = None,
        perhaps_known: bool = False,
    ) -> str:
        """As `Runs.open`; `perhaps_known` where an earlier try may have got through, with these very tags."""
        key = tags.get(KEY) or uuid.uuid4().hex
        find = partial(self._find, experiment, key)
        create = partial(
            self.client.create_run,
            experiment.experiment_id,
            start_time=started or now(),
            tags={KEY: key, **tags},
            run_name=name,
        )
        run = (self.line.ride(find) if perhaps_known else None) or self.line.ride(create, find)
        run_id: str = run.info.run_id
        given = [Param(key, value) for key, value in params.items()]
        self.line.ride(partial(self.client.log_batch, run_id, params=given))
        return run_id

    def keep(self, run_id: str, folder: Path) -> None:
        """Make the files of a folder artifacts of the run."""
        self.line.ride(partial(self.client.log_artifacts, run_id, str(folder)))

    def close(self, run_id: str, status: str, metrics: Sequence[Metric], tags: Strings, *, ended: int | None = None) -> None:
        said = [RunTag(key, value) for key, value in tags.items()]
        room = BATCH - len(said)
        for start in range(0, max(len(metrics), 1), room):
            batch = metrics[start : start + room]
            self.line.ride(partial(self.client.log_batch, run_id, metrics=batch, tags=said if start == 0 else ()))
        self.line.ride(partial(self.client.set_terminated, run_id, status, ended or now()))

    def label(self, tags: Mapping[str, Strings]) -> None:
        def tell(run_id: str) -> None:
            said = [RunTag(key, value) for key, value in tags[run_id].items()]
            self.line.ride(partial(self.client.log_batch, run_id, tags=said))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(tell, tags))

    def rows(self, experiment: Experiment) -> list[Row]:
        found = self.line.ride(lambda: list(every(self.client.search_runs, [experiment.experiment_id])))
        rows = [
            Row(
                run_id=run.info.run_id,
                name=run.info.run_name,
                status=run.info.status,
                started=run.info.start_time,
                params=run.data.params,
                tags=run.data.tags,
                metrics=run.data.metrics,
            )
            for run in found
        ]
        return sorted(rows, key=lambda row: row.started)

    def _find(self, experiment: Experiment, key: str) -> Run | None:
        found = self.client.search_runs([experiment.experiment_id], f"tags.`{KEY}` = '{key}'", max_results=1)
        return found[0] if found else None


@dataclass(frozen=True)
class DatabaseRuns:
    """Runs in a database of our own.

    Attributes:
        engine: the way into it.
        patiently: calls what it is given, again and again while another program holds the database.
    """

    engine: Engine
    patiently: Callable[[Callable[[], None]], None]

    def open(self, experiment: Experiment, name: str, tags: Strings, params: Strings, *, started: int | None = None) -> str:
        run_id = uuid.uuid4().hex
        run = {
            "run_uuid": run_id,
            "name": name,
            "source_type": "UNKNOWN",
            "source_name": "",
            "source_version": "",
            "entry_point_name": "",
            "user_id": tags[MLFLOW_USER],
            "status": "RUNNING",
            "start_time": started or now(),
            "lifecycle_stage": "active",
            "artifact_uri": f"{experiment.artifact_location}/{run_id}/artifacts",
            "experiment_id": int(experiment.experiment_id),
        }
        self._write(
            (insert(SqlRun.__table__), [run]),
            (insert(SqlTag.__table__), _pairs(run_id, {MLFLOW_RUN_NAME: name, **tags})),
            (insert(SqlParam.__table__), _pairs(run_id, params)),
        )
        return run_id

    def close(self, run_id: str, status: str, metrics: Sequence[Metric], tags: Strings, *, ended: int | None = None) -> None:
        points = [
            {
                "run_uuid": run_id,
                "key": point.key,
                "value": point.value,
                "timestamp": point.timestamp,
                "step": point.step,
                "is_nan": False,
            }
            for point in metrics
        ]
        latest = {point["key"]: point for point in points}
        runs = SqlRun.__table__
        self._write(
            (insert(SqlMetric.__table__), points),
            (insert(SqlLatestMetric.__table__), list(latest.values())),
            *_retag({run_id: tags}),
            (update(runs).where(runs.c.run_uuid == run_id).values(status=status, end_time=ended or now()), None),
        )

    def label(self, tags: Mapping[str, Strings]) -> None:
        self._write(*_retag(tags))

    def rows(self, experiment: Experiment) -> list[Row]:
        runs = SqlRun.__table__.c
        mine = (runs.experiment_id == int(experiment.experiment_id), runs.lifecycle_stage == "active")
        with self.engine.connect() as connection:
            listed = select(runs.run_uuid, runs.name, runs.status, runs.start_time).where(*mine)
            rows = {
                run_id: Row(run_id=run_id, name=name, status=status, started=started)
                for run_id, name, status, started in connection.execute(listed.order_by(runs.start_time))
            }
            for kind, table in (("params", SqlParam), ("tags", SqlTag), ("metrics", SqlLatestMetric)):
                pairs = table.__table__.c
                # MLflow stores what is no number as a zero that says so in another column.
                value = case((pairs.is_nan, null()), else_=pairs.value) if kind == "metrics" else pairs.value
                query = select(pairs.run_uuid, pairs.key, value).join(SqlRun.__table__).where(*mine)
                for run_id, key, value in connection.execute(query):
                    if run_id in rows:  # a run opened since is for the next time
                        getattr(rows[run_id], kind)[key] = math.nan if value is None and kind == "metrics" else value
        return list(rows.values())

    def _write(self, *statements: tuple[Any, Sequence[Mapping[str, Any]] | None]) -> None:
        """All of the statements or, if one fails, none; those that have no rows are left out."""

        def transaction() -> None:
            with self.engine.begin() as connection:
                for statement, rows in statements:
                    if rows is None or rows:
                        connection.execute(statement, rows)

        self.patiently(transaction)


def every(search: Callable[..., Any], *arguments: object) -> Iterator[Any]:
    """All that a paged search of the client finds."""
    token = None
    while True:
        page = search(*arguments, max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def now() -> int:
    """The time in milliseconds since 1970, as MLflow counts it."""
    return int(time.time() * 1000)


def _retag(tags: Mapping[str, Strings]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """The statements that set these tags, whether or not the runs have them already."""
    tag = SqlTag.__table__
    pairs = [pair for run_id, values in tags.items() for pair in _pairs(run_id, values)]
    mine = tag.c.run_uuid == bindparam("run_uuid"), tag.c.key == bindparam("key")
    old = [{"run_uuid": pair["run_uuid"], "key": pair["key"]} for pair in pairs]
    return [(delete(tag).where(*mine), old), (insert(tag), pairs)]


def _pairs(run_id: str, values: Strings) -> list[dict[str, Any]]:
    return [{"run_uuid": run_id, "key": key, "value": value} for key, value in values.items()]
