"""The protocol of `experiment=tuned` with the real store: tuning, selection and comparison."""

import itertools
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnbench.records.ranking import Score, score
from nnbench.records.study import Study
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.faults.conftest import Place, place  # noqa: F401  # a fixture
from tests.sweep.conftest import Trainer

Command = Callable[..., CommandOutput]
SIZE = "training.epochs=25", "dataset.samples=20", "dataset.val_samples=20", "dataset.test_samples=20"
STUDY = "-m", "experiment=tuned", "tuning.searches=1", *SIZE, "report=none"
TINY = *STUDY, "tuning.configs=3", "tuning.seeds=[1000,1001]"
SMALL = *TINY, "optimizer=sgd,adam", "seed=0,1,2"
TUNING, FINAL = 2 * 3 * 2, 2 * 2 * 3


def _study(home: Path, name: str = "tuned") -> Study:
    return read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), name)


def _selection(home: Path) -> bytes:
    return (home / "results" / "tuned" / "selection.csv").read_bytes()


def test_the_protocol(home: Path, nnbench: Command, trainer: Trainer) -> None:
    said = nnbench(*SMALL)
    assert said.status == 0, said.err
    study = _study(home)

    # As many configs for each, on the tuning seeds, and nothing that could have been read off the test points.
    tuning = study.tuning
    assert (tuning["stage"] == "tuning").all()
    assert len(tuning) == TUNING
    assert set(tuning["seed"]) == {1000, 1001}
    assert tuning.groupby("optimizer")["setting"].nunique().to_dict() == {"adam": 3, "sgd": 3}
    assert (tuning.groupby("setting")["seed"].nunique() == 2).all()
    assert (tuning["dataset.test_samples"] == 0).all()
    assert tuning["test/accuracy"].isna().all()
    assert tuning["test/loss"].isna().all()
    assert {job.config.dataset.values["test_samples"] for job in trainer.trained[:TUNING]} == {0}

    # What is compared: default and winner of each, on all of the fresh seeds and on none of the others.
    runs = study.runs
    assert (runs["stage"] == "final").all()
    assert len(runs) == FINAL
    assert set(runs["optimizer"]) == {"sgd", "sgd (tuned)", "adam", "adam (tuned)"}
    assert (runs["setting"] == runs["optimizer"]).all()
    assert runs.groupby("optimizer")["seed"].apply(sorted).tolist() == [[0, 1, 2]] * 4
    assert runs["test/accuracy"].notna().all()
    assert set(study.curves["run_id"]) == set(runs["run_id"])

    # The winner has the highest mean validation accuracy of its optimizer, and the final runs have its setting.
    for optimizer in ("sgd", "adam"):
        own = tuning[tuning["optimizer"] == optimizer].groupby("setting")
        best = own["final/val_accuracy"].mean().max()
        chosen = study.selection[study.selection["optimizer"] == optimizer]
        assert chosen["score"].tolist() == pytest.approx([best] * len(chosen))
        final = runs[runs["optimizer"] == f"{optimizer} (tuned)"]
        default = runs[runs["optimizer"] == optimizer]
        for row in chosen.itertuples():
            assert (final[f"optimizer.{row.hyperparameter}"] == row.value).all()
            assert (default[f"optimizer.{row.hyperparameter}"] == row.default).all()
    assert "sgd (tuned): learning_rate=" in said.err

    # All of it belongs to one sweep, which keeps what was chosen.
    assert study.sweeps["status"].tolist() == ["FINISHED"]
    (sweep,) = map(str, study.sweeps["run_id"])
    assert set(tuning["sweep_id"]) == set(runs["sweep_id"]) == {sweep}
    client = open_store(f"sqlite:///{home}/results/mlflow.db", None).client
    assert "selection.csv" in {file.path for file in client.list_artifacts(sweep)}
    assert client.get_run(sweep).data.params["tuning.sampler"] == "halton"


@pytest.mark.heavy
def test_the_report_is_drawn_from_the_final_runs(home: Path, nnbench: Command, trainer: Trainer) -> None:
    words = (*TINY, "optimizer=sgd", "seed=0", "report=comparison", "report.pages=[cover,runs]")
    assert nnbench(*words).status == 0
    told = pd.read_csv(home / "results" / "tuned" / "figures" / "runs.csv")
    assert set(told["run_id"]) == set(_study(home).runs["run_id"])
    assert (home / "results" / "tuned" / "report.pdf").exists()


