import numpy as np
import pandas as pd
import pytest

from nnbench.stats.generalisation import generalisation_gap


@pytest.fixture
def runs() -> pd.DataFrame:
    hard = np.random.default_rng(0).normal(size=20)  # seeds differ much, on all splits alike
    return pd.DataFrame(
        {
            "setting": "adam",
            "final/train_accuracy": 0.8 + hard,
            "final/val_accuracy": 0.75 + hard,
            "test/accuracy": 0.7 + hard,
            "final/train_loss": 0.3 + hard,
            "test/loss": 0.5 + hard,
        }
    )


def test_positive_is_worse_on_unseen_points(runs: pd.DataFrame) -> None:
    assert generalisation_gap(runs)["estimate"].tolist() == pytest.approx([0.1])
    assert generalisation_gap(runs, split="val")["estimate"].tolist() == pytest.approx([0.05])
    assert generalisation_gap(runs, measure="loss")["estimate"].tolist() == pytest.approx([0.2])


def test_a_common_effect_of_the_seed_does_not_widen_the_interval(runs: pd.DataFrame) -> None:
    row = generalisation_gap(runs).iloc[0]
    assert row["high"] - row["low"] < 1e-9
    assert row["n"] == 20


def test_a_run_without_a_split_does_not_count(runs: pd.DataFrame) -> None:
    runs.loc[3, "test/accuracy"] = np.nan
    assert generalisation_gap(runs)["n"].tolist() == [19]
    assert generalisation_gap(runs.assign(**{"test/accuracy": np.nan}))["estimate"].isna().all()
    assert generalisation_gap(runs.iloc[:0]).empty


def test_settings_keep_the_order_of_the_runs(runs: pd.DataFrame) -> None:
    both = pd.concat([runs.assign(setting="z"), runs.assign(setting="a", **{"test/accuracy": 0.0})])
    assert generalisation_gap(both)["setting"].tolist() == ["z", "a"]
