import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.stats.probability_of_improvement import improvements, probability_of_improvement

VALUES = st.lists(st.floats(-100, 100) | st.integers(-2, 2).map(float), min_size=2, max_size=12)


@given(VALUES, VALUES)
def test_is_mann_whitneys_u_over_nm(first: list[float], second: list[float]) -> None:
    one, two = np.full((2, len(first) + len(second)), np.nan)
    one[: len(first)], two[len(first) :] = first, second  # runs of different seeds
    u = stats.mannwhitneyu(first, second).statistic
    assert probability_of_improvement(one, two).estimate == pytest.approx(u / (len(first) * len(second)))


def test_counted_by_hand() -> None:
    found = probability_of_improvement([3.0, 1.0], [2.0, 1.0])
    assert found.estimate == (1 + 1 + 0 + 0.5) / 4
    assert found.n == 2
    assert probability_of_improvement([3.0, 1.0], [2.0, 1.0], higher=False).estimate == 1.5 / 4


@given(VALUES, st.data())
def test_only_the_order_of_values_matters(first: list[float], data: st.DataObject) -> None:
    second = data.draw(st.lists(st.sampled_from([*first, 0.5]), min_size=len(first), max_size=len(first)))
    found = probability_of_improvement(first, second)
    ranks = stats.rankdata([*first, *second], method="dense").reshape(2, -1)
    assert probability_of_improvement(*ranks) == found
    falling = probability_of_improvement(-np.array(first), -np.array(second), higher=False)
    assert falling == found


@given(VALUES, st.randoms(use_true_random=False), st.data())
def test_neither_the_order_of_seeds_nor_of_settings_matters(first: list[float], random: object, data: st.DataObject) -> None:
    second = data.draw(st.lists(st.floats(-100, 100), min_size=len(first), max_size=len(first)))
    order = data.draw(st.permutations(range(len(first))))
    found = probability_of_improvement(first, second)
    shuffled = probability_of_improvement(np.array(first)[order], np.array(second)[order])
    swapped = probability_of_improvement(second, first)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    for other in (shuffled, swapped):
        sign = -1 if other is swapped else 1
        bounds = sorted(0.5 + sign * (np.array([other.low, other.estimate, other.high]) - 0.5))
        assert bounds == pytest.approx([found.low, found.estimate, found.high], abs=1e-9)


def test_few_or_no_values() -> None:
    none = probability_of_improvement([np.nan, 1.0], [np.nan, np.nan])
    assert none.n == 0
    assert np.isnan([none.estimate, none.low, none.high]).all()
    one = probability_of_improvement([2.0], [1.0])
    assert (one.estimate, one.n) == (1.0, 1)
    assert np.isnan([one.low, one.high]).all()
    two = probability_of_improvement([2.0, 3.0], [1.0, 0.0])
    assert two.low < 0.1  # two seeds show next to nothing, however clear they look
    assert two.high == 1.0


def test_the_interval_is_not_a_point_if_every_pair_is_won() -> None:
    found = probability_of_improvement(np.arange(20.0) + 100, np.arange(20.0))
    assert found.estimate == found.high == 1.0
    z2 = stats.t.ppf(0.975, 19) ** 2
    assert found.low == pytest.approx(20 / (20 + z2))  # Wilson's bound for 20 of 20


def test_equal_values_show_no_difference() -> None:
    found = probability_of_improvement([0.3] * 20, [0.3] * 20)
    assert found.estimate == pytest.approx(0.5)
    assert found.low < 0.35
    assert found.high > 0.65


def test_sharing_seeds_narrows_the_interval() -> None:
    rng = np.random.default_rng(0)
    seed, noise = rng.normal(size=20), 0.3 * rng.normal(size=20)
    first, second = seed + 0.3 + noise, seed
    paired = probability_of_improvement(first, second)
    nothing = np.full(20, np.nan)
    apart = probability_of_improvement(np.append(first, nothing), np.append(nothing, second))
    assert paired.estimate == apart.estimate
    assert paired.high - paired.low < 0.7 * (apart.high - apart.low)


def test_every_pair_of_settings() -> None:
    values = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, np.nan, 0.0], "c": [1.0, 2.0, 3.0]})
    table = improvements(values, higher=False).set_index(["first", "second"])
    assert table["estimate"].to_dict() == {("a", "b"): 0.0, ("a", "c"): 0.5, ("b", "c"): 1.0}
    assert table["n"].tolist() == [2, 3, 2]


def test_seeds_whose_parts_cancel_leave_an_interval() -> None:
    """Each of three seeds wins once for either setting, so that the estimated variance is only rounding error."""
    found = probability_of_improvement([2.0, 4.0, 6.0], [1.0, 3.0, 5.0])
    assert found.estimate == pytest.approx(2 / 3)
    assert found.low < 0.2
    assert found.high > 0.9
