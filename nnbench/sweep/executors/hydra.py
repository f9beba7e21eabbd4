"""Executors of Hydra's launchers: that of a launcher of this project, or an adapter around one of another package."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from nnbench.core.errors import UserError
from nnbench.sweep.executors.base import GIVING_RESULTS, Executor
from nnbench.sweep.failure import failure_of
from nnbench.sweep.job import Ended, Failure, Job, Membership, RunFailed

MEMBERSHIP = "_sweep"  # key of a launched job's config, which the schema does not have


def executor_of(launcher: Launcher, *, needs_results: bool = False) -> Executor:
    """Return the executor for a launcher: its own, or an adapter around a launcher of another package.

    Args:
        launcher: as Hydra instantiated it.
        needs_results: the next job depends on earlier results, which other launchers return only when all have ended.

    Raises:
        UserError: `needs_results`, and the launcher is not this project's own.
    """
    # Not by its class: Hydra imports plugins a second time, so that the class exists twice.
    if isinstance(executor := getattr(launcher, "executor", None), Executor):
        if needs_results:
            executor.one_by_one = True
        return executor
    if needs_results:
        name = type(launcher).__name__
        raise UserError(f"hydra/launcher={name}: {GIVING_RESULTS}")
    return HydraExecutor(launcher)


class HydraExecutor:
    """Adapter around a Hydra launcher, whose workers compose the config of each job again and track the run themselves."""

    one_by_one = False

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._launched = 0  # jobs, by which Hydra numbers their folders

    def prepare(self) -> None:
        """Do nothing: the launcher starts its workers with the jobs."""

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Store the sweep's id for the jobs, as `Executor.open`."""
        self._sweep_id, self._finished = sweep_id, finished

    def run(self, jobs: Iterable[Job]) -> Iterator[Ended]:
        """Launch all jobs and wait for them, as `Executor.run`; there are no `Started` events.

        A worker that dies, for example for lack of memory, may make the launcher raise instead of returning the other jobs'
        results: then the store says which runs have finished.
        """
        todo = list(jobs)
        overrides = [[*job.overrides, *self._membership(job)] for job in todo]
        first, self._launched = self._launched, self._launched + len(todo)
        try:
            returned = self._launcher.launch(overrides, initial_job_idx=first)
            outcomes = [_outcome(one) for one in returned] if len(returned) == len(todo) else [_LOST] * len(todo)
        except UserError:
            raise
        except Exception as error:
            outcomes = [failure_of(error)] * len(todo)
        finished = self._finished() if any(outcomes) else set()
        for job, outcome in zip(todo, outcomes, strict=True):
            yield Ended(job=job, outcome=None if job.config.identity in finished else outcome, recorded=True)

    def close(self) -> None:
        """Do nothing: the launcher ends its workers with the jobs."""

    def _membership(self, job: Job) -> list[str]:
        """Return the overrides with the job's sweep, which `read_membership` reads and removes."""
        member = Membership(sweep_id=self._sweep_id, stage=job.stage)
        return [f"+{MEMBERSHIP}.{key}={value}" for key, value in asdict(member).items() if value is not None]


def read_membership(tree: dict[str, Any]) -> Membership | None:
    """Remove from a job's composed config what `HydraExecutor` added; None for a job of another sweeper."""
    given = tree.get(MEMBERSHIP)
    if not (isinstance(given, dict) and "sweep_id" in given):
        return None
    del tree[MEMBERSHIP]
    return Membership(**given)


_LOST = Failure(reason="the launcher returned no result", traceback="")


def _outcome(returned: JobReturn) -> Failure | None:
    """Return the failure of a job; None if the job has run and tracked itself."""
    if returned.status is JobStatus.COMPLETED:
        return None
    error = returned._return_value
    if isinstance(error, RunFailed):
        return Failure(reason=str(error), traceback="")
    return failure_of(error) if isinstance(error, BaseException) else _LOST
