"""Sections `hydra.launcher` of the launchers of this project, with the range of each value; they are not part of a run."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval, Len

from nnbench.config.choice import Section
from nnbench.core.constraints import Count, Index, Positive


@dataclass(frozen=True, kw_only=True)
class LauncherConfig(Section):
    """Parallel execution of a sweep on this machine, `hydra.launcher`; not part of a run.

    Attributes:
        workers: number of worker processes; null for one per processor.
        timeout: seconds after which a job is killed and counts as failed; null for no limit.
    """

    workers: Annotated[int, Interval(ge=1, le=1024)] | None
    timeout: Positive | None


@dataclass(frozen=True, kw_only=True)
class DaskLauncherConfig(Section):
    """Parallel execution of a sweep on the workers of a Dask cluster, `hydra.launcher` with `hydra/launcher=dask`.

    Attributes:
        address: of the scheduler, such as tcp://host:8786; null for a cluster of this machine, for trials.
        workers: threads of the cluster of this machine; null for one per processor.
        timeout: seconds after which a job is killed and counts as failed; null for no limit.
        patience: seconds to wait for the scheduler, and for a first worker.
    """

    address: Annotated[str, Len(1)] | None
    workers: Annotated[int, Interval(ge=1, le=1024)] | None
    timeout: Positive | None
    patience: Positive


@dataclass(frozen=True, kw_only=True)
class SlurmJobConfig(Section):
    """Resources of each Slurm job, `hydra.launcher` with `hydra/launcher=dask_slurm` and `hydra/launcher=slurm`.

    Attributes:
        partition: null for Slurm's default.
        account: that the jobs are charged to; null for the user's default.
        time: limit in minutes, after which Slurm ends a job.
        cores: processors, and runs at once.
        memory: GiB.
        setup: shell commands before the job's program, such as `module load python`.
        directives: further options of `sbatch` by their long name, such as {qos: short}.
        stagger: seconds between the starts of the jobs, so that they do not all read Python's files at once.
        timeout: seconds after which a run is ended and counts as failed; null for no limit.
    """

    partition: Annotated[str, Len(1)] | None
    account: Annotated[str, Len(1)] | None
    time: Count
    cores: Annotated[int, Interval(ge=1, le=1024)]
    memory: Positive
    setup: list[str]
    directives: dict[str, str]
    stagger: Index
    timeout: Positive | None


@dataclass(frozen=True, kw_only=True)
class DaskSlurmConfig(SlurmJobConfig):
    """A Dask cluster whose workers are Slurm jobs, `hydra.launcher` with `hydra/launcher=dask_slurm`.

    Attributes:
        workers: number of jobs, each with one worker.
        interface: of the network between the nodes and the command, such as ib0; null for that of the host's name.
        folder: for logs and certificates, on a file system that the nodes share.
        patience: seconds until a message says that there is no worker.
    """

    workers: Annotated[int, Interval(ge=1, le=1024)]
    interface: Annotated[str, Len(1)] | None
    folder: Annotated[str, Len(1)]
    patience: Positive


@dataclass(frozen=True, kw_only=True)
class SlurmConfig(SlurmJobConfig):
    """Job arrays of Slurm, whose results are files, `hydra.launcher` with `hydra/launcher=slurm`.

    Attributes:
        runs_per_job: runs that a task of the array trains.
        jobs_at_once: tasks that Slurm runs at the same time.
        wait: for the results; otherwise the command submits the jobs and ends, and `nnbench collect` records the results.
    """

    runs_per_job: Count
    jobs_at_once: Count
    wait: bool
