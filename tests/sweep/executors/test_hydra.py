"""The adapter around launchers of other packages: outcomes of jobs by the launcher's results and exceptions."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher

from nnbench.config.schema import Config
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from nnbench.sweep.executors.hydra import HydraExecutor, executor_of, read_membership
from nnbench.sweep.executors.local import LocalPool
from nnbench.sweep.job import Failure, Job, Membership
from tests.conftest import CommandOutput, composed


class Scripted(Launcher):
    """A launcher that returns or raises `answer`."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.overrides: Sequence[Sequence[str]] = []

    def setup(self, **given: Any) -> None:
        """Nothing."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        self.overrides = job_overrides
        if isinstance(self.answer, BaseException):
            raise self.answer
        returned: Sequence[JobReturn] = self.answer
        return returned


@pytest.fixture
def jobs(config: Callable[..., Config]) -> list[Job]:
    return [Job(number=seed, overrides=(f"seed={seed}",), config=config(f"seed={seed}")) for seed in (0, 1)]


def outcomes(answer: Any, jobs: list[Job], finished: set[str]) -> list[Any]:
    launcher = Scripted(answer)
    executor = HydraExecutor(launcher)
    executor.open("abc", lambda: finished)
    events = list(executor.run(jobs))
    assert launcher.overrides == [[*job.overrides, "+_sweep.sweep_id=abc"] for job in jobs]
    assert [event.job for event in events] == jobs
    return [event.outcome for event in events]


def test_the_launchers_result_of_a_job_becomes_its_failure(jobs: list[Job]) -> None:
    good = JobReturn(status=JobStatus.COMPLETED)
    bad = JobReturn(status=JobStatus.FAILED, _return_value=ValueError("no"))
    first, second = outcomes([good, bad], jobs, set())
    assert first is None
    assert isinstance(second, Failure)
    assert second.reason == "ValueError: no"


@pytest.mark.parametrize("answer", [RuntimeError("a worker died"), []])
def test_runs_that_are_finished_in_the_store_have_not_failed(jobs: list[Job], answer: Any) -> None:
    first, second = outcomes(answer, jobs, {jobs[0].config.identity})
    assert first is None
    assert isinstance(second, Failure)


def test_a_job_learns_its_sweep_and_stage(config: Callable[..., Config]) -> None:
    job = Job(number=0, overrides=("seed=3",), config=config("seed=3"), stage="tuning")
    launcher = Scripted([JobReturn(status=JobStatus.COMPLETED)])
    executor = HydraExecutor(launcher)
    executor.open("abc", set)
    list(executor.run([job]))
    tree = composed(*launcher.overrides[0])
    assert read_membership(tree) == Membership(sweep_id="abc", stage="tuning")
    assert parse(tree).identity == job.config.identity
    assert read_membership(tree) is None


KEYS = {
    "tracking.stage=tuning": "tracking.stage",
    "+tracking.stage=tuning": "tracking.stage",
    "tracking.sweep_id=abc": "tracking.sweep_id",
    "+_sweep.sweep_id=abc": "_sweep",
    "-m +tracking.stage=tuning": "tracking.stage",
    "-m +_sweep.sweep_id=abc": "_sweep",
}


@pytest.mark.heavy
@pytest.mark.parametrize("words", KEYS)
def test_the_sweep_and_the_stage_of_a_run_are_no_keys(nnbench: Callable[..., CommandOutput], words: str) -> None:
    said = nnbench(*words.split(), "training.epochs=3")
    assert said.status == 2
    assert said.err.splitlines()[-1].startswith(f"nnbench: {KEYS[words]}: no such key")


def test_launchers_of_other_packages_serve_no_search_that_needs_results() -> None:
    with pytest.raises(UserError, match=r"hydra/launcher=Scripted: must be local, dask or dask_slurm"):
        executor_of(Scripted([]), needs_results=True)


def test_an_attribute_of_another_launcher_is_no_executor() -> None:
    launcher = Scripted([])
    launcher.executor = object()  # type: ignore[attr-defined]  # such as one of `concurrent.futures`
    assert isinstance(executor_of(launcher), HydraExecutor)
    launcher.executor = pool = LocalPool(workers=1)  # type: ignore[attr-defined]
    assert executor_of(launcher) is pool