@pytest.mark.heavy
def test_the_same_command_runs_nothing_again(home: Path, nnbench: Command, trainer: Trainer) -> None:
    nnbench(*SMALL)
    chosen, trained = _selection(home), len(trainer.trained)
    said = nnbench(*SMALL)
    assert said.status == 0
    assert len(trainer.trained) == trained == TUNING + FINAL
    assert f"tuning, {TUNING} runs: {TUNING} reused from before, 0 to do" in said.err
    assert f"final stage, {FINAL} runs: {FINAL} reused from before, 0 to do" in said.err
    assert _selection(home) == chosen


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("sampler", "after"),
    [("halton", TUNING + 5), ("halton", 5), ("tpe", 5)],
)
def test_an_interrupted_study_resumes_with_the_same_selection(
    home: Path, nnbench: Command, trainer: Trainer, sampler: str, after: int
) -> None:
    words = (*SMALL, f"tuning.sampler={sampler}")
    trainer.patience = after
    said = nnbench(*words)
    assert said.status == 130
    assert "interrupted" in said.err
    trainer.patience = None
    said = nnbench(*words)
    assert said.status == 0, said.err
    assert "reused from before" in said.err
    assert len(trainer.trained) == TUNING + FINAL, "nothing was trained twice"
    resumed = _selection(home)

    uninterrupted = home / "apart"
    again = nnbench(*words, f"report.folder={uninterrupted}", f"tracking.uri=sqlite:///{uninterrupted}/mlflow.db")
    assert again.status == 0, again.err
    assert (uninterrupted / "tuned" / "selection.csv").read_bytes() == resumed


def test_a_report_during_tuning(home: Path, nnbench: Command, trainer: Trainer) -> None:
    trainer.patience = 3
    nnbench(*SMALL)
    study = _study(home)
    assert study.runs.empty
    assert sorted(study.tuning["outcome"]) == ["finished"] * 3 + ["killed"]
    assert study.selection.empty


@pytest.mark.heavy
def test_resume_false_repeats_all_runs(home: Path, nnbench: Command, trainer: Trainer) -> None:
    words = (*TINY, "optimizer=sgd", "seed=0")
    nnbench(*words)
    assert nnbench(*words, "resume=false").status == 0
    assert len(trainer.trained) == 2 * (3 * 2 + 2)
    assert len(_study(home).runs) == 2


@pytest.mark.heavy
def test_extend_widens_a_space_whose_best_setting_is_on_its_edge(home: Path, nnbench: Command, trainer: Trainer) -> None:
    bounds = ("space.learning_rate.low=1e-3", "space.learning_rate.high=0.03")
    narrow = (*TINY, "optimizer=adam", "seed=0,1", *bounds, "tuning.sampler=grid", "training.epochs=100")
    assert "extend=true widens its space" in nnbench(*narrow).err
    before = _study(home).selection.set_index("hyperparameter").loc["learning_rate"]
    assert (before["value"], before["edge"], before["high"], before["configs"]) == (0.03, "high", 0.03, 3)

    said = nnbench(*narrow, "extend=true")
    assert said.status == 0
    assert "tuning, 6 runs: 6 reused from before" in said.err
    rounds = said.err.count("tuning in wider spaces")
    assert 1 <= rounds <= 3
    study = _study(home)
    after = study.selection.set_index("hyperparameter").loc["learning_rate"]
    assert after["high"] == pytest.approx(0.03 * 30 ** ((4 / 3) ** rounds - 1), rel=1e-2)
    assert after["low"] == 1e-3
    assert 3 < after["configs"] <= 3 * (1 + rounds)
    assert after["score"] >= before["score"]
    assert (after["edge"] == "high") == ("its space has been widened 3 times" in said.err)
    assert study.tuning["setting"].nunique() == after["configs"]


@pytest.mark.heavy
def test_a_new_selection_replaces_the_earlier_one(home: Path, nnbench: Command, trainer: Trainer) -> None:
    words = (*TINY, "optimizer=adam", "seed=0,1")
    nnbench(*words)
    first = _study(home)
    nnbench(*words, "tuning.sampler_seed=1")
    second = _study(home)
    assert len(second.tuning) == 2 * len(first.tuning)
    for study in (first, second):
        chosen = study.selection.set_index("hyperparameter").loc["learning_rate", "value"]
        assert set(study.runs.loc[study.runs["optimizer"] == "adam (tuned)", "optimizer.learning_rate"]) == {chosen}
        assert len(study.runs) == 2 * 2
    default, other = (set(study.runs.loc[study.runs["optimizer"] == "adam", "run_id"]) for study in (first, second))
    assert default == other
    nnbench(*words)  # going back to the first command goes back to its choice
    assert set(_study(home).runs["run_id"]) == set(first.runs["run_id"]) != set(second.runs["run_id"])


