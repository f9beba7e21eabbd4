"""A PyTorch optimizer tuned and compared by one command, as those of this project are."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nnbench.report.findings.findings import Findings
from nnbench.tracking.mlflow.reader import read_study
from nnbench.tracking.mlflow.store import open_store
from tests.conftest import CommandOutput
from tests.sweep.conftest import Trainer

pytest.importorskip("torch")
pytestmark = pytest.mark.heavy


def test_a_pytorch_optimizer_is_tuned_over_its_learning_rate(
    home: Path, nnbench: Callable[..., CommandOutput], trainer: Trainer
) -> None:
    tuning = "tuning.searches=1", "tuning.configs=3", "tuning.seeds=[1000]"
    words = "problem=moons", "optimizer=torch.AdamW,adamw", "training.epochs=51", "seed=range(6)", *tuning
    said = nnbench("-m", "experiment=tuned", *words, "report.pages=[cover,chosen]")
    assert said.status == 0, said.err

    study = read_study(open_store(f"sqlite:///{home}/results/mlflow.db", None), "tuned")
    chosen = study.selection[study.selection["optimizer"] == "torch.AdamW"].set_index("hyperparameter")
    assert chosen.index[chosen["kind"] != "fixed"][0] == "learning_rate"
    tried = study.tuning[study.tuning["optimizer"] == "torch.AdamW"]
    assert len(tried) == 3
    best = float(chosen["value"]["learning_rate"])
    assert best in tried.nlargest(1, "final/val_accuracy", keep="all")["optimizer.learning_rate"].tolist()

    final = study.runs[study.runs["optimizer"] == "torch.AdamW (tuned)"]
    assert sorted(final["seed"]) == list(range(6))
    assert (final["optimizer.learning_rate"] == best).all()
    assert set(Findings(study).defaults) == {"torch.AdamW (tuned)", "adamw (tuned)"}
    table = pd.read_csv(home / "results" / "tuned" / "figures" / "cover.csv")
    assert set(table["setting"]) == {"torch.AdamW", "torch.AdamW (tuned)", "adamw", "adamw (tuned)"}
