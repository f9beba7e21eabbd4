"""Executor on Slurm: packs of runs are tasks of a job array, whose outcomes are files of the study's folder, see `submission`.

With `wait`, the outcomes are recorded as they come. Otherwise the command ends, and `nnbench collect` records them.
"""

import math
import pickle
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import submitit

from nnbench.config.launchers import SlurmConfig
from nnbench.core import formatting as numbers
from nnbench.core.errors import UserError
from nnbench.core.user_code import describe_error
from nnbench.sweep.executors.base import GIVING_RESULTS
from nnbench.sweep.executors.slurm_pack import Pack
from nnbench.sweep.executors.slurm_states import cancel, sbatch_error
from nnbench.sweep.executors.slurm_survey import survey
from nnbench.sweep.executors.submission import Submission, study_folder, submissions
from nnbench.sweep.job import Ended, Failure, Job, Notice, Started

POLL = 1.0  # seconds between looks into the folder
LOOK = 15.0  # seconds between questions to Slurm
MAX_TASKS = 1000  # of a job array: Slurm's default `MaxArraySize` is 1001
RESTARTS = 3  # of a job that has reached its time limit
WARNING = 90  # seconds before its time limit at which a job is put into the queue again


@dataclass(kw_only=True)
class SlurmExecutor:
    """Executor in job arrays of Slurm.

    Attributes:
        options: of the launcher.
        one_by_one: refused: a job array waits in the queue for each run.
    """

    options: SlurmConfig
    one_by_one: bool = False
    _failed_fast: bool = field(default=False, init=False)

    @property
    def leaves(self) -> bool:
        """Whether the command submits its jobs and ends."""
        return not self.options.wait

    def prepare(self) -> None:
        """Start nothing; the jobs are submitted together.

        Raises:
            UserError: the sweep needs results one by one.
        """
        if self.one_by_one:
            raise UserError(f"hydra/launcher=slurm: {GIVING_RESULTS}")

    def open(self, sweep_id: str, finished: Callable[[], set[str]]) -> None:
        """Do nothing: the parent process tracks the jobs."""

    def submit(self, jobs: Iterable[Job]) -> str:
        """Submit the jobs that no earlier submission of the study trains, as `Submitter.submit`.

        Raises:
            UserError: Slurm refuses them.
        """
        todo = list(jobs)
        known = self._submitted(todo)
        fresh = [job for job in todo if job not in known]
        before = f"{numbers.count(len(known), 'run')} submitted before" if known else ""
        if not fresh:
            return before
        submission = self._submit(fresh)
        submission.release()
        return "; ".join(filter(None, [_announcement(submission), before]))

    def run(self, jobs: Iterable[Job]) -> Generator[Started | Ended | Notice, None, None]:
        """Submit the jobs and wait for their outcomes, as `Executor.run`.

        Jobs that an earlier submission trains are not submitted again. Leaving the iterator early leaves them to Slurm, for
        `nnbench collect`, except after `fail_fast`.

        Raises:
            UserError: Slurm refuses them, or another command waits for them.
        """
        todo = list(jobs)
        watched: dict[int, tuple[Submission, dict[int, Job]]] = {}
        for job, (submission, number) in self._submitted(todo).items():
            watched.setdefault(id(submission), (submission, {}))[1][number] = job
        known = {job for _, left in watched.values() for job in left.values()}
        held = [submission for submission, _ in watched.values() if submission.acquire()]
        own: Submission | None = None
        try:
            if len(held) < len(watched):
                raise UserError(f"study={todo[0].config.study}: another command waits for its Slurm jobs")
            if known:
                yield Notice(text=f"{numbers.count(len(known), 'run')} submitted before")
            if fresh := [job for job in todo if job not in known]:
                own = self._submit(fresh)
                held.append(own)
                watched[id(own)] = own, dict(enumerate(fresh))
                yield Notice(text=_announcement(own))
            yield from self._outcomes(list(watched.values()))
        finally:
            for submission in held:
                submission.release()
            if self._failed_fast and own is not None:
                cancel([own.job])
                shutil.rmtree(own.folder, ignore_errors=True)

    def close(self) -> None:
        """Do nothing, as the jobs are Slurm's."""

    def _outcomes(self, watched: Sequence[tuple[Submission, dict[int, Job]]]) -> Iterator[Started | Ended | Notice]:
        announced: set[Job] = set()
        look_at, patient, took = time.monotonic() + POLL, True, 0.0
        while any(left for _, left in watched):
            time.sleep(max(POLL, 10 * took))
            ask = time.monotonic() >= look_at
            look_at = time.monotonic() + LOOK if ask else look_at
            for submission, left in watched:
                began = time.monotonic()
                seen = survey(submission, ask=ask)
                took = time.monotonic() - began
                for number, at in submission.started().items():
                    if number in left and number in seen.running and left[number] not in announced:
                        announced.add(left[number])
                        yield Started(job=left[number], at=at, submission=submission.key(number))
                for number in sorted(({*seen.ended, *seen.lost}) & left.keys()):
                    job = left.pop(number)
                    outcome = seen.lost.get(number) or pickle.loads(submission.outcome(number))
                    self._failed_fast |= isinstance(outcome, Failure) and job.config.fail_fast
                    yield Ended(job=job, outcome=outcome, submission=submission.key(number))
                    submission.mark_recorded(number)
                if ask and left and patient and (seen.trouble or seen.reason):
                    patient = False
                    yield Notice(text=f"{submission.label}: {seen}")

    def _submitted(self, jobs: Sequence[Job]) -> dict[Job, tuple[Submission, int]]:
        """Return the jobs that earlier submissions of the study train, or have trained, with their numbers there."""
        if not jobs or not jobs[0].config.resume:
            return {}
        under_way: dict[str, tuple[Submission, int]] = {}
        for submission in submissions(study_folder(jobs[0].config)):
            seen = survey(submission)
            there = seen.ended | seen.running | seen.waiting
            under_way |= {run.identity: (submission, run.number) for run in submission.runs if run.number in there}
        return {job: under_way[job.config.identity] for job in jobs if job.config.identity in under_way}

    def _submit(self, jobs: Sequence[Job]) -> Submission:
        """Submit jobs as one job array; returns their submission, whose lock is held."""
        options = self.options
        submission = Submission.create(jobs, max(options.runs_per_job, math.ceil(len(jobs) / MAX_TASKS)))
        packs = [
            Pack(submission=submission, number=number, processes=options.cores, timeout=options.timeout)
            for number in range(submission.packs)
        ]
        stagger = f'n=${{SLURM_ARRAY_TASK_ID:-0}}; [ "$n" -ge {options.jobs_at_once} ] || sleep $((n * {options.stagger}))'
        try:
            executor = submitit.SlurmExecutor(folder=submission.folder / "slurm", max_num_timeout=RESTARTS)
            executor.update_parameters(
                job_name=submission.job_name,
                partition=options.partition,
                account=options.account,
                time=options.time,
                cpus_per_task=options.cores,
                mem=f"{math.ceil(1024 * options.memory)}M",
                array_parallelism=options.jobs_at_once,
                signal_delay_s=min(WARNING, 15 * options.time),
                setup=[*([stagger] if options.stagger else []), *options.setup],
                additional_parameters=options.directives,
                srun_args=[f"--cpus-per-task={options.cores}"],  # since Slurm 22.05 a step does not inherit it
            )
            first, *_ = executor.submit_array(packs)
        except Exception as error:
            shutil.rmtree(submission.folder, ignore_errors=True)
            raise UserError(f"Slurm refuses the jobs: {sbatch_error(str(error)) or describe_error(error)}") from error
        submission.accepted(str(first.job_id).partition("_")[0])
        return submission


def _announcement(submission: Submission) -> str:
    tasks = numbers.count(submission.packs, "task")
    return f"{submission.label}: {numbers.count(len(submission.runs), 'run')} in {tasks}"