def test_values_of_the_command_line_are_not_tuned(home: Path, nnbench: Command, trainer: Trainer) -> None:
    nnbench(*TINY, "optimizer=sgd", "optimizer.momentum=0.5", "seed=0")
    study = _study(home)
    assert set(study.tuning["optimizer.momentum"]) == set(study.runs["optimizer.momentum"]) == {0.5}
    kinds = study.selection.set_index("hyperparameter")["kind"].to_dict()
    assert {key: kind for key, kind in kinds.items() if kind != "fixed"} == {"learning_rate": "log", "decay": "log"}
    assert kinds["momentum"] == "fixed"


@pytest.mark.parametrize("sampler", ["halton", pytest.param("tpe", marks=pytest.mark.heavy)])
def test_keys_of_other_sections_are_tuned_beside_hyperparameters(
    home: Path, nnbench: Command, trainer: Trainer, sampler: str
) -> None:
    axes = (
        "+space.network.hidden={kind: choice, values: [[4], [8, 8]]}",
        "+space.network.initial_scale={kind: log, low: 0.01, high: 1.0}",
    )
    said = nnbench(*TINY, "optimizer=sgd", "seed=0,1", f"tuning.sampler={sampler}", *axes)
    assert said.status == 0, said.err
    study = _study(home)
    assert len(set(study.tuning["network.initial_scale"])) == 3
    chosen = study.selection.set_index("hyperparameter")
    searched = chosen.index[chosen["kind"] != "fixed"]
    assert list(searched) == ["learning_rate", "momentum", "decay", "network.hidden", "network.initial_scale"]
    assert dict(chosen["default"].astype(str))["network.hidden"] == "[64]"
    assert set(chosen["tried"]) == {3}
    tuned = study.runs[study.runs["tuned"]]
    assert set(tuned["network.initial_scale"]) == {chosen.loc["network.initial_scale", "value"]}
    assert set(tuned["network.hidden"].astype(str)) == {str(chosen.loc["network.hidden", "value"])}
    assert set(study.runs.loc[~study.runs["tuned"], "network.hidden"].astype(str)) == {"[64]"}
    assert f"sgd (tuned): learning_rate={float(str(chosen.loc['learning_rate', 'value'])):g}" in said.err
    trained = len(trainer.trained)
    assert nnbench(*TINY, "optimizer=sgd", "seed=0,1", f"tuning.sampler={sampler}", *axes).status == 0
    assert len(trainer.trained) == trained


def test_an_optimizer_that_always_diverges_keeps_its_default(home: Path, nnbench: Command, trainer: Trainer) -> None:
    wild = ("space.learning_rate.low=1e20", "space.learning_rate.high=1e30")
    said = nnbench(*TINY, "optimizer=adam", "seed=0", *wild)
    assert said.status == 0, said.err
    assert "adam (tuned): no run of any of its configs finished" in said.err
    assert set(_study(home).runs["optimizer"]) == {"adam"}


@pytest.mark.heavy
def test_under_a_launcher_of_hydras_own(home: Path, nnbench: Command) -> None:
    said = nnbench(*STUDY, "hydra/launcher=basic", "optimizer=adam", "seed=0,1", "tuning.configs=2", "tuning.seeds=[1000]")
    assert said.status == 0, said.err
    study = _study(home)
    assert (len(study.tuning), len(study.runs)) == (2, 4)
    (sweep,) = study.sweeps["run_id"]
    assert set(study.runs["sweep_id"]) == set(study.tuning["sweep_id"]) == {sweep}
    assert study.tuning["test/accuracy"].isna().all()


@pytest.mark.heavy
def test_dry_run_of_a_search_lists_the_first_trials(nnbench: Command) -> None:
    said = nnbench(*SMALL, "dry_run=true")
    lines = said.out.splitlines()
    assert len(lines) == TUNING + 2 * 3 + 2
    assert lines[-1] == "adam (tuned) with the best of its settings, on seed 0, 1, 2"
    assert len(nnbench(*SMALL, "tuning.defaults=false", "dry_run=true").out.splitlines()) == TUNING + 2
    assert "3 configs of sgd" in nnbench(*SMALL, "tuning.sampler=tpe", "dry_run=true").out
    assert not list(Path().iterdir())


