"""Dask workers that are Slurm jobs, by dask-jobqueue: requested one after the other, replaced when they end.

The scheduler is in the process of the command. All connections are encrypted with a certificate made for this sweep, since
other users of the cluster reach its port.
"""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from dask_jobqueue import SLURMCluster

from nnbench.config.launchers import DaskSlurmConfig
from nnbench.core.errors import UserError
from nnbench.core.user_code import describe_error
from nnbench.sweep.executors.slurm_states import job_states, sbatch_error

LOOK = 10.0  # seconds between questions to Slurm
# Jobs in a row that end before their worker has joined, after which the reason lies in the command, not in a node.
MAX_USELESS = 3


class SlurmWorkers:
    """Slurm jobs with a Dask worker each.

    Attributes:
        cluster: dask-jobqueue's.

    Raises:
        UserError: the scheduler cannot be started.
    """

    def __init__(self, options: DaskSlurmConfig) -> None:
        self._options = options
        self._logs = Path(options.folder).absolute()
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            self.cluster = SLURMCluster(
                queue=options.partition,
                account=options.account,
                cores=options.cores,
                memory=f"{options.memory}GiB",
                processes=1,
                walltime=str(options.time),
                interface=options.interface,
                job_name="nnbench",
                job_script_prologue=options.setup,
                job_extra_directives=[f"--{key}={value}" for key, value in options.directives.items()],
                log_directory=str(self._logs),
                security=True,
                shared_temp_directory=str(self._logs),
                scheduler_options={"dashboard_address": None},
            )
        except Exception as error:
            raise UserError(f"hydra/launcher=dask_slurm: no scheduler can be started ({describe_error(error)})") from error
        self._requested, self._request_at, self._submit_at, self._look_at = 0, 0.0, 0.0, 0.0
        self._joined: set[str] = set()
        self._useless = 0

    def adjust(self, joined: set[str]) -> None:
        """Request the next job if it is due, and replace jobs that have ended, as by their time limit.

        Args:
            joined: names of the workers that are connected.

        Raises:
            UserError: Slurm refuses a job, or several in a row have ended before their worker has joined.
        """
        now = monotonic()
        self._joined |= joined
        if joined:
            self._useless = 0
        if now >= self._look_at:
            self._look_at = now + LOOK
            self._remove_ended(joined)
        if self._requested < self._options.workers and now >= self._request_at:
            due = self._options.workers if not self._options.stagger else self._requested + 1
            self._requested, self._request_at = due, now + self._options.stagger
        if len(self.cluster.workers) < self._requested and now >= self._submit_at:
            try:
                self.cluster.sync(self._submit)
            except RuntimeError as error:
                if not joined:
                    reason = sbatch_error(str(error)) or str(error).splitlines()[0]
                    raise UserError(f"Slurm refuses a job: {reason}") from error
                self._submit_at = now + LOOK  # a busy controller, perhaps; the workers train on

    def describe_jobs(self) -> str:
        """Return what the jobs wait for, such as `Slurm job 17 is PENDING (Resources)`; for a message without workers."""
        try:
            states = job_states(self._jobs())
        except UserError as error:
            return str(error)
        waiting = [f"Slurm job {job} is {state}" for job, state in states.items() if not state.ended]
        return waiting[0] if waiting else "Slurm has none of its jobs"

    def close(self, timeout: float) -> None:
        """Cancel the jobs and end the scheduler."""
        try:
            self.cluster.close(timeout=timeout)
        finally:
            for name, value in vars(self.cluster).items():
                if name.startswith("_job_") and hasattr(value, "close"):
                    value.close()  # a file of the certificate, which is deleted

    async def _submit(self) -> None:
        """Submit jobs up to the number requested; `Cluster.scale` would lose their errors in the background."""
        cluster = self.cluster
        while len(cluster.worker_spec) < self._requested:
            cluster.worker_spec.update(cluster.new_worker_spec())
        try:
            await cluster._correct_state()
        finally:
            for name in [name for name, worker in cluster.workers.items() if worker.job_id is None]:
                cluster._created.discard(cluster.workers.pop(name))  # `Cluster.close` expects them to have started

    def _remove_ended(self, joined: set[str]) -> None:
        """Remove the jobs that have ended, so that `_submit` replaces them."""
        jobs = self._jobs()
        try:
            states = job_states(jobs)
        except UserError:  # a busy controller; the workers train on
            return
        ended = {job: jobs[job] for job, state in states.items() if state.ended and jobs[job] not in joined}
        if not ended:
            return
        self._useless += len({*ended.values()} - self._joined)
        if self._useless >= MAX_USELESS:
            job = next(iter(ended))
            raise UserError(f"Slurm job {job} has ended without a worker: {states[job]}; {self._last_line(job)}")
        self.cluster.sync(self._forget, list(ended.values()))

    def _jobs(self) -> dict[str, str]:
        """Return the names of the workers by the ids of their jobs."""
        return {str(worker.job_id): name for name, worker in list(self.cluster.workers.items())}

    async def _forget(self, names: Sequence[str]) -> None:
        """Remove workers; others get new names, since dask cancels the job of a lost worker by name some seconds later."""
        for name in names:
            self.cluster.workers.pop(name, None)
            self.cluster.worker_spec.pop(name, None)
            self.cluster._i += 1

    def _last_line(self, job: str) -> str:
        log = self._logs / f"nnbench-{job}.err"
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return f"the last line of {log}: {lines[-1]}" if lines else f"its log is {log}"
