"""Whole sweeps with the real store: storing, resuming and failures."""

import importlib
import math
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra.core.utils import JobReturn
from mlflow import MlflowClient
from mlflow.entities import Run

from nnbench.records.study import Study
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.odd_optimizers import FAILING

Command = Callable[..., CommandOutput]
EXITS = "optimizer.algorithm=tests.odd_optimizers:Odd", "+optimizer.does=exit"
SMALL = "-m", "training.epochs=30", "study=s", "report=none"


@pytest.fixture
def store(home: Path) -> MlflowClient:
    return open_store(f"sqlite:///{home}/results/mlflow.db", None).client


def _runs(store: MlflowClient, kind: str = "training") -> list[Run]:
    found = store.search_experiments(filter_string="name = 's'")
    return list(store.search_runs([found[0].experiment_id], f"tags.`nnbench.kind` = '{kind}'", max_results=1000))


def _study(home: Path) -> Study:
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "s")


def test_from_the_command_line_to_the_report(home: Path, nnbench: Command, store: MlflowClient) -> None:
    said = nnbench("-m", "optimizer=sgd,adam", "seed=0,1", "training.epochs=30", "study=s")
    assert said.status == 0
    assert "study s: 4 runs" in said.err
    report = home / "results" / "s" / "report.pdf"
    assert report.read_bytes().startswith(b"%PDF")
    runs = _runs(store)
    assert {run.info.run_name for run in runs} == {f"{o} seed={s}" for o in ("sgd lr=1", "adam lr=0.05") for s in (0, 1)}
    (sweep,) = _runs(store, "sweep")
    assert sweep.info.status == "FINISHED"
    assert "report.pdf" in {file.path for file in store.list_artifacts(sweep.info.run_id)}
    for run in runs:
        assert run.info.status == "FINISHED"
        assert run.data.tags["nnbench.sweep_id"] == sweep.info.run_id
        assert run.data.params["seed"] in "01"
        assert run.data.params["training.epochs"] == "30"
        assert {"train/loss", "val/accuracy", "test/accuracy", "final/val_loss", "time/train_seconds"} <= set(run.data.metrics)
        names = {file.path for file in store.list_artifacts(run.info.run_id)}
        assert names == {"history.npz", "weights.npz", "boundary.npz", "boundary.png", "config.json", "note.md"}
        steps = [point.step for point in store.get_metric_history(run.info.run_id, "train/loss")]
        assert (steps[0], steps[-1]) == (0, 29)


@pytest.mark.usefixtures("trainer")
def test_the_same_command_runs_nothing_and_a_larger_one_only_new_jobs(
    home: Path, nnbench: Command, store: MlflowClient
) -> None:
    nnbench(*SMALL, "seed=0,1")
    again = nnbench(*SMALL, "seed=0,1", "optimizer.learning_rate=5e-2")
    assert again.status == 0
    assert "2 reused from before, 0 to do" in again.err
    wider = nnbench(*SMALL, "seed=0,1,2")
    assert "2 reused from before, 1 to do" in wider.err
    assert len(_runs(store)) == 3
    assert len(_runs(store, "sweep")) == 2, "a sweep that runs nothing leaves no run of its own"
    assert nnbench(*SMALL, "seed=0,1,2", "resume=false").status == 0
    assert len(_runs(store)) == 6
    assert len(_study(home).runs) == 3, "the newest try of each identity"


@pytest.mark.heavy
def test_an_exception_fails_only_its_own_run(home: Path, nnbench: Command, store: MlflowClient) -> None:
    bad = "optimizer=custom", "optimizer.algorithm=tests.broken_optimizers:Raises", "+optimizer.learning_rate=0.1"
    assert nnbench(*SMALL, "seed=0").status == 0
    said = nnbench(*SMALL, *bad, "seed=1,2")
    assert said.status == 1
    assert "failed custom lr=0.1 seed=1: ArithmeticError: no step today" in said.err, "as it happens"
    assert said.err.count("ArithmeticError: no step today") == 3, "and once at the end, of both"
    failed = [run for run in _runs(store) if run.info.status == "FAILED"]
    assert len(failed) == 2
    path = store.download_artifacts(failed[0].info.run_id, "traceback.txt")
    assert "in update" in Path(path).read_text()
    assert nnbench(*SMALL, *bad, "seed=1,2").status == 1, "a failed run is tried again"
    assert len([run for run in _runs(store) if run.info.status == "FAILED"]) == 4


