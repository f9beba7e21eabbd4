"""Submissions to Slurm without a Slurm: their folders, and the states of jobs from programs that stand in for Slurm's."""

import json
import pickle
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.executors.slurm_states import job_named, job_states, sbatch_error
from nnbench.sweep.executors.slurm_survey import survey
from nnbench.sweep.executors.submission import Submission, study_folder, submissions
from nnbench.sweep.job import Ended, Failure, Job
from nnbench.sweep.recorder import Recorder, open_study
from nnbench.training.execute import execute
from tests.conftest import CommandOutput

Make = Callable[..., Config]
SMALL = "training.epochs=2", "dataset.samples=20", "dataset.test_samples=60", "report=none"


@pytest.fixture
def submission(config: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submission:
    """Three runs in packs of two."""
    monkeypatch.chdir(tmp_path)
    one = config("study=s")
    jobs = [Job(number=number, overrides=(f"seed={number}",), config=one) for number in range(3)]
    made = Submission.create(jobs, runs_per_job=2)
    made.accepted("17")
    made.release()
    return made


def test_a_submission_is_read_as_it_was_written(submission: Submission) -> None:
    (read,) = submissions(study_folder(submission.runs[0].job().config))
    assert (read.job, read.packs, read.created, read.resume) == ("17", 2, submission.created, True)
    assert [run.number for run in read.pack(1)] == [2]
    assert read.pack_of == {0: 0, 1: 0, 2: 1}
    assert read.tasks == ["17_0", "17_1"]
    with read.jobs() as jobs:
        assert [job.overrides for job in jobs] == [("seed=0",), ("seed=1",), ("seed=2",)]
    assert jobs[0].config == submission.runs[0].job().config


def test_a_submission_is_removed_when_all_its_runs_are_recorded(submission: Submission) -> None:
    assert submission.acquire()
    (other,) = submissions(submission.folder.parent)
    assert not other.acquire()
    sent = pickle.loads(pickle.dumps(submission))  # to the nodes
    sent.start(1)
    sent.write_outcome(1, b"outcome")
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
    (read,) = submissions(submission.folder.parent)
    message = r"cannot be read .*give the command with the version of nnbench that has submitted it"
    with pytest.raises(UserError, match=message), read.jobs():
        pass


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


def test_the_last_line_of_sbatch_is_found_in_a_message_of_many_lines() -> None:
    message = "Command '/usr/bin/sbatch script.sh' failed\nstderr:\nsbatch: error: Batch job\nsbatch: error: no partition\n"
    assert sbatch_error(message) == "no partition"
    assert sbatch_error("sbatch: fatal: no memory") == "no memory"
    assert not sbatch_error("Command '/usr/bin/sbatch script.sh' failed")


def test_a_job_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    stand_in(tmp_path, "squeue", r'case "$*" in *--name=nnbench-a*) printf "17\n17\n";; esac')
    stand_in(tmp_path, "sacct", 'case "$*" in *--name=nnbench-b*) echo "18_0";; esac')
    assert [job_named(f"nnbench-{name}", 0.0) for name in "abc"] == ["17", "18", ""]


@pytest.fixture
def killed(submission: Submission) -> Submission:
    """A submission whose command was killed minutes ago, before it wrote the id of the Slurm job."""
    description = submission.folder / "submission.json"
    description.write_text(json.dumps(json.loads(description.read_text()) | {"job": "", "created": 1}))
    (read,) = submissions(submission.folder.parent)
    return read


def test_the_job_of_a_command_that_was_killed_is_found(
    killed: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    stand_in(tmp_path, "sacct", "")
    squeue = f'case "$*" in *--name={killed.job_name}*) echo 17;; *) echo "17_0|RUNNING|"; echo "17_1|PENDING|";; esac'
    stand_in(tmp_path, "squeue", squeue)
    assert survey(killed).waiting == {0, 1, 2}
    (read,) = submissions(killed.folder.parent)
    assert read.job == "17"
    assert read.acquire(), "the survey has released the lock"


def test_runs_that_slurm_never_accepted_are_lost_unless_a_command_is_submitting_them(
    killed: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    stand_in(tmp_path, "squeue", "")
    stand_in(tmp_path, "sacct", "")
    (other,) = submissions(killed.folder.parent)
    assert other.acquire()
    assert survey(killed).waiting == {0, 1, 2}
    other.release()
    seen = survey(killed)
    assert {*seen.lost} == {0, 1, 2}
    assert seen.lost[2].reason == "never submitted: the command was killed before Slurm accepted its job"


OPTIMIZER = """
from dataclasses import dataclass
from nnbench import Optimizer

@dataclass(kw_only=True)
class Own(Optimizer):
    learning_rate: float = 0.1
    def update(self, parameters, gradients, iteration):
        parameters -= {factor} * self.learning_rate * gradients
"""


@pytest.fixture
def left(home: Path, nnbench: Callable[..., CommandOutput], config: Make) -> Iterator[Callable[..., Submission]]:
    """Makes submissions of runs that have ended: one that finished, one that failed, of a version of a user's module."""
    sys.path.insert(0, str(home))

    def make(factor: int, *words: str) -> Submission:
        forget()
        (home / "two_versions.py").write_text(OPTIMIZER.format(factor=factor))
        configs = [config("study=s", "optimizer=two_versions:Own", *SMALL, f"seed={seed}", *words) for seed in range(2)]
        made = Submission.create([Job(number=number, overrides=(), config=one) for number, one in enumerate(configs)], 2)
        made.accepted(f"{factor}")
        made.write_outcome(0, pickle.dumps(execute(configs[0])))
        made.write_outcome(1, pickle.dumps(Failure(reason="Trouble: today", traceback="")))
        made.release()
        forget()
        return made

    def forget() -> None:
        sys.modules.pop("two_versions", None)

    before = list(sys.path)
    yield make
    forget()
    sys.path[:] = before


def recorded() -> list[tuple[str, str]]:
    """Status and submission of each training run of the store."""
    with closing(sqlite3.connect("results/mlflow.db")) as database:
        return sorted(
            database.execute(
                "SELECT status, value FROM runs JOIN tags USING (run_uuid) WHERE key = 'nnbench.submission'"
            ).fetchall()
        )


@pytest.mark.heavy
def test_outcomes_that_a_killed_command_recorded_are_not_recorded_again(
    left: Callable[..., Submission], nnbench: Callable[..., CommandOutput], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = left(1, "resume=false").folder.name
    expected = [("FAILED", f"{name}/1"), ("FINISHED", f"{name}/0")]
    with monkeypatch.context() as unmarked:
        unmarked.setattr(Submission, "mark_recorded", lambda submission, run: None)
        assert nnbench("collect", "study=s").status == 1
        assert recorded() == expected
    said = nnbench("collect", "study=s")
    assert said.status == 0, said
    assert "2 of 2 runs recorded\n" in said.err, "Slurm need not be asked"
    assert recorded() == expected
    assert not Path("results/s/slurm").exists()


def test_an_interrupted_collection_continues_when_it_is_repeated(
    left: Callable[..., Submission], nnbench: Callable[..., CommandOutput], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = left(1, "resume=false").folder.name
    mark = Submission.mark_recorded

    def interrupted(submission: Submission, run: int) -> None:
        mark(submission, run)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as once:
        once.setattr(Submission, "mark_recorded", interrupted)
        assert nnbench("collect", "study=s").status == 130
    assert recorded() == [("FINISHED", f"{name}/0")]
    said = nnbench("collect", "study=s")
    assert said.status == 1, said
    assert "2 of 2 runs recorded\n" in said.err
    assert recorded() == [("FAILED", f"{name}/1"), ("FINISHED", f"{name}/0")]


@pytest.mark.heavy
def test_submissions_of_two_versions_of_a_module_are_each_read_with_their_own(
    left: Callable[..., Submission], nnbench: Callable[..., CommandOutput]
) -> None:
    left(1)
    left(10)
    assert nnbench("collect", "study=s").status == 1
    assert len(recorded()) == 4
    texts = {path.read_text() for path in Path("results").rglob("two_versions.py")}
    assert texts == {OPTIMIZER.format(factor=1), OPTIMIZER.format(factor=10)}


@pytest.mark.heavy
def test_an_unknown_study_cannot_be_collected(home: Path, config: Make, nnbench: Callable[..., CommandOutput]) -> None:
    open_study(config("study=s"))
    said = nnbench("collect", "study=s")
    assert (said.status, said.out) == (0, "study s: no runs are at Slurm; all that were submitted are recorded\n")
    said = nnbench("collect", "study=never")
    assert (said.status, said.out) == (2, "")
    assert said.err == f"nnbench collect: study=never: no study of that name in sqlite:///{home}/results/mlflow.db; it has s\n"


def test_an_outcome_that_a_waiting_command_gets_again_is_recorded_once(
    home: Path, config: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    one = config("study=s")
    writer = open_study(one)
    sweep = writer.start_sweep("a sweep", params={})
    failed = Failure(reason="Trouble: today", traceback="")
    for key in ("a/0", "a/0", "b/0"):
        Recorder(writer, sweep).ended(Ended(job=Job(number=0, overrides=(), config=one), outcome=failed, submission=key))
    assert recorded() == [("FAILED", "a/0"), ("FAILED", "b/0")]
