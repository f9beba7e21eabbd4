"""Independent searches with the real store: own seeds, own choices, and one tuned optimizer for the reader."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from nnbench.records.study import Study
from nnbench.report.findings.comparison import by_search_and_seed
from nnbench.report.findings.findings import Findings
from nnbench.stats.crossed import FloatArray, crossed_test
from nnbench.stats.signed_rank import holm
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from nnbench.tuning.contender import search_sampler_seed, search_seeds
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer

Command = Callable[..., CommandOutput]
SIZE = "training.epochs=25", "dataset.samples=20", "dataset.val_samples=20", "dataset.test_samples=20"
THREE = "-m", "experiment=tuned", "tuning.searches=3", "tuning.seeds=[1000,1001]", "optimizer=sgd", *SIZE
# A grid has the same two configs in each search: at least two of the three choose the same.
WORDS = *THREE, "tuning.configs=2", "tuning.sampler=grid", "seed=range(6)"
TUNING = 3 * 2 * 2


def _study(home: Path) -> Study:
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "tuned")


@pytest.mark.heavy
def test_searches_are_one_tuned_optimizer(home: Path, nnbench: Command, trainer: Trainer) -> None:
    said = nnbench(*WORDS, "report.pages=[cover,protocol,chosen,searches]")
    assert said.status == 0, said.err
    assert "sgd (tuned), 3 searches: learning_rate=" in said.err
    study = _study(home)
    assert set(study.tuning["seed"]) == set(range(1000, 1006))
    assert study.selection.groupby("search")["hyperparameter"].nunique().tolist() == [5, 5, 5]
    rates = study.selection[study.selection["hyperparameter"] == "learning_rate"].set_index("search")["value"]
    assert 1 <= rates.nunique() <= 2
    for search in range(3):
        own = study.tuning[study.tuning["seed"].isin([1000 + 2 * search, 1001 + 2 * search])]
        best = own.groupby("optimizer.learning_rate")["final/val_accuracy"].mean()
        assert best[rates[search]] == best.max()

    # A setting that two searches chose is trained once, and counts twice.
    assert len(trainer.trained) == TUNING + 6 + 6 * rates.nunique()
    assert set(study.runs["setting"]) == {"sgd", "sgd (tuned)"}
    findings = Findings(study)
    tuned = findings.runs[findings.runs["tuned"]]
    assert tuned.groupby("search")["seed"].apply(sorted).tolist() == [[0, 1, 2, 3, 4, 5]] * 3
    assert (tuned["optimizer.learning_rate"] == tuned["search"].map(rates)).all()
    row = findings.ranking(findings.primary).iloc[0]
    assert (row["setting"], row["n"], row["searches"]) == ("sgd (tuned)", 18, 3)
    told = (home / "results" / "tuned" / "summary.md").read_text()
    assert "n = 18 (3 searches)" in told
    assert "3 independent searches" in told
    assert (home / "results" / "tuned" / "figures" / "searches.csv").exists()


@pytest.mark.heavy
@pytest.mark.parametrize("after", [5, TUNING + 4])
def test_interrupted_searches_over_problems_resume(home: Path, nnbench: Command, trainer: Trainer, after: int) -> None:
    searches = "tuning.searches=3", "tuning.seeds=[1000]", "tuning.configs=2", "training.epochs=25"
    words = ("-m", "experiment=tuned", "problem=moons,diabetes", *searches, "optimizer=sgd", "seed=0,1", "report=none")
    trainer.patience = after
    assert nnbench(*words).status == 130
    trainer.patience = None
    said = nnbench(*words)
    assert said.status == 0, said.err
    resumed = (home / "results" / "tuned" / "selection.csv").read_bytes()
    first = len(trainer.trained)
    apart = home / "apart"
    assert nnbench(*words, f"report.folder={apart}", f"tracking.uri=sqlite:///{apart}/mlflow.db").status == 0
    assert (apart / "tuned" / "selection.csv").read_bytes() == resumed
    assert len(trainer.trained) == 2 * first, "nothing was trained twice"


def test_searches_share_no_seed_with_each_other_or_with_the_final_runs(nnbench: Command) -> None:
    seeds = [seed for search in range(5) for seed in search_seeds([1000, 1003], search)]
    assert len(set(seeds)) == len(seeds)
    assert search_seeds([1000, 1003], 0) == [1000, 1003]
    of = "", *(f"problem {number}" for number in range(11))
    samplers = [search_sampler_seed(seed, search, task) for seed in range(3) for search in range(5) for task in of]
    assert len(set(samplers)) == len(samplers)
    assert search_sampler_seed(7, 0) == 7, "as in stores of earlier editions"
    said = nnbench(*THREE, "seed=1005")
    assert said.status == 2
    assert said.err.startswith("nnbench: tuning.seeds=[1000, 1001] tuning.searches=3: must hold none of the seeds")
    assert nnbench(*THREE, "tuning.searches=2").err.startswith("nnbench: tuning.searches=2: must be 1, or 3 or more")
    assert "not with hydra/sweeper=tpe" in nnbench("-m", "hydra/sweeper=tpe", "tuning.searches=3").err


@pytest.mark.heavy
def test_no_optimizer_differs_from_itself_when_it_is_tuned_again(home: Path, nnbench: Command, trainer: Trainer) -> None:
    """Three studies with other samples of the spaces and other tuning seeds, on the same final seeds."""
    values: list[dict[str, FloatArray]] = []
    for again in range(3):
        searches = (
            "tuning.searches=3",
            "tuning.configs=4",
            f"tuning.sampler_seed={again}",
            f"tuning.seeds=[{1000 + 100 * again}]",
        )
        words = "-m", "experiment=tuned", f"study=s{again}", "optimizer=sgd,adam", "seed=range(12)", "report=none", *searches
        said = nnbench(
            *words, "training.epochs=101", "dataset.samples=30", "dataset.val_samples=30", "dataset.test_samples=100"
        )
        assert said.status == 0, said.err
        findings = Findings(read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), f"s{again}"))
        runs = findings.values(findings.primary)
        values.append(by_search_and_seed(runs, ["sgd (tuned)", "adam (tuned)"]))
    for name in ("sgd (tuned)", "adam (tuned)"):
        tests = [crossed_test(one[name], other[name]) for one, other in combinations(values, 2)]
        assert all(test.n == 12 for test in tests)
        assert (holm([test.p for test in tests]) > 0.05).all(), (name, tests)