@pytest.mark.heavy
@pytest.mark.usefixtures("trainer")
@pytest.mark.parametrize(("kind", "name"), [("NoRate", "custom seed=0"), ("RateInWords", "custom lr=low seed=0")])
def test_an_optimizer_needs_no_learning_rate(home: Path, nnbench: Command, store: MlflowClient, kind: str, name: str) -> None:
    said = nnbench(
        *SMALL, "report=comparison", "optimizer=custom", f"optimizer.algorithm=tests.broken_optimizers:{kind}", "seed=0,1"
    )
    assert said.status == 0, said.err
    assert (home / "results" / "s" / "report.pdf").exists()
    assert name in {run.info.run_name for run in _runs(store)}


@pytest.mark.heavy
def test_fail_fast_starts_no_further_runs(home: Path, nnbench: Command, store: MlflowClient) -> None:
    bad = "optimizer=custom", "optimizer.algorithm=tests.broken_optimizers:Raises", "+optimizer.learning_rate=0.1"
    said = nnbench(*SMALL, *bad, "seed=range(40)", "fail_fast=true")
    assert said.status == 1
    states = [run.info.status for run in _runs(store)]
    assert states.count("FAILED") == 1
    assert set(states) <= {"FAILED", "KILLED"}
    assert len(states) < 40


@pytest.mark.heavy
@pytest.mark.usefixtures("trainer")
@pytest.mark.parametrize(
    "words",
    [
        ["optimizer=sgd", "optimizer.learning_rate=1e30"],
        ["optimizer=sgd", "optimizer.learning_rate=1e3"],
        ["dataset.noise=0"],
        ["dataset.classes=1"],
        ["dataset.samples=1"],
        ["network.initial_scale=1e-30"],
        ["optimizer=custom", "optimizer.algorithm=tests.broken_optimizers:NotANumber", "+optimizer.learning_rate=1"],
    ],
    ids=" ".join,
)
def test_unusual_valid_configs_run_to_their_end(
    home: Path, nnbench: Command, store: MlflowClient, words: list[str], recwarn: pytest.WarningsRecorder
) -> None:
    said = nnbench(*SMALL, *words)
    assert said.status == 0
    assert not [str(one.message) for one in recwarn if issubclass(one.category, RuntimeWarning)]
    assert "Warning" not in said.err
    (run,) = _runs(store)
    assert run.info.status == "FINISHED"
    assert all(np.isfinite(value) and abs(value) < 1e300 for value in run.data.metrics.values())
    assert run.data.tags["nnbench.outcome"] in ("finished", "diverged")
    assert ("diverged_at_epoch" in run.data.metrics) == (run.data.tags["nnbench.outcome"] == "diverged")


@pytest.mark.heavy
@pytest.mark.usefixtures("trainer")
def test_a_diverged_run_is_reported_and_left_out_of_the_means(home: Path, nnbench: Command) -> None:
    nnbench(*SMALL, "optimizer=sgd", "optimizer.learning_rate=1,1e30", "seed=0,1")
    said = nnbench("-m", "optimizer=sgd", "optimizer.learning_rate=1,1e30", "seed=0,1", "training.epochs=30", "study=s")
    assert said.status == 0
    assert "diverged" in said.err
    runs = _study(home).runs
    assert set(runs.loc[runs["optimizer.learning_rate"] == 1e30, "outcome"]) == {"diverged"}
    assert (home / "results" / "s" / "report.pdf").exists()


def test_a_dry_run_starts_nothing(tmp_path: Path, nnbench: Command) -> None:
    said = nnbench(*SMALL, "optimizer=sgd,adam", "dry_run=true")
    assert said.status == 0
    assert len(said.out.splitlines()) == 2
    assert not list(tmp_path.iterdir())


def test_a_value_for_one_option_and_arguments_before_options(nnbench: Command) -> None:
    said = nnbench("grids.optimizer.sgd.momentum=0.5", "optimizer=sgd,adam", "-m", "dry_run=true")
    assert said.status == 0, said.err
    first, second = said.out.splitlines()
    assert "optimizer=sgd" in first
    assert "optimizer.momentum=0.5" in first
    assert "optimizer=adam" in second
    assert "momentum" not in second


