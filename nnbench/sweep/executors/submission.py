"""Folder of the runs that were submitted to Slurm together: what is to be trained, and the results that have come home.

    submission.json    the number of its packs, and the Slurm job, which is empty until Slurm has accepted it
    packs/3.pkl        the runs of the task 3 of the job array
    sources/           source files of the user's classes, as they were when the runs were submitted
    results/12.pkl     the outcome of run 12, and 12.started while it is trained
    recorded/12.pkl    the same after it has been recorded in the store
    slurm/             what submitit writes: scripts and logs

The folder is on a file system that the nodes share. A file appears with its whole content, by renaming.
"""

import json
import os
import pickle
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from nnbench.config.schema import Config
from nnbench.config.user_files import user_files
from nnbench.core.errors import UserError
from nnbench.core.paths import safe_subpath
from nnbench.sweep.executors.pickled_job import modules_of, write_sources
from nnbench.sweep.job import Job, Stage

_DESCRIPTION = "submission.json"


@dataclass(frozen=True, kw_only=True)
class SubmittedRun:
    """One run of a submission.

    Attributes:
        number: its position in the submission, from 0.
        identity: of its config.
        overrides, stage: of its job.
        config: the pickled config, so that reading a submission imports no class of the user.
    """

    number: int
    identity: str
    overrides: tuple[str, ...]
    stage: Stage | None
    config: bytes

    def job(self) -> Job:
        """Return the job, whose config is unpickled."""
        return Job(number=self.number, overrides=self.overrides, config=pickle.loads(self.config), stage=self.stage)


