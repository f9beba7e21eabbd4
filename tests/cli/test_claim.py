"""`nnbench claim`: stated before its runs, on new seeds, and the same answer when it is repeated."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nnbench.cli.claim import main as claim_main
from nnbench.records.claims import CLAIM, RESULT, Claim
from nnbench.stats.crossed import crossed_test
from nnbench.tracking.mlflow.reader import read_rows
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer, trainer  # noqa: F401  # a fixture

pytestmark = pytest.mark.usefixtures("trainer")
Command = Callable[..., CommandOutput]
TINY = "training.epochs=11", "dataset.samples=10", "dataset.val_samples=10", "dataset.test_samples=20", "report=none"
STUDY = "-m", "optimizer=sgd,adam", "seed=3,7", *TINY


@pytest.fixture
def claim(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `nnbench claim WORDS` in this process."""

    def run(*words: str) -> CommandOutput:
        monkeypatch.chdir(home)
        monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
        monkeypatch.setattr(sys, "argv", ["nnbench claim", *words])
        capsys.readouterr()
        return CommandOutput(claim_main(list(words)), *capsys.readouterr())

    return run


@pytest.mark.heavy
def test_a_claim_is_stated_then_run_then_repeated(home: Path, nnbench: Command, claim: Command, trainer: Trainer) -> None:  # noqa: F811
    assert nnbench(*STUDY).status == 0
    trainer.trained.clear()
    words = "adam", "beats", "sgd", "measure=final/train_loss", "seeds=6", "--json"

    trainer.patience = 3
    assert claim(*words).status == 130
    store = open_store(f"sqlite:///{home}/results/mlflow.db", None)
    stated = [row.tags[CLAIM] for row in read_rows(store, "comparison-claims") if CLAIM in row.tags]
    trainer.patience = None
    first = claim(*words)
    found = json.loads(first.out)
    assert found["shown"] == (first.status == 0) == (found["p"] <= 0.05)
    assert found["claim"]["seeds"] == [8, 9, 10, 11, 12, 13], "above all seeds of the study"
    assert {job.config.seed for job in trainer.trained} == set(range(8, 14))
    assert [Claim.from_json(one) for one in stated] == [Claim.from_json(json.dumps(found["claim"]))], (
        "as it was before the runs"
    )
    assert len(trainer.trained) == 12
    assert not found["repeated"]

    again = json.loads(claim(*words).out)
    assert again.pop("repeated")
    assert again == {key: value for key, value in found.items() if key != "repeated"}
    assert len(trainer.trained) == 12
    rows = [row for row in read_rows(store, "comparison-claims") if CLAIM in row.tags]
    assert len(rows) == 1
    assert json.loads(rows[0].tags[RESULT])["p"] == found["p"]

    other = json.loads(claim("sgd", "beats", "adam", *words[3:]).out)
    assert other["claim"]["seeds"] == list(range(14, 20)), "a new claim has new seeds"
    assert other["earlier_claims"] == 1
    assert nnbench("-m", "optimizer=sgd,adam", "seed=3,7", *TINY).out.count("2 reused") <= 1
    assert {row.values["seed"] for row in read_rows(store, "comparison") if "seed" in row.values} == {3, 7}


@pytest.mark.heavy
def test_the_seed_of_a_failed_run_counts_against_the_claim(nnbench: Command, claim: Command, trainer: Trainer) -> None:  # noqa: F811
    assert nnbench(*STUDY).status == 0
    trainer.failing = {8}
    found = json.loads(claim("adam", "beats", "sgd", "measure=final/train_loss", "seeds=5", "--json").out)
    assert found["failed"] == 2
    assert not found["shown"], "at most four of five seeds can be won"


def test_a_claim_of_an_earlier_version_is_read() -> None:
    claim = Claim(
        study="s",
        task="",
        first="a",
        second="b",
        configurations=(("1",), ("2",)),
        measure="test/loss",
        higher=False,
        margin=0.0,
        seeds=(0, 1),
        level=0.05,
        power=None,
    )
    assert Claim.from_json(claim.to_json()) == claim
    assert Claim.from_json(claim.to_json().replace('[["1"], ["2"]]', '["1", "2"]')) == claim


