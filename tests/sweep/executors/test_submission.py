"""Submissions to Slurm without a Slurm: their folders, and the states of jobs from programs that stand in for Slurm's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.executors.slurm_states import job_states
from nnbench.sweep.executors.submission import Submission, study_folder, submissions
from nnbench.sweep.job import Job

Make = Callable[..., Config]


@pytest.fixture
def submission(config: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submission:
    """Three runs in packs of two."""
    monkeypatch.chdir(tmp_path)
    one = config("study=s")
    jobs = [Job(number=number, overrides=(f"seed={number}",), config=one) for number in range(3)]
    made = Submission.create(jobs, runs_per_job=2)
    made.accepted("17")
    return made


def test_a_submission_is_read_as_it_was_written(submission: Submission) -> None:
    (read,) = submissions(study_folder(submission.runs[0].job().config))
    assert (read.job, read.packs, read.created, read.resume) == ("17", 2, submission.created, True)
    assert [run.number for run in read.pack(1)] == [2]
    assert read.pack_of == {0: 0, 1: 0, 2: 1}
    assert read.tasks == ["17_0", "17_1"]
    jobs = read.load_jobs()
    assert [job.overrides for job in jobs] == [("seed=0",), ("seed=1",), ("seed=2",)]
    assert jobs[0].config == submission.runs[0].job().config


def test_a_submission_is_removed_when_all_its_runs_are_recorded(submission: Submission) -> None:
    assert submission.acquire()
    (other,) = submissions(submission.folder.parent)
    assert not other.acquire()
    submission.start(1)
    submission.write_outcome(1, b"outcome")
    assert submission.ended() == {1}
    assert submission.outcome(1) == b"outcome"
    submission.mark_recorded(1)
    submission.mark_recorded(0)  # which has no outcome
    assert submission.ended() == set()
    assert submission.recorded() == {0, 1}
    submission.release()
    assert other.acquire()
    other.mark_recorded(2)
    other.release()
    assert not other.folder.exists()


def test_a_submission_that_cannot_be_read_says_so(submission: Submission) -> None:
    pack = submission.folder / "packs" / "1.pkl"
    pack.write_bytes(pack.read_bytes().replace(b"nnbench.config.schema", b"nnbench.config.scheme"))
    with pytest.raises(
        UserError, match=r"cannot be read .*give the command with the version of nnbench that has submitted it"
    ):
        submission.load_jobs()


def stand_in(folder: Path, name: str, script: str) -> None:
    """Write a program."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_states_come_from_squeue_and_then_from_accounting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    stand_in(tmp_path, "squeue", r"echo '7_0|RUNNING|None'; echo '7_1|PENDING|JobArrayTaskLimit'; echo '8|NODE_FAIL|None'")
    stand_in(tmp_path, "sacct", "echo '7_2|CANCELLED by 1000|0:0'; echo '7_3|OUT_OF_MEMORY|0:125'")
    states = job_states(["7_0", "7_1", "7_2", "7_3", "7_4", "8"])
    assert list(map(str, states.values())) == [
        "RUNNING",
        "PENDING (JobArrayTaskLimit)",
        "CANCELLED (by 1000)",
        "OUT_OF_MEMORY (0:125)",
        "UNKNOWN",
        "NODE_FAIL",
    ]
    assert [state.ended for state in states.values()] == [False, False, True, True, True, True]
    stand_in(tmp_path, "squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert job_states(["7_2"])["7_2"].name == "CANCELLED"
    stand_in(tmp_path, "squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(UserError, match="Slurm does not answer: Unable to contact slurm controller"):
        job_states(["7_2"])
