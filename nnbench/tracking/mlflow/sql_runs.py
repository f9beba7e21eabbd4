"""Runs in a database, written and listed by a few SQL statements.

MLflow's own client for a database creates an object for every row, including metric points, and reads rows again after writing
them: writing a run of 420 points takes about 50 ms of CPU time, ten times as long as here, and listing 2,000 runs 4 s, eight
times as long. The tables are those that MLflow declares (its version is pinned); a test compares what is written here
with what MLflow writes. Each write is one transaction, so that no run is ever seen FINISHED without its metrics.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from sys import intern
from typing import Any

from mlflow.entities import Experiment, Metric
from mlflow.store.tracking.dbmodels.models import SqlLatestMetric, SqlMetric, SqlParam, SqlRun, SqlTag
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME, MLFLOW_USER
from sqlalchemy import Connection, Dialect, Engine, FromClause, Table, bindparam, case, delete, insert, null, select, update

from nnbench.records.rows import CONFIG_TAG, NOTE, Record, Row
from nnbench.tracking.mlflow.runs import End, Runs, Start, Strings, new_id, now

ROWS_AT_ONCE = 10_000  # of a table of MLflow that are in memory at once


@dataclass(frozen=True)
class SqlRuns(Runs):
    """Runs in a database.

    Attributes:
        engine: connects to it.
        retry: calls a function, and repeats the call while another program has the database locked.
    """

    engine: Engine
    retry: Callable[[Callable[[], None]], None]

    def open(self, experiment: Experiment, name: str, tags: Strings, params: Strings, *, started: int | None = None) -> str:
        start = Start(run_id=new_id(), name=name, tags=tags, params=params, at=started or now())
        self.insert(experiment, start)
        return start.run_id

    def insert(self, experiment: Experiment, start: Start, end: End | None = None) -> None:
        """Create a run; without `end` it is RUNNING."""
        run = {
            "run_uuid": start.run_id,
            "name": start.name,
            "source_type": "UNKNOWN",
            "source_name": "",
            "source_version": "",
            "entry_point_name": "",
            "user_id": start.tags[MLFLOW_USER],
            "status": end.status if end else "RUNNING",
            "start_time": start.at,
            "end_time": end.at if end else None,
            "lifecycle_stage": "active",
            "artifact_uri": f"{experiment.artifact_location}/{start.run_id}/artifacts",
            "experiment_id": int(experiment.experiment_id),
        }
        tags = {MLFLOW_RUN_NAME: start.name, **start.tags, **(end.tags if end else {})}
        self._write(
            (SqlRun.__table__, [run]),
            (SqlTag.__table__, _pairs(start.run_id, tags)),
            (SqlParam.__table__, _pairs(start.run_id, start.params)),
            *_metrics(start.run_id, end.metrics if end else ()),
        )

    def close(self, run_id: str, status: str, metrics: Sequence[Metric], tags: Strings, *, ended: int | None = None) -> None:
        runs = SqlRun.__table__
        self._write(
            *_metrics(run_id, metrics),
            *_retag({run_id: tags}),
            (update(runs).where(runs.c.run_uuid == run_id).values(status=status, end_time=ended or now()), None),
        )

    def label(self, tags: Mapping[str, Strings]) -> None:
        self._write(*_retag(tags))

    def rows(self, experiment: Experiment) -> list[Row]:
        runs, tag, param, metric = (table.__table__.c for table in (SqlRun, SqlTag, SqlParam, SqlLatestMetric))
        mine = (runs.experiment_id == int(experiment.experiment_id), runs.lifecycle_stage == "active")
        is_record = (tag.key == CONFIG_TAG) & tag.value.startswith("{")
        known: dict[str, str] = {}  # text that many runs have, such as a version, is kept once
        with self.engine.connect() as connection:

            def pairs(columns: Any, value: Any, *which: Any) -> Iterator[tuple[str, str, Any]]:
                """Yield run, key and value of the rows of a table that belong to the experiment."""
                query = select(columns.run_uuid, columns.key, value).join(SqlRun.__table__).where(*mine, *which)
                # The driver's own rows: an object of SQLAlchemy for each takes as long as all the rest.
                cursor = connection.execute(query).cursor
                while cursor is not None and (part := cursor.fetchmany(ROWS_AT_ONCE)):
                    yield from part

            listed = select(runs.run_uuid, runs.name, runs.status, runs.start_time).where(*mine).order_by(runs.start_time)
            heads = connection.execute(listed).all()
            records, texts = {}, {}
            for run_id, _, text in pairs(tag, tag.value, is_record):
                record = Record.of(text)
                records[run_id] = Record(known.setdefault(record.text, record.text), record.seed)
            for kind, rows in (
                ("tags", pairs(tag, tag.value, ~is_record, tag.key != NOTE)),
                # The parameters are many, and repeat the config.
                ("params", pairs(param, param.value, param.run_uuid.not_in(select(tag.run_uuid).where(is_record)))),
            ):
                of_runs: dict[str, dict[str, str]] = defaultdict(dict)
                for run_id, key, value in rows:
                    of_runs[run_id][intern(key)] = known.setdefault(value, value)
                texts[kind] = of_runs
            metrics: dict[str, dict[str, float]] = defaultdict(dict)
            # MLflow stores NaN as zero, and marks it in another column.
            for run_id, key, number in pairs(metric, case((metric.is_nan, null()), else_=metric.value)):
                metrics[run_id][intern(key)] = math.nan if number is None else number
        return [
            Row(
                run_id=run_id,
                name=name,
                status=status,
                started=started,
                params=texts["params"].get(run_id, {}),
                tags=texts["tags"].get(run_id, {}),
                metrics=metrics.get(run_id, {}),
                record=records.get(run_id),
            )
            for run_id, name, status, started in heads
        ]

    def _write(self, *statements: tuple[Any, Sequence[Mapping[str, Any]] | None]) -> None:
        """Execute the statements in one transaction, without those that have no rows; a table stands for an insertion."""

        def transaction() -> None:
            with self.engine.begin() as connection:
                for statement, rows in statements:
                    if isinstance(statement, FromClause) and rows:
                        _insert(connection, statement, rows)
                    elif rows is None or rows:
                        connection.execute(statement, rows)

        self.retry(transaction)


def _insert(connection: Connection, table: FromClause, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows with the same keys, by the driver: SQLAlchemy would take four times as long to convert their values."""
    statement, names = _insertion(table, tuple(rows[0]), connection.dialect)
    if connection.dialect.positional:
        values = itemgetter(*names)
        connection.exec_driver_sql(statement, [values(row) for row in rows])
    else:
        connection.exec_driver_sql(statement, [dict(row) for row in rows])