@pytest.mark.heavy
def test_a_claim_about_a_tuned_optimizer(home: Path, nnbench: Command, claim: Command, trainer: Trainer) -> None:  # noqa: F811
    searches = "tuning.searches=3", "tuning.configs=2", "tuning.seeds=[1000]"
    assert nnbench("-m", "experiment=tuned", "optimizer=sgd", "seed=0,1", *searches, *TINY).status == 0
    chosen = pd.read_csv(home / "results" / "tuned" / "selection.csv")
    rates = chosen[chosen["hyperparameter"] == "learning_rate"].set_index("search")["value"].astype(float)
    assert rates.nunique() == 3

    def trained() -> list[float]:
        found = sorted(job.config.nested()["optimizer"]["learning_rate"] for job in trainer.trained)
        trainer.trained.clear()
        return found

    trained()
    words = "measure=final/train_loss", "study=tuned", "seeds=6", "--json"
    said = claim("sgd (tuned)", "beats", "sgd", *words)
    found = json.loads(said.out)
    assert said.status == (0 if found["shown"] else 1)
    assert "t-test on ranks over 3 searches and the seeds, one-sided, 2.5 %" in " ".join(said.err.split())
    default = set(all_rates := trained()) - set(rates)
    assert all_rates == sorted([*rates, *default] * 6)
    assert [len(side) for side in found["claim"]["configurations"]] == [3, 1]
    assert found["claim"]["level"] == 0.025
    rows = [row for row in read_rows(open_store(f"sqlite:///{home}/results/mlflow.db", None), "tuned-claims") if row.metrics]
    of_run = [(row.values["optimizer.learning_rate"], row.values["seed"], row.metrics["final/train_loss"]) for row in rows]
    losses = pd.DataFrame(of_run, columns=["rate", "seed", "loss"]).pivot(index="rate", columns="seed", values="loss")
    expected = crossed_test(-losses.loc[list(rates)], -losses.loc[list(default)], alternative="greater")
    assert (found["n"], found["p"]) == (6, pytest.approx(expected.p))
    assert json.loads(claim("sgd (tuned)", "beats", "sgd", *words).out)["repeated"]
    assert trained() == []

    one = "sgd (tuned) search=1", "beats", "sgd (tuned) search=2"
    found = json.loads(claim(*one, "study=tuned", "seeds=5", "--json").out)
    assert (found["claim"]["first"], found["claim"]["second"]) == (one[0], one[2])
    assert trained() == sorted([rates[1], rates[2]] * 5)
    assert found["claim"]["power"] is not None
    assert found["claim"]["level"] == 0.05
    assert claim("sgd (tuned) search=7", "beats", "sgd", "study=tuned").err.endswith("sgd (tuned) has the searches 0, 1, 2\n")
    assert claim("sgd search=1", "beats", "sgd", "study=tuned").err.endswith("sgd was not chosen by several searches\n")


BAD_REQUESTS: list[tuple[list[str], str]] = [
    (["adam lr=0.3", "beats", "adam"], "adam lr=0.3: is no setting of the study; it has adam, sgd"),
    (["adam"], "adam: must be SETTING beats SETTING"),
    (["adam", "beats", "adam"], "adam beats adam: both are the setting adam"),
    (["adam", "beats", "lion"], "lion: is no setting of the study; it has adam, sgd"),
    (["adam", "beats", "sgd", "seeds=3"], "seeds=3: must be a whole number from 5 to 10,000"),
    (["adam", "beats", "sgd", "margin=-1"], "margin=-1: must be a number of at least 0"),
    (["adam", "beats", "sgd", "measure=test/acuracy"], "measure=test/acuracy: must be one of final/train_loss"),
    (["adam", "beats", "sgd", "task=moons"], "task=moons: must be one of the tasks of study comparison"),
    (["adam", "beats", "sgd", "study=absent"], "study=absent: no study of that name"),
]


@pytest.mark.heavy
def test_a_bad_request_is_one_line(nnbench: Command, claim: Command) -> None:
    assert nnbench(*STUDY).status == 0
    for words, message in BAD_REQUESTS:
        said = claim(*words)
        assert (said.status, said.out) == (2, ""), words
        assert message in said.err
        assert said.err.count("\n") == 1
