"""A job that an executor has sent to its workers, and the event of its start."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from nnbench.sweep.job import Job, Started

SHORT = 1000  # ms within which a job ends without a `Started`, since each write to the store takes milliseconds


@dataclass(eq=False, kw_only=True)
class SentJob:
    """A job that has been sent to workers, perhaps several times as they died.

    Attributes:
        job: the job.
        since: when a worker was first seen training it, in ms since 1970; None before.
        announced: its `Started` has been yielded.
    """

    job: Job
    since: int | None = None
    announced: bool = False

    def start_to_announce(self) -> Iterator[Started]:
        """Yield `Started` once for a job that is being trained, if that has taken `SHORT`."""
        now = int(1000 * time.time())
        self.since = self.since or now
        if not self.announced and now - self.since >= SHORT:
            self.announced = True
            yield Started(job=self.job, at=self.since)
