import logging

import numpy as np
import optuna
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from nnbench.stats.importance import importance


def halton(n: int, **ranges: tuple[float, float]) -> pd.DataFrame:
    points = qmc.Halton(len(ranges), rng=np.random.default_rng(0)).random(n)
    low, high = np.array(list(ranges.values())).T
    return pd.DataFrame(qmc.scale(points, low, high), columns=list(ranges))


@pytest.mark.heavy
def test_of_a_sum_each_explains_its_variance() -> None:
    """f = 3 x + y with x and y uniform: the variances are 9 to 1, without interaction."""
    table = halton(200, x=(0, 1), y=(0, 1), idle=(0, 1))
    found = importance(table.assign(value=3 * table["x"] + table["y"]))
    assert list(found.index) == ["x", "y", "idle"]
    assert found["x"] == pytest.approx(0.9, abs=0.05)
    assert found["y"] == pytest.approx(0.1, abs=0.05)
    assert found["idle"] < 0.02


def test_interactions_are_not_attributed_to_one_hyperparameter() -> None:
    table = halton(200, x=(0, 1), y=(0, 1))
    exclusive = ((table["x"] > 0.5) ^ (table["y"] > 0.5)).astype(float)
    assert importance(table.assign(value=exclusive)).sum() < 0.3


@pytest.fixture
def search() -> pd.DataFrame:
    table = halton(40, lr=(-4, 0), momentum=(0, 1))
    loss = (table["lr"] + 2) ** 2 + 0.5 * table["momentum"]
    return table.assign(lr=10 ** table["lr"], value=loss)


def test_loss_and_its_logarithm_agree(search: pd.DataFrame) -> None:
    found = importance(search, higher=False, log=["lr"])
    assert found.idxmax() == "lr"
    pd.testing.assert_series_equal(importance(search.assign(value=np.log(search["value"])), higher=False, log=["lr"]), found)
    pd.testing.assert_series_equal(importance(search.assign(value=-search["value"]), log=["lr"]), found)


def test_learning_rates_are_compared_on_the_scale_of_the_search(search: pd.DataFrame) -> None:
    """What happens under 0.01 is half of the search, but a hundredth of the range on a linear scale."""
    search["value"] = (search["lr"] < 0.01) + search["momentum"]
    by_exponent = importance(search.assign(lr=np.log10(search["lr"])))
    pd.testing.assert_series_equal(importance(search, log=["lr"]), by_exponent)
    assert by_exponent["lr"] > 0.6
    assert importance(search)["lr"] < 0.2


@settings(max_examples=5)
@given(st.data())
def test_the_order_of_rows_does_not_matter(data: st.DataObject) -> None:
    table = halton(12, x=(0, 1), y=(0, 1)).round(1)
    table["value"] = (4 * table["x"]).round() + table["y"]
    order = data.draw(st.permutations(range(len(table))))
    pd.testing.assert_series_equal(importance(table.iloc[order]), importance(table))


def test_diverged_values_rank_last_in_both_directions(search: pd.DataFrame) -> None:
    wild = search["lr"] > 0.1
    gone, awful = search["value"].mask(wild), search["value"].mask(wild, 1e9)
    pd.testing.assert_series_equal(
        importance(search.assign(value=gone), higher=False, log=["lr"]),
        importance(search.assign(value=awful), higher=False, log=["lr"]),
    )
    pd.testing.assert_series_equal(
        importance(search.assign(value=-gone), log=["lr"]), importance(search.assign(value=-awful), log=["lr"])
    )


def test_words_and_constants() -> None:
    table = pd.DataFrame({"activation": ["relu", "tanh"] * 10, "nesterov": [True, False] * 10, "decay": 1e-4})
    found = importance(table.assign(value=(table["activation"] == "relu") * 1.0))
    assert found["decay"] == 0.0
    assert found["activation"] + found["nesterov"] == pytest.approx(1.0, abs=0.2)


def test_nothing_to_explain() -> None:
    for values in ([], [0.5], [0.5, 0.5, 0.5], [np.nan, np.nan]):
        table = pd.DataFrame({"x": np.arange(float(len(values))), "value": np.array(values, dtype=float)})
        found = importance(table)
        assert list(found.index) == ["x"]
        assert found.isna().all()
    assert importance(pd.DataFrame({"x": [0.0, 1.0], "value": [0.1, 0.9]}))["x"] == pytest.approx(1.0)


def test_optuna_prints_nothing(search: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[logging.LogRecord] = []
    handler = logging.Handler()
    monkeypatch.setattr(handler, "emit", said.append)
    logging.getLogger("optuna").addHandler(handler)
    optuna.create_study()
    assert said  # it would, if it were let
    said.clear()
    importance(search)
    logging.getLogger("optuna").removeHandler(handler)
    assert not said
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
