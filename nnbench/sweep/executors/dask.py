"""Executor on a Dask cluster: packs of jobs are tasks, whose results come back as they finish.

Dask carries the jobs to the workers, and repeats a task whose worker has died. Workers may join and leave at any time.
"""

import logging
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Any

from distributed import Future, KilledWorker

from nnbench.config.launchers import DaskLauncherConfig, DaskSlurmConfig
from nnbench.config.user_files import user_files
from nnbench.sweep.executors.dask_cluster import Cluster, refusal
from nnbench.sweep.executors.sent_job import SentJob
from nnbench.sweep.failure import failure_of
from nnbench.sweep.job import Ended, Failure, Job, Notice, Started
from nnbench.training.execute import Result

logger = logging.getLogger(__name__)

PACK_SECONDS = 1.0  # of training in a task, which costs Dask some milliseconds
MAX_PACK = 64  # jobs in a task, whose results come back together
# Times that Dask gives up a job before it has failed, although other jobs of the workers may be the cause.
MAX_LOSSES = 3


@dataclass(eq=False, kw_only=True)
class _Attempt(SentJob):
    """A job that has been sent.

    Attributes:
        starts: how often a worker has started it since it was sent.
        losses: how often Dask has given it up, since the workers that had its task died.
    """

    starts: int = 0
    losses: int = 0


@dataclass(eq=False)
class _Pack:
    """The jobs of a task.

    Attributes:
        attempts: the jobs, by number.
        training: the one that was started last.
    """

    attempts: dict[int, _Attempt]
    training: _Attempt | None = None


