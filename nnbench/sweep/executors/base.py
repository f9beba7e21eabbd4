"""Protocol of an executor: the part of a sweep that trains its jobs, on this machine or elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, runtime_checkable

from nnbench.sweep.job import Ended, Job, Notice, Started

# What is allowed, for messages.
GIVING_RESULTS = "must be local, dask or dask_slurm for the sampler tpe, which needs results one by one"


@runtime_checkable
class Executor(Protocol):
    """Trains the jobs of one sweep.

    Attributes:
        one_by_one: the next job depends on earlier results, so it is asked for as late as possible.
    """

    one_by_one: bool

    def prepare(self) -> None:
        """Start what takes time before the first job, such as worker processes, and return at once."""

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Prepare for the jobs of a sweep; called once, before the first `run`.

        Args:
            sweep_id: MLflow's id of the sweep's own run.
            finished: returns the identities of the sweep's runs that the store holds as FINISHED.
        """

    def run(self, jobs: Iterable[Job]) -> Iterator[Started | Ended | Notice]:
        """Train all jobs; yield an event when a job starts and when it ends, in the order in which they happen.

        The start of a job that ends soon may be left out: the run then gets into the store with its results.
        Messages for the user may come between them.

        Args:
            jobs: may be a generator that decides on the next job when it is asked for it.
        """
        ...

    def close(self) -> None:
        """End what `prepare` and `run` have started; harmless if nothing was, or if it has ended."""


@runtime_checkable
class Submitter(Protocol):
    """Executor that can submit its jobs and leave them; their results are recorded by another command.

    Attributes:
        leaves: it is to do so.
    """

    @property
    def leaves(self) -> bool: ...

    def submit(self, jobs: Iterable[Job]) -> str:
        """Submit the jobs that were not submitted before; returns a message for the user."""
        ...
