"""From Hydra's launcher to a sweep's runner: this project's own pool, or whatever somebody else's launcher does."""

from collections.abc import Iterable, Iterator

from hydra.core.utils import JobStatus
from hydra.plugins.launcher import Launcher

from nnbench.errors import UserError
from nnbench.failure import failure_of
from nnbench.job import Ended, Failure, Job, RunFailed, Started
from nnbench.sweep.pool import Pool
from nnbench.sweep.session import Runner


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
        return lambda jobs, sweep_id: pool.run(jobs)
    if as_asked:
        name = type(launcher).__name__
        raise UserError(f"hydra/launcher={name}: must be local for the sampler tpe, which needs each result as it comes")
    return lambda jobs, sweep_id: _launch(launcher, jobs, sweep_id)


def _launch(launcher: Launcher, jobs: Iterable[Job], sweep_id: str) -> Iterator[Started | Ended]:
    """Somebody else's launcher composes each job again, wherever it runs it, and there the job tracks itself."""
    todo = list(jobs)
    words = [[*job.overrides, f"++tracking.sweep_id={sweep_id}"] for job in todo]
    for job, back in zip(todo, launcher.launch(words, initial_job_idx=0), strict=True):
        if back.status is JobStatus.COMPLETED:
            yield Ended(job=job, outcome=None)
        elif isinstance(error := back._return_value, RunFailed):
            yield Ended(job=job, outcome=Failure(reason=str(error), traceback=""))
        else:
            yield Ended(job=job, outcome=failure_of(error))
