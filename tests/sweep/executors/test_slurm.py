"""Job arrays of Slurm on two nodes: results that are waited for or collected later, dead jobs, packs, staggered starts."""

import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("submitit")  # of the extra `slurm`

from nnbench.config.launchers import SlurmConfig
from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.executors.slurm import SlurmExecutor
from nnbench.sweep.executors.slurm_survey import survey
from nnbench.sweep.executors.submission import Submission, study_folder, submissions
from nnbench.sweep.job import Ended, Failure, Job, Notice, Started
from nnbench.training.execute import Result, execute
from tests.conftest import CommandOutput
from tests.sweep.executors.dask_clusters import wait_until
from tests.sweep.executors.slurm_testbed import jobs, slurm, write_optimizers

pytestmark = [pytest.mark.heavy, pytest.mark.slurm]

Make = Callable[..., Config]
SMALL = "dataset.samples=20", "dataset.test_samples=60"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Make) -> Iterator[Make]:
    """Makes a config in this test's folder, which has the module `slow_steps`."""
    write_optimizers(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield lambda *words: config(*SMALL, *words)
    sys.modules.pop("slow_steps", None)


def executor(**options: Any) -> SlurmExecutor:
    given: dict[str, Any] = {"partition": None, "account": None, "time": 5, "cores": 1, "memory": 0.5, "setup": []}
    given |= {"directives": {}, "stagger": 0, "timeout": None, "runs_per_job": 2, "jobs_at_once": 8, "wait": True}
    return SlurmExecutor(options=SlurmConfig(**given | options))


def jobs_of(*configs: Config) -> list[Job]:
    return [Job(number=number, overrides=(), config=config) for number, config in enumerate(configs)]


def test_packs_start_staggered_and_give_the_numbers_of_this_machine(own: Make) -> None:
    slow = "optimizer=slow_steps:Slow", "training.epochs=31"
    given = [own(*slow), own("optimizer=adam", "training.epochs=20"), own(*slow, "seed=1")]
    given += [own("optimizer=slow_steps:Raises", "training.epochs=20"), own(*slow, "seed=2")]
    starts: dict[int, int] = {}
    outcomes, notices = {}, []
    for event in executor(stagger=6).run(jobs_of(*given)):
        match event:
            case Started(job=job, at=int(at)):
                starts[job.number] = at
            case Ended(job=job, outcome=outcome):
                outcomes[job.number] = outcome
            case Notice(text=text):
                notices.append(text)
    assert notices[0].endswith(": 5 runs in 3 tasks")
    raised = outcomes.pop(3)
    assert isinstance(raised, Failure)
    assert raised.reason == "ArithmeticError: no step today (slow_steps.py:25)"
    for number, outcome in outcomes.items():
        assert isinstance(outcome, Result), outcome
        np.testing.assert_array_equal(outcome.history.train_loss, execute(given[number]).history.train_loss)
    assert len(outcomes) == 4
    assert starts[4] - starts[0] >= 6000, "the third task starts twelve seconds after the first, which may be slow to start"
    assert not list(submissions(study_folder(given[0])))


def test_fail_fast_cancels_the_jobs(own: Make) -> None:
    given = [own("optimizer=slow_steps:Raises", "fail_fast=true")]
    given += [own("optimizer=slow_steps:Slow", "optimizer.seconds=60", "fail_fast=true", f"seed={seed}") for seed in range(2)]
    with closing(executor(runs_per_job=1).run(jobs_of(*given))) as events:
        for event in events:
            if isinstance(event, Ended):
                assert isinstance(event.outcome, Failure)
                break
    wait_until(lambda: not jobs("RUNNING", "PENDING", "COMPLETING"))
    assert not list(submissions(study_folder(given[0])))


def test_jobs_that_slurm_refuses_leave_no_submission(own: Make) -> None:
    job = jobs_of(own("training.epochs=2"))
    with pytest.raises(UserError, match=r"^Slurm refuses the jobs: .*[Ii]nvalid partition"):
        executor(partition="none").submit(job)
    assert not list(study_folder(job[0].config).iterdir())


def test_edits_after_the_submission_do_not_reach_its_runs(own: Make, tmp_path: Path) -> None:
    job = jobs_of(own("optimizer=slow_steps:Slow", "training.epochs=3"))
    used = executor(wait=False, directives={"begin": "now+3"})
    assert "1 run in 1 task" in used.submit(job)
    assert used.submit(job) == "1 run submitted before"
    (tmp_path / "slow_steps.py").write_text("raise RuntimeError('edited')\n")
    (submission,) = submissions(study_folder(job[0].config))
    wait_until(submission.ended)
    assert isinstance(pickle.loads(submission.outcome(0)), Result)


@pytest.mark.parametrize(
    "put_back",
    [("scancel", "--signal=USR2"), ("scontrol", "requeue")],
    ids=["by submitit before the time limit", "by Slurm"],
)
def test_a_job_that_is_put_into_the_queue_again_continues(own: Make, tmp_path: Path, put_back: tuple[str, ...]) -> None:
    (tmp_path / "hold").touch()
    given = [own("optimizer=adam", "training.epochs=2"), own("optimizer=slow_steps:Held", "training.epochs=2")]
    executor().submit(jobs_of(*given))
    (submission,) = submissions(study_folder(given[0]))
    wait_until(lambda: submission.ended() == {0} and submission.started().keys() == {1})
    first = submission.outcome(0)
    slurm(*put_back, submission.job)
    wait_until(lambda: submission.job in jobs("PENDING"))
    seen = survey(submission)
    assert (seen.ended, seen.waiting, seen.lost) == ({0}, {1}, {})
    (tmp_path / "hold").unlink()
    slurm("scontrol", "update", f"JobId={submission.job}", "StartTime=now")  # Slurm itself waits for two minutes
    wait_until(lambda: submission.ended() == {0, 1})
    assert isinstance(pickle.loads(submission.outcome(1)), Result)
    assert submission.outcome(0) == first, "a run that has ended is not trained again"


def test_runs_of_a_controller_that_does_not_answer_are_not_lost(own: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = Submission.create(jobs_of(own(), own("seed=1")), runs_per_job=1)
    submission.accepted("123456789")  # Slurm does not know this one
    assert {*survey(submission).lost} == {0, 1}
    assert "123456789_1 ended without its result: UNKNOWN" in survey(submission).lost[1].reason
    monkeypatch.setenv("SLURM_CONF", "/nonexistent")
    monkeypatch.setattr("nnbench.sweep.executors.slurm_states.ANSWER", 2.0)
    seen = survey(submission)
    assert not seen.lost
    assert seen.waiting == {0, 1}
    assert seen.trouble.startswith("Slurm does not answer: ")


def test_runs_that_were_left_are_collected_once(home: Path, own: Make, nnbench: Callable[..., CommandOutput]) -> None:
    def command(*words: str) -> tuple[int, str]:
        ended = nnbench(*words)
        return ended.status, ended.out + ended.err

    def states() -> list[str]:
        kind = "SELECT run_uuid FROM tags WHERE key = 'nnbench.kind' AND value = 'sweep'"
        with closing(sqlite3.connect(home / "results" / "mlflow.db")) as database:
            found = database.execute(f"SELECT status FROM runs WHERE run_uuid NOT IN ({kind})")
            return sorted(status for (status,) in found)

    words = ["-m", "study=s", "report=none", "optimizer=sgd,slow_steps:Held", "seed=range(2)", "training.epochs=11", *SMALL]
    words += ["hydra/launcher=slurm", "hydra.launcher.runs_per_job=2", "hydra.launcher.stagger=0"]
    words += ["hydra.launcher.cores=1", "hydra.launcher.memory=0.5"]
    (home / "hold").touch()
    status, said = command(*words, "hydra.launcher.wait=false")
    assert status == 0, said
    assert ": 4 runs in 2 tasks" in said
    assert said.splitlines()[-1].endswith(" -m nnbench collect study=s")
    assert states() == []

    folder = home / "results" / "s" / "slurm"
    (submission,) = submissions(folder)
    wait_until(lambda: submission.ended() == {0, 1} and submission.started().keys() == {2})
    status, said = command("collect", "study=s")
    assert status == 3, said
    assert "2 of 4 runs recorded, 1 running, 1 waiting" in said
    assert states() == ["FINISHED"] * 2
    _, said = command(*words, "hydra.launcher.wait=false")
    assert "2 runs submitted before" in said
    assert len(list(submissions(folder))) == 1

    slurm("scancel", f"{submission.job}_1")
    wait_until(lambda: not jobs("RUNNING", "PENDING", "COMPLETING"))
    status, said = command("collect", "study=s")
    assert status == 1, said
    assert "4 of 4 runs recorded" in said
    assert f"Slurm job {submission.job}_1 ended without its result: CANCELLED" in " ".join(said.split())
    assert states() == ["FAILED"] * 2 + ["FINISHED"] * 2

    (home / "hold").unlink()
    status, said = command(*words)
    assert status == 0, said
    assert "2 reused from before" in said
    assert states() == ["FAILED"] * 2 + ["FINISHED"] * 4
    status, said = command("collect", "study=s")
    assert (status, said) == (0, "study s: no runs are at Slurm; all that were submitted are recorded\n")
    assert states() == ["FAILED"] * 2 + ["FINISHED"] * 4
