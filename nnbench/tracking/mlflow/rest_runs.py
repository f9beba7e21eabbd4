"""Runs in a tracking server, by MLflow's REST client."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment, Metric, Param, Run, RunTag

from nnbench.records.rows import Row, separated
from nnbench.tracking.mlflow.retry import Retrier
from nnbench.tracking.mlflow.runs import Runs, Strings, now

BATCH = 1000  # the most metric points that a server takes in one call, less room for its tags
PARALLEL_REQUESTS = 8
KEY = "nnbench.key"  # tag that identifies a run whose id was lost with the answer of the server


@dataclass(frozen=True)
class RestRuns(Runs):
    """Runs in a tracking server. Every call may be repeated without duplicating anything."""

    client: MlflowClient
    retrier: Retrier

    def open(
        self,
        experiment: Experiment,
        name: str,
        tags: Strings,
        params: Strings,
        *,
        started: int | None = None,
        may_exist: bool = False,
    ) -> str:
        """As `Runs.open`; `may_exist` if an earlier attempt with the same tags may have created the run."""
        key = tags.get(KEY) or uuid.uuid4().hex
        find = partial(self._find, experiment, key)
        create = partial(
            self.client.create_run,
            experiment.experiment_id,
            start_time=started or now(),
            tags={KEY: key, **tags},
            run_name=name,
        )
        run = (self.retrier.call(find) if may_exist else None) or self.retrier.call(create, find)
        run_id: str = run.info.run_id
        given = [Param(key, value) for key, value in params.items()]
        self.retrier.call(partial(self.client.log_batch, run_id, params=given))
        return run_id

    def log_artifacts(self, run_id: str, folder: Path) -> None:
        """Upload the files of a folder as artifacts of the run."""
        self.retrier.call(partial(self.client.log_artifacts, run_id, str(folder)))

    def close(self, run_id: str, status: str, metrics: Sequence[Metric], tags: Strings, *, ended: int | None = None) -> None:
        new_tags = [RunTag(key, value) for key, value in tags.items()]
        room = BATCH - len(new_tags)
        for start in range(0, max(len(metrics), 1), room):
            batch = metrics[start : start + room]
            self.retrier.call(partial(self.client.log_batch, run_id, metrics=batch, tags=new_tags if start == 0 else ()))
        self.retrier.call(partial(self.client.set_terminated, run_id, status, ended or now()))

    def label(self, tags: Mapping[str, Strings]) -> None:
        def set_tags(run_id: str) -> None:
            new_tags = [RunTag(key, value) for key, value in tags[run_id].items()]
            self.retrier.call(partial(self.client.log_batch, run_id, tags=new_tags))

        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            list(pool.map(set_tags, tags))

    def rows(self, experiment: Experiment) -> list[Row]:
        found = self.retrier.call(lambda: list(all_pages(self.client.search_runs, [experiment.experiment_id])))
        rows = []
        for run in found:
            record, tags = separated(run.data.tags)
            rows.append(
                Row(
                    run_id=run.info.run_id,
                    name=run.info.run_name,
                    status=run.info.status,
                    started=run.info.start_time,
                    params={} if record else run.data.params,
                    tags=tags,
                    metrics=run.data.metrics,
                    record=record,
                )
            )
        return sorted(rows, key=lambda row: row.started)

    def _find(self, experiment: Experiment, key: str) -> Run | None:
        found = self.client.search_runs([experiment.experiment_id], f"tags.`{KEY}` = '{key}'", max_results=1)
        return found[0] if found else None


def all_pages(search: Callable[..., Any], *arguments: object) -> Iterator[Any]:
    """Yield the results of all pages of one of the client's searches."""
    token = None
    while True:
        page = search(*arguments, max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
