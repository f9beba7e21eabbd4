"""The executor on a Dask cluster, with workers that share no files with the command: results, deaths, users' classes."""

import pickle
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("distributed")  # of the extra `dask`

import nnbench
from nnbench.config.launchers import DaskLauncherConfig
from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.executors.dask import DaskExecutor
from nnbench.sweep.executors.dask_worker import Trainer
from nnbench.sweep.job import Ended, Failure, Job, Notice, Started
from nnbench.training.execute import Result, execute
from tests.sweep.executors.dask_clusters import DaskCluster, dask_cluster, wait_until

pytestmark = pytest.mark.heavy

Make = Callable[..., Config]
OWN = """
import os, signal, time
from dataclasses import dataclass
from nnbench import Optimizer
from ownparts.steps import step

@dataclass(kw_only=True)
class Plain(Optimizer):
    learning_rate: float = 0.1
    def update(self, parameters, gradients, iteration):
        step(parameters, gradients, self.learning_rate)

class Raises(Plain):
    def update(self, parameters, gradients, iteration):
        raise ArithmeticError("no step today")

class Waits(Plain):
    def update(self, parameters, gradients, iteration):
        super().update(parameters, gradients, iteration)
        time.sleep(0.1)

class KillsItself(Plain):
    def update(self, parameters, gradients, iteration):
        os.kill(os.getpid(), signal.SIGKILL)

class KillsItsWorker(Plain):
    def update(self, parameters, gradients, iteration):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
"""
STEPS = "def step(parameters, gradients, learning_rate):\n    parameters -= learning_rate * gradients\n"
SMALL = "dataset.samples=20", "dataset.test_samples=60"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("cluster"), workers=2) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Make) -> Iterator[Make]:
    """Makes a config with an optimizer of a module in this test's folder, which imports another one there."""
    name = f"own_{tmp_path.name}"  # a module is imported once
    (tmp_path / f"{name}.py").write_text(OWN.replace("ownparts", f"parts_{name}"))
    (tmp_path / f"parts_{name}").mkdir()
    (tmp_path / f"parts_{name}" / "steps.py").write_text(STEPS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    def make(kind: str, *more: str) -> Config:
        return config("optimizer=custom", f"optimizer.algorithm={name}:{kind}", *SMALL, *more)

    yield make
    for module in [module for module in sys.modules if module.startswith((name, f"parts_{name}"))]:
        del sys.modules[module]


def executor(cluster: DaskCluster, **options: Any) -> DaskExecutor:
    given = {"address": cluster.address, "workers": None, "timeout": None, "patience": 20.0, **options}
    return DaskExecutor(options=DaskLauncherConfig(**given))


def jobs_of(*configs: Config) -> list[Job]:
    return [Job(number=number, overrides=(), config=config) for number, config in enumerate(configs)]


def outcomes(executor: DaskExecutor, *configs: Config) -> dict[int, Result | Failure | None]:
    with closing(executor):
        return {event.job.number: event.outcome for event in executor.run(jobs_of(*configs)) if isinstance(event, Ended)}


def test_workers_give_the_numbers_of_this_machine(cluster: DaskCluster, config: Make, own: Make) -> None:
    configs = [
        config(f"optimizer={name}", "training.epochs=20", f"seed={seed}") for name in ("sgd", "adam") for seed in (0, 1)
    ]
    configs.append(own("Plain", "training.epochs=20"))
    ended = outcomes(executor(cluster), *configs)
    for number, expected in enumerate(map(execute, configs)):
        outcome = ended[number]
        assert isinstance(outcome, Result), outcome
        np.testing.assert_array_equal(outcome.history.train_loss, expected.history.train_loss)
        for there, here in zip(outcome.history.weights, expected.history.weights, strict=True):
            np.testing.assert_array_equal(there, here)


def test_a_failure_affects_only_its_own_job(cluster: DaskCluster, config: Make, own: Make) -> None:
    good = [config("training.epochs=3", *SMALL, f"seed={seed}") for seed in range(3)]
    ended = outcomes(executor(cluster), own("Raises"), good[0], own("KillsItself"), good[1], own("KillsItsWorker"), good[2])
    assert all(isinstance(ended[number], Result) for number in (1, 3, 5)), ended
    reasons = [outcome.reason for outcome in (ended[0], ended[2], ended[4]) if isinstance(outcome, Failure)]
    raised, killed, killer = reasons
    assert raised.startswith("ArithmeticError: no step today (own_")
    assert raised.endswith(".py:15)")
    assert killed == "its worker died 2 times (SIGKILL, perhaps out of memory)"
    assert killer.startswith("its worker died 3 times, the last at tcp://127.0.0.1:")
    cluster.wait_for_workers(2)  # restarted by their nannies


def test_jobs_of_dead_workers_are_trained_by_one_that_joins(cluster: DaskCluster, own: Make) -> None:
    slow = [own("Waits", "training.epochs=21", f"seed={seed}") for seed in range(4)]
    started, notices, ended = 0, [], []
    with closing(executor(cluster, patience=1.0)) as used:
        for event in used.run(jobs_of(*slow)):
            match event:
                case Started():
                    started += 1
                case Notice(text=text):
                    notices.append(text)
                    cluster.start_worker()
                case Ended(outcome=outcome):
                    assert isinstance(outcome, Result), outcome
                    ended.append(event)
                    if len(ended) == 1:
                        for nanny in cluster.processes[1:]:
                            nanny.kill()  # by SIGKILL, which ends its worker too
    assert len(ended) == started == 4
    assert notices == [f"waiting: the Dask scheduler {cluster.address} has no worker that can be used"]
    cluster.start_worker()
    cluster.wait_for_workers(2)


def test_a_worker_with_another_source_is_not_used(
    cluster: DaskCluster, config: Make, own: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "other" / "nnbench"
    shutil.copytree(Path(nnbench.__file__).parent, package)
    with open(package / "nn" / "network.py", "a") as file:
        file.write("# edited\n")
    slow = [own("Waits", "training.epochs=11", f"seed={seed}") for seed in range(4)]
    notices, other = [], None
    with closing(executor(cluster)) as used:
        for event in used.run(jobs_of(*slow)):
            if isinstance(event, Notice):
                notices.append(event.text)
            if isinstance(event, Ended):
                assert isinstance(event.outcome, Result)
            if other is None:
                other = cluster.start_worker(PYTHONPATH=str(package.parent))
                cluster.wait_for_workers(3)
    (notice,) = notices
    assert notice.startswith("worker tcp://127.0.0.1:")
    assert "is not used: it has source of nnbench " in notice
    assert other is not None
    for nanny in cluster.processes[1:]:
        if nanny is not other:
            nanny.kill()
    cluster.wait_for_workers(1)
    with pytest.raises(UserError, match=r"is not used: it has source .*; no other worker of tcp:\S+ can be used"):
        executor(cluster).prepare()
    other.kill()
    for _ in range(2):
        cluster.start_worker()
    cluster.wait_for_workers(2)


def test_jobs_are_asked_for_when_workers_are_nearly_free(cluster: DaskCluster, config: Make) -> None:
    asked = []

    def endless() -> Iterator[Job]:
        for number in range(10**9):
            asked.append(number)
            yield Job(number=number, overrides=(), config=config("training.epochs=2", *SMALL, f"seed={number}"))

    for one_by_one, most in ((True, 3 + 4), (False, 3 + 2 * 2 * 64)):
        asked.clear()
        used = executor(cluster)
        used.one_by_one = one_by_one
        events, ended = used.run(endless()), 0
        for event in events:
            ended += isinstance(event, Ended)
            if ended == 3:
                break
        events.close()  # type: ignore[attr-defined]  # it is a generator: ends the training
        assert len(asked) <= most
    wait_until(lambda: not cluster.children())


def test_short_jobs_share_a_task(cluster: DaskCluster, config: Make) -> None:
    configs = [config("training.epochs=2", *SMALL)] * 40
    with closing(executor(cluster)) as used:
        events = [type(event) for event in used.run(jobs_of(*configs))]
        assert used._cluster is not None
        assert used._cluster.tasks < 20
        environments = cluster.environments()
    assert environments
    assert not any("MALLOC_TRIM_THRESHOLD_" in variables for variables in environments), "it makes runs slow"
    assert events.count(Ended) == 40
    assert events.count(Started) < 10, "the start of a short job is left out; only the first ones wait for a process"


def test_a_process_that_dies_between_jobs_costs_no_job(config: Make, tmp_path: Path) -> None:
    with closing(Trainer(1, None, tmp_path / "sources")) as trainer:
        for seed in range(2):
            outcome, _ = trainer.train(pickle.dumps(config("training.epochs=2", *SMALL, f"seed={seed}")), {})
            assert isinstance(pickle.loads(outcome), Result)
            for child in active_children():
                child.kill()
                child.join()
            time.sleep(1)  # until Pebble sees that the process is gone


def test_a_cluster_of_this_machine(config: Make) -> None:
    options = DaskLauncherConfig(address=None, workers=1, timeout=None, patience=20.0)
    (outcome,) = outcomes(DaskExecutor(options=options), config("training.epochs=3", *SMALL)).values()
    assert isinstance(outcome, Result)


def test_without_a_scheduler_nothing_starts(config: Make) -> None:
    options = DaskLauncherConfig(address="tcp://127.0.0.1:9", workers=None, timeout=None, patience=0.5)
    with pytest.raises(UserError, match=r"hydra.launcher.address=tcp://127.0.0.1:9: no Dask scheduler answers"):
        DaskExecutor(options=options).prepare()
