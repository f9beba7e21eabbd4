import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.stats.anytime import mean_over_training


def curve(epochs: list[float], values: list[float], run: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"run_id": run, "epoch": epochs, "train_loss": values})


def test_the_mean_of_a_straight_line_is_its_middle() -> None:
    assert mean_over_training(curve([0, 30, 100], [1.0, 0.7, 0.0]), "train_loss", until=100)["a"] == pytest.approx(0.5)


def test_curves_are_cut_at_a_common_epoch() -> None:
    assert mean_over_training(curve([0, 100], [1.0, 0.0]), "train_loss", until=50)["a"] == pytest.approx(0.75)


def test_a_run_that_stopped_keeps_its_last_value() -> None:
    assert mean_over_training(curve([0, 50], [1.0, 0.0]), "train_loss", until=100)["a"] == pytest.approx(0.25)


def test_on_a_logarithmic_clock_every_doubling_counts_alike() -> None:
    epochs = np.arange(1024.0)
    falling = curve(epochs.tolist(), (10 - np.log2(1 + epochs)).tolist())
    assert mean_over_training(falling, "train_loss", until=1023, log=True)["a"] == pytest.approx(5.0)
    assert mean_over_training(falling, "train_loss", until=1023)["a"] == pytest.approx(1.44, abs=0.01)


@given(st.lists(st.floats(0, 10), min_size=2, max_size=8), st.booleans(), st.data())
def test_the_area_is_within_the_curve_in_any_order(values: list[float], log: bool, data: st.DataObject) -> None:
    epochs = [float(3 * place**2) for place in range(len(values))]
    both = pd.concat([curve(epochs, values), curve(epochs, values[::-1], "b")])
    found = mean_over_training(both, "train_loss", until=epochs[-1], log=log)
    assert min(values) - 1e-9 <= found["a"] <= max(values) + 1e-9
    order = data.draw(st.permutations(range(len(both))))
    shuffled = mean_over_training(both.iloc[order], "train_loss", until=epochs[-1], log=log)
    pd.testing.assert_series_equal(shuffled.sort_index(), found.sort_index())
    scaled = mean_over_training(both.assign(train_loss=both["train_loss"] * 2 + 1), "train_loss", until=epochs[-1], log=log)
    assert scaled["a"] == pytest.approx(2 * found["a"] + 1)


def test_too_few_runs_for_a_conclusion() -> None:
    assert mean_over_training(curve([0], [0.4]), "train_loss", until=0)["a"] == 0.4
    assert mean_over_training(curve([0], [0.4]), "train_loss", until=9)["a"] == 0.4
    assert np.isnan(mean_over_training(curve([0, 1], [np.nan, np.nan]), "train_loss", until=1)["a"])
    assert mean_over_training(curve([], []), "train_loss", until=1).empty