@lru_cache(maxsize=64)
def _insertion(table: FromClause, names: tuple[str, ...], dialect: Dialect) -> tuple[str, Sequence[str]]:
    """Return an insertion in the dialect of the driver, and the names of its parameters in order."""
    assert isinstance(table, Table)
    compiled = insert(table).compile(dialect=dialect, column_keys=list(names))
    return str(compiled), tuple(compiled.positiontup or names)


def _metrics(run_id: str, metrics: Sequence[Metric]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """The statements that log metrics of a run that has none."""
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
    return [(SqlMetric.__table__, points), (SqlLatestMetric.__table__, list(latest.values()))]


def _retag(tags: Mapping[str, Strings]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """The statements that set these tags, replacing existing values."""
    tag = SqlTag.__table__
    pairs = [pair for run_id, values in tags.items() for pair in _pairs(run_id, values)]
    mine = tag.c.run_uuid == bindparam("run_uuid"), tag.c.key == bindparam("key")
    old = [{"run_uuid": pair["run_uuid"], "key": pair["key"]} for pair in pairs]
    return [(delete(tag).where(*mine), old), (tag, pairs)]


def _pairs(run_id: str, values: Strings) -> list[dict[str, Any]]:
    return [{"run_uuid": run_id, "key": key, "value": value} for key, value in values.items()]