def test_one_run_tracks_itself_and_is_reused(home: Path, nnbench: Command, store: MlflowClient) -> None:
    words = "training.epochs=30", "study=s"
    assert "finished after 30 epochs" in nnbench(*words).err
    assert "has finished before" in nnbench(*words).err
    (run,) = _runs(store)
    assert run.info.status == "FINISHED"
    assert not _runs(store, "sweep")
    bad = "optimizer=custom", "optimizer.algorithm=tests.broken_optimizers:Shapes", "+optimizer.learning_rate=0.1"
    said = nnbench(*words, *bad)
    assert said.status == 1
    assert "Traceback" not in said.err


def test_hydras_own_launcher_tracks_from_within(home: Path, nnbench: Command, store: MlflowClient) -> None:
    said = nnbench(*SMALL, "hydra/launcher=basic", "seed=0,1")
    assert said.status == 0
    (sweep,) = _runs(store, "sweep")
    assert {run.data.tags["nnbench.sweep_id"] for run in _runs(store)} == {sweep.info.run_id}
    assert [run.info.status for run in _runs(store)] == ["FINISHED", "FINISHED"]


@pytest.mark.heavy
def test_all_batches_of_another_sweeper_are_one_sweep_with_one_report(
    home: Path, nnbench: Command, store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[int] = []

    def report_on(study: Study, *rest: object) -> list[object]:
        reports.append(len(study.runs))
        return []

    returned: list[float] = []

    def value(one: JobReturn) -> None:  # read by the sweeper
        returned.append(one._return_value)

    monkeypatch.setattr("nnbench.cli.study_report.report_on", report_on)
    monkeypatch.setattr(JobReturn, "return_value", property(value, lambda one, value: setattr(one, "_return_value", value)))
    batches = "hydra/sweeper=basic", "hydra.sweeper.max_batch_size=2", "hydra/launcher=basic"
    said = nnbench(*SMALL, *batches, "seed=0,1", "optimizer.learning_rate=0.05,1e30", "optimizer=sgd")
    assert said.status == 0, said.err
    assert "study s: batch 2, 2 runs" in said.err
    (sweep,) = _runs(store, "sweep")
    assert sweep.info.status == "FINISHED"
    runs = {run.info.run_name: run for run in _runs(store)}
    assert len(runs) == 4
    assert {run.data.tags["nnbench.sweep_id"] for run in runs.values()} == {sweep.info.run_id}
    assert reports == [4]
    losses = [runs[f"sgd lr=0.05 seed={seed}"].data.metrics["final/val_loss"] for seed in (0, 1)]
    assert returned == [value for loss in losses for value in (loss, math.inf)]


@pytest.mark.heavy
def test_fail_fast_ends_another_sweeper_at_the_first_failed_batch(home: Path, nnbench: Command, store: MlflowClient) -> None:
    batches = "hydra/sweeper=basic", "hydra.sweeper.max_batch_size=1", "hydra/launcher=basic"
    bad = "optimizer=custom", "optimizer.algorithm=tests.broken_optimizers:Shapes", "+optimizer.learning_rate=0.1"
    said = nnbench(*SMALL, *batches, *bad, "seed=0,1,2", "fail_fast=true")
    assert said.status == 1, said.err
    assert [run.info.status for run in _runs(store)] == ["FAILED"]
    assert [run.info.status for run in _runs(store, "sweep")] == ["FAILED"]


def test_another_sweeper_starts_nothing_in_a_dry_run(tmp_path: Path, nnbench: Command) -> None:
    said = nnbench(*SMALL, "hydra/sweeper=basic", "optimizer=sgd,adam", "dry_run=true")
    assert said.status == 0, said.err
    assert len(said.out.splitlines()) == 2
    assert not (tmp_path / "results" / "mlflow.db").exists()


def test_a_job_in_a_thread_is_tracked(home: Path, nnbench: Command, store: MlflowClient) -> None:
    with ThreadPoolExecutor(1) as thread:  # outside the main thread, Python refuses to set handlers of signals
        said = thread.submit(nnbench, "training.epochs=30", "study=s").result()
    assert said.status == 0, said.err
    assert [run.info.status for run in _runs(store)] == ["FINISHED"]


@pytest.mark.heavy
@pytest.mark.parametrize("sweeper", ["basic", "grid"])
def test_equal_jobs_of_any_sweeper_are_trained_once(home: Path, nnbench: Command, store: MlflowClient, sweeper: str) -> None:
    said = nnbench(*SMALL, f"hydra/sweeper={sweeper}", "seed=0,1,0", "optimizer.learning_rate=0.05,5e-2")
    assert said.status == 0, said.err
    assert "2 runs (4 repeats of them left out)" in said.err
    trained = sorted((run.info.status, run.data.params["seed"]) for run in _runs(store))
    assert trained == [("FINISHED", "0"), ("FINISHED", "1")]
    assert nnbench(*SMALL, f"hydra/sweeper={sweeper}", "seed=0,1,0", "resume=false").status == 0
    assert [run.info.status for run in _runs(store)] == ["FINISHED"] * 4


@pytest.mark.heavy
def test_any_exception_of_an_optimizer_fails_only_its_run(home: Path, nnbench: Command, store: MlflowClient) -> None:
    odd = "optimizer=custom", "optimizer.algorithm=tests.odd_optimizers:Odd"
    does = sorted(FAILING.keys() - {"dies"})
    said = nnbench(*SMALL, *odd, f"+optimizer.does={','.join([*does, 'slow'])}")
    assert said.status == 1, said.err
    assert said.err.count("odd_optimizers.py:") >= 2 * len(does), "as it happens, and in the table at the end"
    assert "\x1b" not in said.err
    runs = {run.data.params["optimizer.does"]: run for run in _runs(store)}
    assert {what: run.info.status for what, run in runs.items()} == {**dict.fromkeys(does, "FAILED"), "slow": "FINISHED"}
    for what in does:
        assert "odd_optimizers.py:" in runs[what].data.tags["nnbench.reason"]
        path = store.download_artifacts(runs[what].info.run_id, "traceback.txt")
        assert "in update" in Path(path).read_text(encoding="utf-8")


def test_a_single_run_whose_optimizer_exits_has_failed(home: Path, nnbench: Command, store: MlflowClient) -> None:
    said = nnbench("training.epochs=30", "study=s", "optimizer=custom", *EXITS)
    assert said.status == 1
    assert "failed custom seed=0: SystemExit: 0 (" in said.err
    assert "odd_optimizers.py:" in said.err
    assert [run.info.status for run in _runs(store)] == ["FAILED"]


LION = """from dataclasses import dataclass
import numpy as np
from nnbench.optimizers import Optimizer

@dataclass(kw_only=True)
class Lion(Optimizer):
    learning_rate: float = 0.01

    def update(self, parameters, gradients, iteration):
        parameters -= self.learning_rate * np.sign(gradients)
"""


@pytest.mark.heavy
def test_an_edited_optimizer_is_trained_again_and_not_averaged_with_its_older_version(
    home: Path, nnbench: Command, store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(home)

    def sweep(text: str, *words: str) -> CommandOutput:
        (home / "edited_lion.py").write_text(text)
        sys.modules.pop("edited_lion", None)
        importlib.invalidate_caches()
        own = (
            "optimizer=custom",
            "optimizer.name=lion",
            "optimizer.algorithm=edited_lion:Lion",
            "+optimizer.learning_rate=0.01",
        )
        return nnbench(*SMALL, *own, *words)

    def averaged() -> pd.DataFrame:
        runs = _study(home).runs
        assert not runs.duplicated(["setting", "seed"]).any()
        return runs

    edited = LION.replace("self.learning_rate * ", "0.1 * self.learning_rate * ")
    sweep(LION, "seed=0,1,2")
    first = averaged()
    said = sweep("# a comment\n" + LION, "seed=0,1,2")
    assert "3 reused from before, 0 to do" in said.err
    said = sweep(edited, "seed=0,1")
    assert "edited_lion:Lion has changed: 2 runs to repeat" in said.err
    study = _study(home)
    assert sorted(averaged()["seed"]) == [0, 1]
    assert sorted(study.earlier["seed"]) == [0, 1, 2]
    assert set(study.runs["source"]).isdisjoint(study.earlier["source"])
    texts = [study.source(run)["optimizer/edited_lion.py"] for run in (study.earlier["run_id"][0], study.runs["run_id"][0])]
    assert texts == [LION, edited]
    best = {run.info.run_id for run in _runs(store) if run.data.tags["nnbench.best"] == "true"}
    assert best == set(study.runs["run_id"])
    labels = {run.data.tags["nnbench.source"]: run.data.tags["nnbench.setting"] for run in _runs(store)}
    assert len(set(labels.values())) == 2, "MLflow's charts average by the setting's name"
    # What was edited back is reused, and is what is compared from now on.
    said = sweep(LION, "seed=0,1,2")
    assert "3 reused from before, 0 to do" in said.err
    assert set(averaged()["run_id"]) == set(first["run_id"])


@pytest.mark.usefixtures("trainer")
def test_runs_with_unknown_source_are_repeated_and_left_out(home: Path, nnbench: Command, store: MlflowClient) -> None:
    """Change the runs to those of a first-edition store: without digest, with another identity."""
    nnbench(*SMALL, "seed=0,1")
    for run in _runs(store):
        store.set_tag(run.info.run_id, "nnbench.identity", "of the first edition" + run.info.run_id)
        for tag in ("source", "dataset_source", "code", "configuration"):
            store.delete_tag(run.info.run_id, f"nnbench.{tag}")
    assert len(_study(home).runs) == 2, "they can be reported on"
    said = nnbench(*SMALL, "seed=0")
    assert "the code of earlier runs is not known: 1 run to repeat" in said.err
    study = _study(home)
    assert list(study.runs["seed"]) == [0]
    assert sorted(study.earlier["seed"]) == [0, 1]


@pytest.mark.heavy
@pytest.mark.usefixtures("trainer")
def test_runs_made_before_there_were_schedules_name_what_changed(home: Path, nnbench: Command, store: MlflowClient) -> None:
    nnbench(*SMALL, "seed=0")
    (run,) = _runs(store)
    store.delete_tag(run.info.run_id, "nnbench.schedule_source")
    store.set_tag(run.info.run_id, "nnbench.code", "of an earlier version")
    store.set_tag(run.info.run_id, "nnbench.identity", "of an earlier version")
    assert "nnbench has changed: 1 run to repeat" in nnbench(*SMALL, "seed=0").err


@pytest.mark.usefixtures("trainer")
def test_rates_that_differ_in_the_last_digit_are_two_settings(home: Path, nnbench: Command, store: MlflowClient) -> None:
    assert nnbench(*SMALL, "optimizer.learning_rate=0.3,0.30000000000000004", "seed=0,1").status == 0
    runs = _study(home).runs
    assert runs["setting"].value_counts().to_dict() == {"adam lr=0.3": 2, "adam lr=0.30000000000000004": 2}
    assert not runs.duplicated(["setting", "seed"]).any()


@pytest.mark.heavy
@pytest.mark.usefixtures("trainer")
def test_checkpoints_do_not_change_the_identity(home: Path, nnbench: Command, store: MlflowClient) -> None:
    nnbench(*SMALL, "seed=0,1")
    said = nnbench(*SMALL, "seed=0,1,2", "training.checkpoints=[3]")
    assert "2 reused from before, 1 to do" in said.err
    assert "2 reused runs lack boundaries of training.checkpoints=[3]" in said.err
    assert set(_study(home).runs["setting"]) == {"adam"}


@pytest.mark.heavy
def test_the_reason_is_shown_if_all_runs_fail(home: Path, nnbench: Command) -> None:
    bad = "optimizer=custom", "optimizer.algorithm=tests.broken_optimizers:Raises", "+optimizer.learning_rate=0.1"
    said = nnbench("-m", *bad, "seed=range(12)", "training.epochs=20", "study=s")
    assert said.status == 1
    lines = said.err.splitlines()
    assert sum(line.startswith("failed custom") for line in lines) == 5, "of one reason, the first ones"
    assert sum(line.startswith("not shown: ") for line in lines) == 1, "why no page can be drawn is told already"
    head = next(at for at, line in enumerate(lines) if line.split() == ["failed", "runs", "why"])
    assert lines[head + 1].split()[0] == "12"
    assert "ArithmeticError: no step today" in lines[head + 1]
    assert not any("report" in line or "not shown" in line for line in lines[head:-1]), "it is the last that is told"
