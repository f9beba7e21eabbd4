"""A study with several tasks: each has its own table, report and best setting."""

import json
import re
import sys
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pypdf import PdfReader

from nnbench.cli.report import main as report_main
from nnbench.core.paths import NAME_PATTERN
from nnbench.records import export
from nnbench.records.study import Study
from nnbench.records.tasks import common_tasks, key, keys, tasks
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from nnbench.tracking.mlflow.ui.views import LEADERBOARD
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer, trainer  # noqa: F401  # a fixture

pytestmark = pytest.mark.usefixtures("trainer")
HEAVY = pytest.mark.heavy  # cases of which others of their kind are among the quick tests
Command = Callable[..., CommandOutput]
TINY = "training.epochs=30", "dataset.samples=20", "dataset.val_samples=20", "dataset.test_samples=20"
BOTH = "-m", "optimizer=sgd,adam", "seed=range(2)", *TINY, "report.pages=[cover,runs]"


def _study(home: Path, name: str = "comparison") -> Study:
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), name)


@pytest.fixture
def report(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `python scripts/report.py WORDS` in this process."""

    def run(*words: str) -> CommandOutput:
        monkeypatch.chdir(home)
        monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
        monkeypatch.setattr(sys, "argv", ["report.py", *words])
        capsys.readouterr()
        return CommandOutput(report_main(), *capsys.readouterr())

    return run


@pytest.mark.heavy
def test_a_sweep_over_a_datasets_key_has_a_report_for_each_value(home: Path, nnbench: Command, report: Command) -> None:
    """A first sweep on one task has left a report on all there was; the second one adds a task."""
    folder = home / "results" / "comparison"
    assert nnbench(*BOTH).status == 0
    alone = (folder / "report.pdf").read_bytes()
    said = nnbench(*BOTH, "dataset.noise=0.2,0.4")
    assert said.status == 0, said.err
    assert (folder / "report.pdf").read_bytes() != alone, "a mixed or stale report stayed behind"
    assert sorted(path.name for path in folder.glob("figures/*.csv")) == ["cover.csv"]
    whole = pd.read_csv(folder / "figures" / "cover.csv")
    assert whole.groupby("problem")["setting"].agg(list).map(sorted).to_dict() == {
        "spiral noise=0.2": ["adam", "sgd"],
        "spiral noise=0.4": ["adam", "sgd"],
    }
    assert sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name != "figures") == [
        "spiral_noise_0.2",
        "spiral_noise_0.4",
    ]
    for noise in ("0.2", "0.4"):
        assert f"spiral_noise_{noise}/report.pdf" in (folder / "summary.md").read_text()
        runs = pd.read_csv(folder / f"spiral_noise_{noise}" / "figures" / "runs.csv")
        assert set(runs["setting"]) == {"sgd", "adam"}
        own = _study(home).runs
        assert set(runs["run_id"]) == set(own.loc[own["dataset.noise"] == float(noise), "run_id"])
        cover = pd.read_csv(folder / f"spiral_noise_{noise}" / "figures" / "cover.csv")
        assert cover["n"].tolist() == [2, 2]
        assert f"noise={noise}" in PdfReader(folder / f"spiral_noise_{noise}" / "report.pdf").pages[0].extract_text()
        assert f"spiral noise={noise}" in said.err
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert report("study=comparison").status == 0
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before

    # In MLflow: both reports are artifacts, the study's note leads to both, and each task has its best settings.
    store = open_store(f"sqlite:///{home}/results/mlflow.db", None)
    sweep = str(_study(home).sweeps["run_id"].iloc[-1])
    for noise in ("0.2", "0.4"):
        kept = {file.path for file in store.client.list_artifacts(sweep, f"spiral_noise_{noise}")}
        assert f"spiral_noise_{noise}/report.pdf" in kept
    experiment = store.client.get_experiment_by_name("comparison")
    assert experiment is not None
    note = experiment.tags["mlflow.note.content"]
    assert note.count("/report.pdf?") == 3
    assert "[Report on all problems]" in note
    sweep_note = store.client.get_run(sweep).data.tags["mlflow.note.content"]
    assert "| problem | conclusion |" in sweep_note
    assert "| spiral noise=0.4 |" in sweep_note
    assert "[Runs by task]" in note
    assert json.loads(experiment.tags[f"mlflow.sharedViewState.{LEADERBOARD}"])["name"] == "Runs by task"
    best = store.client.search_runs([experiment.experiment_id], "tags.`nnbench.best` = 'true'")
    assert {(run.data.params["optimizer.name"], run.data.params["dataset.noise"]) for run in best} == {
        (optimizer, noise) for optimizer in ("sgd", "adam") for noise in ("0.2", "0.4")
    }


@pytest.mark.heavy
def test_a_problem_in_a_folder_is_a_task_with_a_report_of_its_own(home: Path, nnbench: Command, report: Command) -> None:
    said = nnbench("-m", "problem=held_out/moons,moons", "optimizer=sgd", *TINY, "report.pages=[cover,runs]")
    assert said.status == 0, said.err
    found = tasks(_study(home))
    assert [(task.label, task.folder) for task in found] == [("held_out/moons", "held_out_moons"), ("moons", "moons")]
    for task in found:
        assert (home / "results" / "comparison" / task.folder / "report.pdf").exists()
    assert report("study=comparison").status == 0


@pytest.mark.heavy
def test_an_export_holds_the_same_tasks_and_two_studies_are_compared_in_those_they_share(
    home: Path, nnbench: Command, report: Command
) -> None:
    for name, noises in {"a": "0.2,0.4", "b": "0.4,0.6", "c": "0.8", "d": "0.9"}.items():
        nnbench("-m", "optimizer=sgd", f"dataset.noise={noises}", f"study={name}", *TINY, "report=none")
    a, b, c, d = (_study(home, name) for name in "abcd")
    export.write(a, home / "exported")
    for ours, theirs in zip(tasks(a), tasks(export.read(home / "exported")), strict=True):
        assert ours.label == theirs.label
        assert ours.study.runs["setting"].tolist() == theirs.study.runs["setting"].tolist() == ["sgd"]
    ((before, after),) = common_tasks(a, b)
    assert before.label == after.label == "spiral noise=0.4"
    assert set(before.study.runs["dataset.noise"]) == set(after.study.runs["dataset.noise"]) == {0.4}
    assert [(before.study, after.study) for before, after in common_tasks(c, d)] == [(c, d)], (
        "one each: the change is the question"
    )
    said = report("study=a,c")
    assert said.status == 2
    assert "study=a,c: no task is in both" in said.err


@pytest.mark.parametrize(
    "words",
    [
        "dataset.redraw=true,false",
        pytest.param("dataset.test_samples=20,30", marks=HEAVY),
        pytest.param("dataset.val_samples=20,30", marks=HEAVY),
    ],
)
def test_the_task_depends_on_the_options_of_the_dataset(home: Path, nnbench: Command, words: str) -> None:
    assert nnbench("-m", *TINY, "optimizer=sgd", words, "report=none").status == 0
    found = tasks(_study(home))
    name = words.partition("=")[0].removeprefix("dataset.")
    assert [task.label.partition("=")[0] for task in found] == [f"spiral {name}"] * 2
    assert [len(task.study.runs) for task in found] == [1, 1]


def test_runs_of_different_budgets_are_tasks_of_their_own(home: Path, nnbench: Command) -> None:
    words = "training.budgets=[5,20,100]", "training.budget_unit=steps", "optimizer=sgd,adam", "report=none"
    assert nnbench("-m", *TINY[1:], *words).status == 0
    found = tasks(_study(home))
    assert [task.label for task in found] == ["spiral budget=5", "spiral budget=20", "spiral budget=100"]
    assert [set(task.study.runs["setting"]) for task in found] == [{"sgd", "adam"}] * 3
    for task in found:
        budgets = set(task.study.runs["training.budget"]), set(task.study.other_budgets["training.budget"])
        assert sorted(set.union(*budgets)) == [5, 20, 100]
        assert not set.intersection(*budgets)
        assert task.study.curves["epoch"].max() in budgets[0]


def test_the_key_of_a_task_without_a_budget_is_that_of_earlier_versions() -> None:
    before = {"dataset.name": "spiral", "training.epochs": 30}
    assert key(before) == key({**before, "training.budget": None, "training.budget_unit": "epochs"})
    assert key(before) != key({**before, "training.budget": 29, "training.budget_unit": "epochs"})


@pytest.mark.parametrize(
    "words",
    [
        "training.epochs=30,31",
        pytest.param("network.hidden=[64],[32]", marks=HEAVY),
        pytest.param("training.dtype=float32,float64", marks=HEAVY),
    ],
)
def test_training_options_do_not_belong_to_the_task(home: Path, nnbench: Command, words: str) -> None:
    assert nnbench("-m", *TINY, "optimizer=sgd", words, "report=none").status == 0
    (task,) = tasks(study := _study(home))
    assert task.label == ""
    assert task.study is study


@pytest.mark.heavy
def test_a_tuned_study_chooses_for_each_task(home: Path, nnbench: Command) -> None:
    """The second sweep, on noisier points, takes neither the tuned runs of the first away nor its choice."""
    words = (
        "-m",
        "experiment=tuned",
        "tuning.searches=1",
        *TINY,
        "tuning.configs=3",
        "tuning.seeds=[1000]",
        "optimizer=adam",
        "seed=0,1",
    )
    pages = "report.pages=[cover,protocol,chosen]"
    for noise in (0.2, 0.9):
        said = nnbench(*words, f"dataset.noise={noise}", pages)
        assert said.status == 0, said.err
    found = tasks(_study(home, "tuned"))
    assert [task.label for task in found] == ["spiral noise=0.2", "spiral noise=0.9"]
    for task in found:
        runs, tuning, selection = task.study.runs, task.study.tuning, task.study.selection
        assert runs.groupby("setting")["seed"].apply(sorted).to_dict() == {"adam": [0, 1], "adam (tuned)": [0, 1]}
        assert tuning["setting"].nunique() == 3
        assert set(tuning["dataset.noise"]) == set(runs["dataset.noise"]) == {float(task.label.rpartition("=")[2])}
        chosen = selection.set_index("hyperparameter").loc["learning_rate", "value"]
        assert set(runs.loc[runs["optimizer"] == "adam (tuned)", "optimizer.learning_rate"]) == {chosen}
        assert (home / "results" / "tuned" / task.folder / "report.pdf").exists()


@pytest.mark.heavy
def test_each_problem_has_its_own_report(home: Path, nnbench: Command) -> None:
    words = "optimizer=sgd,adam", "seed=range(2)", "training.epochs=200", "report.pages=[cover,time_to_target]"
    said = nnbench("-m", "problem=moons,digits", *words)
    assert said.status == 0, said.err
    study = _study(home)
    assert [task.label for task in tasks(study)] == ["digits", "moons"]
    for name, targets in (("digits", [0.9, 0.99]), ("moons", [0.9, 0.95])):
        runs = study.runs[study.runs["problem"] == name]
        assert set(runs["dataset.name"]) == {name}
        (task,) = (task for task in tasks(study) if task.label == name)
        assert set(task.study.runs["setting"]) == {"sgd", "adam"}, "what the problem decides is no setting"
        reached = pd.read_csv(home / "results" / "comparison" / name / "figures" / "time_to_target.csv")
        assert sorted(set(reached["target"])) == targets
    # A run without a problem is of another task, though it is on the same points.
    assert nnbench("-m", "dataset=moons", "optimizer=adam", *words[1:3], "report=none").status == 0
    labels = [task.label for task in tasks(_study(home))]
    assert labels == ["digits", "moons problem=moons", "moons problem=none"]


def test_a_task_is_the_same_as_text_and_as_numbers() -> None:
    config: dict[str, Hashable] = {
        "dataset.name": "spiral",
        "dataset.noise": 0.2,
        "dataset.redraw": True,
        "dataset.samples": 100,
    }
    stored: dict[str, Hashable] = {
        "dataset.name": "spiral",
        "dataset.noise": "0.2",
        "dataset.redraw": "true",
        "dataset.samples": "100",
        "dataset.gap": None,
        "seed": "7",
    }
    table = {**stored, "dataset.samples": 100.0, "dataset.gap": float("nan")}
    assert key(config) == key(stored) == key(table)
    assert key({**config, "dataset.noise": 0.2 + 1e-16 * 3}) != key(config)


def test_the_folder_of_a_task_has_a_valid_name(comparison_of: Callable[[str], Study]) -> None:
    found = tasks(comparison_of("../../évil name/x"))
    names = [task.folder for task in found]
    assert len(set(names)) == 2
    assert all(re.fullmatch(NAME_PATTERN, name) for name in names)


@pytest.fixture
def comparison_of() -> Callable[[str], Study]:
    """A study of two datasets, of which one has the given name."""

    def make(name: str) -> Study:
        rows = [
            {"run_id": f"{at}", "optimizer": "adam", "setting": f"adam {at}", "seed": 0, "dataset.name": of}
            for at, of in enumerate(("spiral", name))
        ]
        curves = pd.DataFrame({"run_id": ["0", "1"], "epoch": [0, 0]})
        return Study(
            name="s", runs=pd.DataFrame(rows), curves=curves, records=curves, sweeps=pd.DataFrame(), boundary=lambda run: None
        )

    return make


def test_keys_of_a_table_are_those_of_its_rows() -> None:
    mixed = [1, True, "1", 1.0, None, float("nan"), "a", True]
    frame = pd.DataFrame({"dataset.name": ["spiral", "moons"] * 4, "dataset.noise": pd.Series(mixed, dtype=object), "seed": 0})
    frame["dataset.samples"] = [1.0, 1.0, 2.0, float("nan")] * 2
    frame = frame.set_index(pd.Index([3] * 8))
    rows: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    for tuning in (False, True):
        assert keys(frame, tuning=tuning).tolist() == [key(row, tuning=tuning) for row in rows]
    assert keys(frame[["seed"]]).tolist() == ["{}"] * 8
    assert keys(frame[:0]).tolist() == []
