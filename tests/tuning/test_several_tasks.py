"""Tuning over several problems and datasets with the real store: each optimizer is tuned on each task for itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.core.keys import key_of
from nnbench.records.study import Study
from nnbench.records.tasks import tasks
from nnbench.report.findings.suite import Suite
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer

Command = Callable[..., CommandOutput]
TINY = "tuning.configs=3", "tuning.seeds=[1000,1001]", "tuning.searches=1", "training.epochs=25"
TWO = "-m", "experiment=tuned", "problem=moons,diabetes", *TINY, "optimizer=rmsprop,adam", "seed=0,1,2"
PROBLEMS = "moons", "small_moons"
TUNING, FINAL = 2 * 2 * 3 * 2, 2 * 2 * 2 * 3


def _study(home: Path) -> Study:
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "tuned")


@pytest.mark.heavy
@pytest.mark.parametrize("sampler", ["halton", "tpe"])
def test_each_optimizer_is_tuned_on_each_problem(home: Path, nnbench: Command, trainer: Trainer, sampler: str) -> None:
    said = nnbench(*TWO, f"tuning.sampler={sampler}", "report=none")
    assert said.status == 0, said.err
    assert len(trainer.trained) == TUNING + FINAL
    for problem in ("moons", "diabetes"):
        assert f"rmsprop (tuned) on {problem}: learning_rate=" in said.err
    study = _study(home)
    found = {task.label: task.study for task in tasks(study)}
    assert list(found) == ["diabetes", "moons"]
    rates = [set(one.tuning["optimizer.learning_rate"]) for one in found.values()]
    assert not rates[0] & rates[1], "each problem has its own configs"
    assert not Suite(study).common_configs
    for problem, one in found.items():
        score = "final/val_r2" if problem == "diabetes" else "final/val_accuracy"
        assert len(one.tuning) == TUNING / 2
        assert set(one.selection["setting"]) == {"rmsprop (tuned)", "adam (tuned)"}
        assert set(one.runs["setting"]) == {"rmsprop", "rmsprop (tuned)", "adam", "adam (tuned)"}
        for optimizer, chosen in one.selection.groupby("optimizer"):
            best = one.tuning[one.tuning["optimizer"] == optimizer].groupby("setting")[score].mean().max()
            assert set(chosen["measure"]) == {score.replace("final/val_", "val/")}
            assert chosen["score"].to_list() == pytest.approx([best] * len(chosen))
            assert set(chosen["tried"]) == {3}
            final = one.runs[one.runs["optimizer"] == f"{optimizer} (tuned)"]
            assert sorted(final["seed"]) == [0, 1, 2]
            for row in chosen.itertuples():
                assert (final[key_of(str(row.hyperparameter))] == row.value).all()


@pytest.mark.heavy
@pytest.mark.parametrize("after", [5, TUNING + 7])
def test_an_interrupted_sweep_over_problems_resumes(home: Path, nnbench: Command, trainer: Trainer, after: int) -> None:
    words = (*TWO, "report=none")
    trainer.patience = after
    assert nnbench(*words).status == 130
    trainer.patience = None
    said = nnbench(*words)
    assert said.status == 0, said.err
    assert len(trainer.trained) == TUNING + FINAL, "nothing was trained twice"
    resumed = (home / "results" / "tuned" / "selection.csv").read_bytes()
    apart = home / "apart"
    assert nnbench(*words, f"report.folder={apart}", f"tracking.uri=sqlite:///{apart}/mlflow.db").status == 0
    assert (apart / "tuned" / "selection.csv").read_bytes() == resumed


@pytest.mark.heavy
def test_every_page_on_tuning_is_of_one_problem(home: Path, nnbench: Command) -> None:
    pages = "report.pages=[cover,protocol,chosen,best_of_k,importance,sensitivity]"
    many = "tuning.configs=8", "tuning.seeds=[1000]", "tuning.searches=1", "training.epochs=25"
    words = "-m", "experiment=tuned", "problem=moons,diabetes", *many, "optimizer=sgd,adam", "seed=0,1", pages
    said = nnbench(*words)
    assert said.status == 0, said.err
    study = _study(home)
    for task in tasks(study):
        folder = home / "results" / "tuned" / task.folder
        summary = (folder / "summary.md").read_text()
        assert "8 configurations of each optimizer" in summary
        assert (folder / "report.pdf").exists()
        for page in ("chosen", "best_of_k", "importance"):
            assert (folder / "figures" / f"{page}.csv").exists(), page


@pytest.mark.heavy
def test_dry_run_lists_the_jobs_of_each_dataset(nnbench: Command) -> None:
    said = nnbench("-m", "experiment=tuned", "dataset=moons,spiral", *TINY, "optimizer=sgd,adam", "seed=0", "dry_run=true")
    assert said.status == 0, said.err
    lines = said.out.splitlines()
    assert len(lines) == TUNING + 2 * 2 + 2 * 2
    assert sum("dataset=moons" in line for line in lines) == TUNING / 2 + 2
    assert lines[-1] == "adam (tuned) on spiral with the best of its settings, on seed 0"
    repeated = nnbench("-m", "experiment=tuned", "dataset=moons,moons", *TINY, "optimizer=sgd", "seed=0", "dry_run=true")
    assert len(repeated.out.splitlines()) == 6 + 1 + 1
    noise = nnbench("-m", "experiment=tuned", "dataset.noise=0.1,0.2", *TINY, "optimizer=sgd", "seed=0", "dry_run=true")
    assert "sgd (tuned) on spiral noise=0.2 with the best" in noise.out
    search = nnbench("-m", "hydra/sweeper=tpe", "problem=moons,digits", "optimizer=sgd", "seed=0", "dry_run=true")
    assert "32 configs of sgd on digits that its search chooses, each on seed 0" in search.out


def _rates(said: CommandOutput) -> dict[str, set[str]]:
    """The learning rates of the listed jobs by problem."""
    rates: dict[str, set[str]] = {}
    for line in said.out.splitlines():
        if "++optimizer.learning_rate=" in line:
            words = dict(word.split("=", 1) for word in line.split() if "=" in word)
            rates.setdefault(words["problem"], set()).add(words["++optimizer.learning_rate"])
    return rates


@pytest.mark.heavy
def test_problems_share_no_configs_and_keep_theirs_when_another_is_added(nnbench: Command) -> None:
    words = "-m", "experiment=tuned", *TINY, "optimizer=adam", "seed=0", "dry_run=true"
    two = _rates(nnbench(*words, "problem=moons,diabetes"))
    assert len(two["moons"] | two["diabetes"]) == 6
    assert _rates(nnbench(*words, "problem=moons", "dataset.test_samples=50"))["moons"] == two["moons"]
    common = _rates(nnbench(*words, "problem=moons,diabetes", "tuning.common_configs=true"))
    assert common["moons"] == common["diabetes"]


def test_a_problem_may_declare_its_own_bounds(home: Path, nnbench: Command) -> None:
    folder = home / "own" / "problem"
    folder.mkdir(parents=True)
    text = (
        "# @package _global_\ndefaults:\n  - moons\nproblem: small_moons\nspace:\n  learning_rate: {low: 0.001, high: 0.002}\n"
    )
    (folder / "small_moons.yaml").write_text(text)
    words = "-m", "experiment=tuned", "--config-dir", str(home / "own"), "problem=moons,small_moons", *TINY
    said = nnbench(*words, "optimizer=adam", "seed=0", "dry_run=true")
    assert said.status == 0, said.err
    lines = {problem: [one for one in said.out.splitlines() if f"problem={problem} " in one] for problem in PROBLEMS}
    rates = {problem: [float(one.split("lr=")[1].split()[0]) for one in own[:6]] for problem, own in lines.items()}
    assert all(0.001 <= rate <= 0.002 for rate in rates["small_moons"])
    assert all(rate >= 0.005 for rate in rates["moons"])
