"""From Hydra's launcher to a sweep's runner: this project's own pool, or whatever somebody else's launcher does."""

from collections.abc import Iterable, Iterator

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from nnbench.core.errors import UserError
from nnbench.sweep.executors.local import Pool
from nnbench.sweep.failure import failure_of
from nnbench.sweep.job import Ended, Failure, Job, RunFailed, Started
from nnbench.sweep.sweep import Runner, Sweep


def runner_of(launcher: Launcher, *, as_asked: bool = False) -> Runner:
    """What trains a sweep's jobs.

    Args:
        launcher: as Hydra made it.
        as_asked: jobs depend on the results of those before, which only this project's own launcher can serve.

    Raises:
        UserError: it is another one.
    """
    # By its pool, not by its class: Hydra loads plugins anew, as classes of their own.
    if isinstance(pool := getattr(launcher, "pool", None), Pool):
        return lambda jobs, sweep: pool.run(jobs)
    if as_asked:
        name = type(launcher).__name__
        raise UserError(f"hydra/launcher={name}: must be local for the sampler tpe, which needs each result as it comes")
    return lambda jobs, sweep: _launch(launcher, jobs, sweep)


def _launch(launcher: Launcher, jobs: Iterable[Job], sweep: Sweep) -> Iterator[Started | Ended]:
    """Somebody else's launcher composes each job again, wherever it runs it, and there the job tracks itself.

    A job that dies, as of too little memory, may cost the launcher's answer on all: then the store says which have finished.
    """
    todo = list(jobs)
    words = [[*job.overrides, f"++tracking.sweep_id={sweep.id}"] for job in todo]
    try:
        back = launcher.launch(words, initial_job_idx=0)
        outcomes = [_outcome(one) for one in back] if len(back) == len(todo) else [_LOST] * len(todo)
    except UserError:
        raise
    except Exception as error:
        outcomes = [failure_of(error)] * len(todo)
    finished: set[str] = set()
    if any(outcomes):
        rows = sweep.writer.finished_runs()
        finished = {identity for identity, row in rows.items() if row.tags.get("nnbench.sweep_id") == sweep.id}
    for job, outcome in zip(todo, outcomes, strict=True):
        yield Ended(job=job, outcome=None if job.config.identity in finished else outcome)


_LOST = Failure(reason="the launcher does not say what came of it", traceback="")


def _outcome(back: JobReturn) -> Failure | None:
    """What a launcher says of a job; None where it has tracked itself."""
    if back.status is JobStatus.COMPLETED:
        return None
    error = back._return_value
    if isinstance(error, RunFailed):
        return Failure(reason=str(error), traceback="")
    return failure_of(error) if isinstance(error, BaseException) else _LOST