@dataclass(kw_only=True)
class Submission:
    """A submission; `create` writes its folder, `submissions` reads those of a study.

    Attributes:
        folder: its folder.
        created: when, in ms since 1970.
        resume: runs that have finished in the store before are not recorded.
        packs: number of tasks of the job array.
        job: id of the Slurm job; empty before Slurm has accepted it, or if the command was killed before it wrote the id.
    """

    folder: Path
    created: int
    resume: bool
    packs: int
    job: str = ""
    _lock: FileLock | None = field(default=None, repr=False)

    @classmethod
    def create(cls, jobs: Sequence[Job], runs_per_job: int) -> "Submission":
        """Write the folder of some jobs of a study, before they are submitted, and take its lock, see `acquire`."""
        config, created = jobs[0].config, int(1000 * time.time())
        name = f"{time.strftime('%Y-%m-%dT%H-%M-%S')}-{uuid4().hex[:6]}"
        folder = study_folder(config) / name
        for part in ("packs", "results", "recorded", "slurm"):
            (folder / part).mkdir(parents=True)
        runs = [
            SubmittedRun(
                number=number,
                identity=job.config.identity,
                overrides=job.overrides,
                stage=job.stage,
                config=pickle.dumps(job.config),
            )
            for number, job in enumerate(jobs)
        ]
        packs = [runs[start : start + runs_per_job] for start in range(0, len(runs), runs_per_job)]
        for number, pack in enumerate(packs):
            _write(folder / "packs" / f"{number}.pkl", pickle.dumps(pack))
        for job in jobs:
            write_sources(folder / "sources", user_files(job.config))
        submission = cls(folder=folder, created=created, resume=config.resume, packs=len(packs))
        submission.acquire()  # before others see it
        submission.accepted("")
        return submission

    def accepted(self, job: str) -> None:
        """Write that Slurm has accepted the submission as the job `job`; empty if it has not yet."""
        self.job = job
        values = {"created": self.created, "resume": self.resume, "packs": self.packs, "job": job}
        _write(self.folder / _DESCRIPTION, json.dumps(values).encode())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a submission without its lock, which belongs to this process."""
        return partial(Submission, folder=self.folder, created=self.created, resume=self.resume, packs=self.packs), ()

    def read_job(self) -> None:
        """Read the id of the Slurm job again, which another command may have written."""
        self.job = json.loads((self.folder / _DESCRIPTION).read_text())["job"]

    @property
    def job_name(self) -> str:
        """Name of the Slurm job, by which it is found if its id was not written."""
        return f"nnbench-{self.folder.name}"

    @property
    def label(self) -> str:
        """Name for messages."""
        return f"Slurm job {self.job or self.job_name}"

    def key(self, run: int) -> str:
        """The `submission` of the events of a run."""
        return f"{self.folder.name}/{run}"

    def pack(self, number: int) -> list[SubmittedRun]:
        """Return the runs of a task of the job array."""
        runs: list[SubmittedRun] = pickle.loads((self.folder / "packs" / f"{number}.pkl").read_bytes())
        return runs

    @cached_property
    def runs(self) -> list[SubmittedRun]:
        """All runs, by number."""
        return [run for number in range(self.packs) for run in self.pack(number)]

    @cached_property
    def pack_of(self) -> dict[int, int]:
        """The task of the job array that trains a run, by the run's number."""
        return {run.number: number for number in range(self.packs) for run in self.pack(number)}

    @property
    def tasks(self) -> list[str]:
        """Slurm's ids of the tasks, by number: `17_2`, or `17` for a job of one task, which is no array."""
        return [self.job] if self.packs == 1 else [f"{self.job}_{number}" for number in range(self.packs)]

    @property
    def sources(self) -> Path:
        """Folder of the source files of the user's classes."""
        return self.folder / "sources"

    def start(self, run: int) -> None:
        """Write that a run is being trained."""
        (self.folder / "results" / f"{run}.started").touch()

    def write_outcome(self, run: int, outcome: bytes) -> None:
        """Write the pickled outcome of a run."""
        _write(self.folder / "results" / f"{run}.pkl", outcome)
        (self.folder / "results" / f"{run}.started").unlink(missing_ok=True)

    def outcome(self, run: int) -> bytes:
        """Return the pickled outcome of a run."""
        return (self.folder / "results" / f"{run}.pkl").read_bytes()

    def ended(self) -> set[int]:
        """Return the runs that have an outcome which is not recorded."""
        return self._numbers("results", ".pkl") - self.recorded()

    def started(self) -> dict[int, int]:
        """Return when the runs that are being trained have started, in ms since 1970, by their numbers."""
        times = {}
        for number in self._numbers("results", ".started"):
            with suppress(FileNotFoundError):  # it has just ended
                times[number] = int(1000 * (self.folder / "results" / f"{number}.started").stat().st_mtime)
        return times

    def recorded(self) -> set[int]:
        """Return the runs that are recorded in the store."""
        return self._numbers("recorded", ".pkl")

    def mark_recorded(self, run: int) -> None:
        """Move the outcome of a run away; one that has none, as its Slurm job has died, gets an empty file."""
        target = self.folder / "recorded" / f"{run}.pkl"
        try:
            os.replace(self.folder / "results" / f"{run}.pkl", target)
        except FileNotFoundError:
            target.touch()

    @contextmanager
    def jobs(self) -> Iterator[list[Job]]:
        """Context with the jobs of all runs, in which their classes are those that were submitted.

        Raises:
            UserError: they cannot be unpickled.
        """
        with modules_of(self.sources):
            try:
                jobs = [run.job() for run in self.runs]
            except Exception as error:
                hint = "give the command with the version of nnbench that has submitted it, or delete the folder"
                raise UserError(f"{self.folder}: cannot be read ({type(error).__name__}: {error}); {hint}") from error
            yield jobs

    def acquire(self) -> bool:
        """Take the lock that makes this process the only one which records the runs; returns False if another has it."""
        if self._lock is not None:
            return True
        self._lock = FileLock(self.folder / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            self._lock = None
        return self._lock is not None

    def release(self) -> None:
        """Release the lock, and remove the folder if all runs are recorded."""
        if self._lock is None:
            return
        complete = len(self.recorded()) == len(self.runs)
        self._unlock()
        if complete:
            shutil.rmtree(self.folder, ignore_errors=True)
            with suppress(OSError):  # another submission is there
                self.folder.parent.rmdir()

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Context with the lock, which may be held already; yields False if another process has it."""
        held = self._lock is not None
        alone = self.acquire()
        try:
            yield alone
        finally:
            if alone and not held:
                self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _numbers(self, part: str, suffix: str) -> set[int]:
        folder = self.folder / part
        # A network file system may show an old list of a folder, unless this machine changes it.
        probe = folder / f".{uuid4().hex}"
        probe.touch()
        probe.unlink()
        return {int(name.removesuffix(suffix)) for name in os.listdir(folder) if name.endswith(suffix)}


def study_folder(config: Config) -> Path:
    """Folder of the submissions of a study, as an absolute path."""
    return safe_subpath(Path(config.report.folder), config.study, "slurm").absolute()


def submissions(folder: Path) -> Iterator[Submission]:
    """Yield the submissions in the folder of a study, oldest first."""
    for description in sorted(folder.glob(f"*/{_DESCRIPTION}")):
        yield Submission(folder=description.parent, **json.loads(description.read_text()))


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{uuid4().hex[:6]}")
    part.write_bytes(content)
    os.replace(part, path)