MISTAKES = {
    "tuning.sampler=sobol": "tuning.sampler=sobol: must be one of halton, random, grid, tpe",
    "tuning.configs=0": "tuning.configs=0: must be a whole number >= 1",
    "tuning.configs=many": "tuning.configs=many: must be a whole number >= 1",
    "tuning.seeds=[]": r"tuning.seeds=[]: must be a list of at least 1, each a whole number >= 0",
    "tuning.seeds=[-1]": "tuning.seeds[0]=-1: must be a list",
    "tuning.sampler_seed=x": "tuning.sampler_seed=x: must be a whole number >= 0",
    "tuning.sed=1": "tuning.sed: no such key; did you mean tuning.seeds?",
    "+tuning.foo=1": "tuning.foo: no such key",
    "extend=maybe": "extend=maybe: must be true or false",
    "seed=1000,1 tuning.seeds=[1000]": "tuning.seeds=[1000]: must hold none of the seeds",
    "seed=-1,0": "seed=-1: must be a whole number >= 0",
    "training.epochs=10,20": "training.epochs: must be one value",
    "optimizer.learning_rate=0.1,0.2": "optimizer.learning_rate: must be one value",
    "space=tiger": "space=tiger: no such option; declare conf/space/tiger.yaml, or take one of adagrad, adam",
    "optimizer=rmsprop_default": "space=rmsprop_default: no such option; declare conf/space/rmsprop_default.yaml",
    "optimizer=adam space=sgd": "space.momentum.low=0.0: optimizer.momentum: no such key",
    "optimizer=adam +space.rho.kind=log": "space.rho.low: is missing",
    "optimizer=adam space.learning_rate.low=1": "space.learning_rate.low=1: must be < space.learning_rate.high=0.5",
    "space.learning_rate.low=0": "space.learning_rate.low=0: must be > 0 on a log axis",
    "space.learning_rate.kind=lg": "space.learning_rate.kind=lg: must be one of log, linear",
    "optimizer=adam space.beta_1.high=1.5": "space.beta_1.high=1.5: optimizer.beta_1=1.5: must be a number >= 0 and < 1",
    "optimizer=adam dataset.val_samples=0": "dataset.val_samples=0: must be greater, since settings are chosen on",
    "optimizer=sgd,sgd": "optimizer.name=sgd: must differ between the optimizers that are tuned",
    "optimizer=sgd grids.optimizer.sgd.momentum=0,1": "grids.optimizer.sgd.momentum: a sweeper that tunes searches the spaces",
    "tuning.sampler=tpe hydra/launcher=basic": "hydra/launcher=BasicLauncher: must be local, dask or dask_slurm for",
}


@pytest.mark.heavy
@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_reported_in_one_line_before_anything_starts(nnbench: Command, words: str) -> None:
    said = nnbench(*STUDY, *words.split())
    assert said.status == 2
    (line,) = said.err.splitlines()
    assert line.startswith(f"nnbench: {MISTAKES[words]}")
    assert not list(Path().iterdir())


def test_the_selection_rule() -> None:
    ranked = [
        score([(0.9, 0.2), (0.7, 0.6)]),
        score([(0.8, 0.5), (0.8, 0.5)]),  # the same accuracy at a higher loss
        score([(0.5, 0.9), (0.5, 0.9)]),
        score([(1.0, 0.0), None]),  # however good the rest: one run was lost
        score([None, None]),
    ]
    assert all(better < worse for better, worse in itertools.pairwise(ranked))
    values = [each.value for each in ranked]
    assert values == sorted(values, reverse=True)
    assert np.isfinite(values).all()
    assert score([(0.25, 1.0)]) == Score(0, -0.25, 1.0)
    assert score([(0.25, 1.0)]).accuracy == 0.25


@pytest.mark.heavy
def test_a_killed_study_resumes_with_the_same_selection(place: Place) -> None:  # noqa: F811
    words = (
        "-m",
        "experiment=tuned_quick",
        "optimizer=sgd,adam",
        "seed=range(4)",
        "training.epochs=2000",
        "dataset.samples=30",
        "report=none",
    )
    sweep = place.start(*words)
    place.wait_until(lambda place: place.states()["FINISHED"] >= 10)
    sweep.send_signal(signal.SIGKILL)
    sweep.communicate()
    again = place.run(*words)
    assert again.returncode == 0, again.stderr
    selection = place.folder / "results" / "tuned_quick" / "selection.csv"
    resumed = selection.read_bytes()
    assert place.run(*words, "resume=false").returncode == 0
    assert selection.read_bytes() == resumed
