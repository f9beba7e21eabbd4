"""The executor on Dask workers that are Slurm jobs on two nodes: results, a cancelled job, jobs that cannot start."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dask_jobqueue")  # of the extra `slurm`

from nnbench.config.launchers import DaskSlurmConfig
from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.executors.dask import DaskExecutor
from nnbench.sweep.job import Ended, Job, Notice
from nnbench.training.execute import Result, execute
from tests.sweep.executors.dask_clusters import wait_until
from tests.sweep.executors.slurm_testbed import jobs, slurm, write_optimizers

pytestmark = [pytest.mark.heavy, pytest.mark.slurm]

Make = Callable[..., Config]
SMALL = "dataset.samples=20", "dataset.test_samples=60"


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Make) -> Iterator[Callable[[int], Config]]:
    """Makes a config with an optimizer of this test's folder, whose run takes three seconds."""
    write_optimizers(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield lambda seed: config("optimizer=slow_steps:Slow", "training.epochs=31", f"seed={seed}", *SMALL)
    sys.modules.pop("slow_steps", None)


def executor(folder: Path, **options: Any) -> DaskExecutor:
    given: dict[str, Any] = {
        "partition": "main",
        "account": None,
        "time": 5,
        "cores": 2,
        "memory": 1.0,
        "setup": [],
        "directives": {},
    }
    given |= {"stagger": 0, "timeout": None, "workers": 2, "interface": "lo", "folder": str(folder / "logs"), "patience": 30.0}
    given |= options
    return DaskExecutor(options=DaskSlurmConfig(**given))


def jobs_of(*configs: Config) -> list[Job]:
    return [Job(number=number, overrides=(), config=config) for number, config in enumerate(configs)]


def test_runs_of_a_cancelled_job_are_trained_by_other_workers(
    tmp_path: Path, config: Make, slow: Callable[[int], Config]
) -> None:
    before = {*jobs()}
    given = [config(f"optimizer={name}", "training.epochs=20", "seed=1", *SMALL) for name in ("sgd", "adam")]
    given += [slow(seed) for seed in range(40)]
    outcomes = {}
    nodes: set[str] = set()
    cancelled = ""

    def until_replaced() -> Iterator[Job]:
        for job in jobs_of(*given):
            if len({*jobs()} - before) >= 3:
                return
            yield job

    with closing(executor(tmp_path, stagger=1)) as used:
        for event in used.run(until_replaced()):
            if not isinstance(event, Ended):
                continue
            outcomes[event.job.number] = event.outcome
            running = jobs("RUNNING")
            nodes |= {*running.values()}
            if len(outcomes) >= 3 and len(running) == 2 and not cancelled:
                cancelled = max(running)
                slurm("scancel", cancelled)
    assert sorted(outcomes) == list(range(len(outcomes)))
    assert all(isinstance(outcome, Result) for outcome in outcomes.values()), outcomes
    for number in range(3):
        outcome, expected = outcomes[number], execute(given[number])
        assert isinstance(outcome, Result)
        np.testing.assert_array_equal(outcome.history.train_loss, expected.history.train_loss)
    assert cancelled
    assert nodes == {"n1", "n2"}
    assert len(outcomes) < len(given), "the cancelled job was not replaced"
    wait_until(lambda: not jobs("RUNNING", "PENDING"))


def test_a_message_says_what_the_jobs_wait_for(tmp_path: Path, config: Make) -> None:
    slurm("scontrol", "update", "partitionname=main", "state=down")
    try:
        with closing(executor(tmp_path, patience=1.0)) as used:
            for event in used.run(jobs_of(config("training.epochs=2", *SMALL))):
                if isinstance(event, Notice):
                    assert "has no worker that can be used: Slurm job " in event.text
                    assert event.text.endswith(" is PENDING (PartitionDown)")
                    slurm("scontrol", "update", "partitionname=main", "state=up")
    finally:
        slurm("scontrol", "update", "partitionname=main", "state=up")
    assert isinstance(event, Ended)


def test_jobs_that_cannot_start_end_the_sweep(tmp_path: Path, config: Make) -> None:
    job = jobs_of(config("training.epochs=2", *SMALL))
    with pytest.raises(UserError, match=r"Slurm refuses a job: .*[Ii]nvalid partition"):
        executor(tmp_path, partition="none").prepare()
    broken = executor(tmp_path, setup=["echo no module python/9 >&2; exit 1"], workers=3, cores=1)
    with closing(broken), pytest.raises(UserError, match=r"has ended without a worker: FAILED .*: no module python/9$"):
        list(broken.run(job))
    wait_until(lambda: not jobs("RUNNING", "PENDING"))
