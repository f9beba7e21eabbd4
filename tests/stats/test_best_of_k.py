from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.stats.best_of_k import best_of_k

VALUES = st.lists(st.floats(-10, 10) | st.integers(-1, 1).map(float), min_size=1, max_size=7)


@given(VALUES, st.booleans())
def test_is_the_mean_best_of_all_draws(values: list[float], higher: bool) -> None:
    best = max if higher else min
    table = best_of_k(values, higher=higher)
    assert table["k"].tolist() == list(range(1, len(values) + 1))
    for k, expected in table.itertuples(index=False):
        assert expected == pytest.approx(np.mean([best(draw) for draw in combinations(values, k)]), abs=1e-9)


@given(VALUES, st.integers(1, 4))
def test_a_diverged_value_is_the_worst(values: list[float], diverged: int) -> None:
    expected = best_of_k([*values, *[np.nan] * diverged])["expected"]
    with_worst = best_of_k([*values, *[-1e6] * diverged])["expected"]
    assert expected[:diverged].isna().all()
    assert expected[diverged:].tolist() == pytest.approx(with_worst[diverged:].tolist(), abs=1e-6)


def test_best_of_k_ranges_from_the_mean_to_the_best() -> None:
    values = np.random.default_rng(0).normal(size=2000)  # far more than factorials in floating point bear
    expected = best_of_k(values)["expected"]
    assert expected.iloc[0] == pytest.approx(values.mean())
    assert expected.iloc[-1] == pytest.approx(values.max())
    assert (expected.diff()[1:] > -1e-9).all()


def test_best_of_k_of_uniform_values_is_k_over_k_plus_one() -> None:
    n = 400
    table = best_of_k(np.arange(1, n + 1) / (n + 1))
    assert table["expected"].tolist() == pytest.approx((table["k"] / (table["k"] + 1)).tolist())


def test_nothing_tried_and_all_diverged() -> None:
    assert best_of_k([]).empty
    assert best_of_k([np.nan, np.nan])["expected"].isna().tolist() == [True, True]
