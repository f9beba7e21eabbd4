"""Program of a Slurm job: trains the runs of a pack in a pool of processes, and writes each outcome when it has ended."""

import pickle
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any

from submitit.helpers import DelayedSubmission

from nnbench.sweep.executors.pickled_job import work_pickled
from nnbench.sweep.executors.submission import Submission, SubmittedRun
from nnbench.sweep.executors.worker_pool import TRIES, WorkerPool, died, failure_of_future


@dataclass(frozen=True, kw_only=True)
class Pack:
    """The runs of one task of a job array, pickled by submitit.

    Attributes:
        submission: its folder, and that of the results.
        number: of the task.
        processes: runs at once.
        timeout: seconds after which a run is ended; None for no limit.
    """

    submission: Submission
    number: int
    processes: int
    timeout: float | None

    def __call__(self) -> None:
        """Train the runs that have no outcome yet: a job that Slurm starts again continues."""
        done = self.submission.ended() | self.submission.recorded()
        waiting = deque((run, 1) for run in self.submission.pack(self.number) if run.number not in done)
        running: dict[Future[Any], tuple[SubmittedRun, int]] = {}
        pool = WorkerPool(self.processes, self.timeout)
        try:
            while waiting or running:
                while waiting and len(running) < self.processes:
                    run, attempt = waiting.popleft()
                    self.submission.start(run.number)
                    running[pool.schedule(work_pickled, run.config, str(self.submission.sources))] = run, attempt
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    run, attempt = running.pop(future)
                    if died(future) and attempt < TRIES:
                        waiting.append((run, attempt + 1))
                        continue
                    failed = future.exception() is not None
                    outcome = pickle.dumps(failure_of_future(future, self.timeout)) if failed else future.result()[0]
                    self.submission.write_outcome(run.number, outcome)
        finally:
            pool.close()

    def checkpoint(self) -> DelayedSubmission:
        """Return the call with which submitit lets Slurm start the job again, shortly before its time limit."""
        return DelayedSubmission(self)