@dataclass(kw_only=True)
class DaskExecutor:
    """Executor on the workers of a Dask cluster.

    Attributes:
        options: of the launcher.
        one_by_one: the next job depends on earlier results: tasks of one job, of which few wait.
    """

    options: DaskLauncherConfig | DaskSlurmConfig
    one_by_one: bool = False
    _cluster: Cluster | None = field(default=None, init=False)
    _size: int = field(default=1, init=False)  # jobs in a pack, so that it takes about `PACK_SECONDS`
    _sent: int = field(default=0, init=False)  # jobs, by which they are numbered

    def prepare(self) -> None:
        """Connect to the scheduler, which sets up the workers.

        Raises:
            UserError: no scheduler answers, or none of its workers can be used.
        """
        self._connected()

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Do nothing: the parent process tracks the jobs."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Started | Ended | Notice]:
        """Train all jobs, as `Executor.run`.

        The next jobs are asked for when workers are nearly free. Leaving the iterator early ends the training at once.

        Raises:
            UserError: the connection to the scheduler is lost.
        """
        cluster, waiting, lost = self._connected(), iter(jobs), deque[_Attempt]()
        packs: dict[Future, _Pack] = {}
        workers_seen = monotonic()
        try:
            while True:
                for future in cluster.stranded(packs):
                    pack = packs.pop(future)
                    packs[_submit(cluster, pack)] = pack
                    future.release()
                self._send(cluster, packs, waiting, lost)
                if not packs:
                    break
                if cluster.threads:
                    workers_seen = monotonic()
                elif monotonic() - workers_seen > self.options.patience:
                    workers_seen = float("inf")
                    yield Notice(text=cluster.describe_waiting())
                match cluster.next_event():
                    case {"started": number}:
                        for pack in packs.values():
                            if (attempt := pack.attempts.get(number)) is not None:
                                attempt.starts += 1
                                pack.training = attempt
                    case dict() as message:
                        yield Notice(text=refusal(message))
                    case Future() as future if future in packs:
                        attempts = list(packs.pop(future).attempts.values())
                        outcomes = self._outcomes(cluster, future, attempts)
                        future.release()
                        lost.extend(each for each, outcome in zip(attempts, outcomes, strict=True) if outcome is None)
                        self._send(cluster, packs, waiting, lost)  # workers train while the caller records
                        for each, outcome in zip(attempts, outcomes, strict=True):
                            if outcome is not None:
                                yield Ended(job=each.job, outcome=outcome)
                for pack in packs.values():
                    if pack.training is not None:
                        yield from pack.training.start_to_announce()
        except BaseException:
            self.close()
            raise

    def call(self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
        """Call a function in the workers' processes, once with each of the arguments, or again if the worker is lost.

        Returns:
            The results in order; a `Failure` in the place of a missing one.

        Raises:
            UserError: the connection to the scheduler is lost.
        """
        given = list(arguments)
        results: list[Any] = [None] * len(given)
        cluster = self._connected()
        try:
            tasks = {cluster.call(function, each): number for number, each in enumerate(given)}
            while tasks:
                for future in cluster.stranded(tasks):
                    number = tasks.pop(future)
                    tasks[cluster.call(function, given[number])] = number
                    future.release()
                event = cluster.next_event()
                if isinstance(event, dict) and "refused" in event:
                    logger.warning("%s", refusal(event))
                elif isinstance(event, Future) and event in tasks:
                    results[tasks.pop(event)] = _result(cluster, event)
                    event.release()
        except BaseException:
            self.close()
            raise
        return results

    def close(self) -> None:
        """End the training and the connection, as `Executor.close`."""
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()

    def _connected(self) -> Cluster:
        if self._cluster is None:
            self._cluster = Cluster(self.options)
        return self._cluster

    def _send(
        self,
        cluster: Cluster,
        packs: dict[Future, _Pack],
        waiting: Iterator[Job],
        lost: deque[_Attempt],
    ) -> None:
        """Fill the window of tasks: one for each thread of the cluster, and a reserve that waits in the workers."""
        threads = max(cluster.threads, 1)
        window = threads + (min(threads, 4) if self.one_by_one else threads)
        while len(packs) < window:
            # A lost job is sent alone, so that it alone is blamed if its worker dies again.
            attempts = [lost.popleft()] if lost else [_Attempt(job=job) for job in islice(waiting, self._size)]
            if not attempts:
                return
            pack = _Pack(dict(enumerate(attempts, self._sent)))
            self._sent += len(attempts)
            packs[_submit(cluster, pack)] = pack

    def _outcomes(self, cluster: Cluster, future: Future, attempts: Sequence[_Attempt]) -> "list[Result | Failure | None]":
        """Return the outcomes of a task that is done; None for a job to be sent again."""
        if future.cancelled():
            raise cluster.lost()
        try:
            pickled, seconds = future.result()
        except KilledWorker as error:
            return [_outcome_of_loss(each, error, alone=len(attempts) == 1) for each in attempts]
        except Exception as error:
            if future.cancelled():
                raise cluster.lost() from error
            return [failure_of(error)] * len(attempts)
        if seconds > 2 * PACK_SECONDS:
            self._size = max(1, self._size // 2)
        elif seconds < PACK_SECONDS / 2 and len(attempts) == self._size and not self.one_by_one:
            self._size = min(2 * self._size, MAX_PACK)
        return [pickle.loads(each) for each in pickled]


def _result(cluster: Cluster, future: Future) -> Any:
    """Return the result of a call that is done, or the failure if it has none."""
    if future.cancelled():
        raise cluster.lost()
    try:
        return future.result()
    except Exception as error:
        if future.cancelled():
            raise cluster.lost() from error
        return failure_of(error)


def _submit(cluster: Cluster, pack: _Pack) -> Future:
    configs = [(number, pickle.dumps(each.job.config)) for number, each in pack.attempts.items()]
    files = {path: text for each in pack.attempts.values() for path, text in user_files(each.job.config).items()}
    return cluster.submit(configs, files)


def _outcome_of_loss(attempt: _Attempt, error: KilledWorker, *, alone: bool) -> Failure | None:
    """Return the failure of a job whose workers have died; None if another job may have been the cause."""
    attempt.losses += 1
    started, attempt.starts = attempt.starts, 0
    if alone and (started > error.allowed_failures or attempt.losses >= MAX_LOSSES):
        times = error.allowed_failures + 1
        return Failure(reason=f"its worker died {times} times, the last at {error.last_worker.address}", traceback="")
    return None
