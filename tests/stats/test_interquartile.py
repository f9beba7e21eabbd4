import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats.interquartile import RESAMPLES, interquartile_mean, middle_mean
from tests.oracles import interquartile

FLOATS = st.floats(-1e6, 1e6)


def test_the_middle_half_is_averaged() -> None:
    assert interquartile_mean([100.0, 2.0, 4.0, -100.0]).estimate == 3.0
    assert interquartile_mean(np.arange(8.0)).estimate == 3.5


def test_no_values_give_nan() -> None:
    none = interquartile_mean([])
    assert none.n == 0
    assert np.isnan([none.estimate, none.low, none.high]).all()


@pytest.mark.parametrize("n", range(1, MINIMUM_RUNS))
def test_a_few_values_have_no_interval(n: int) -> None:
    few = interquartile_mean(np.arange(n))
    assert (few.estimate, few.n) == ((n - 1) / 2, n)
    assert np.isnan([few.low, few.high]).all()


def test_equal_values_have_an_interval_of_zero_width() -> None:
    same = interquartile_mean([0.25] * 10)
    assert (same.low, same.estimate, same.high) == (0.25, 0.25, 0.25)


def test_nan_is_not_a_value() -> None:
    assert interquartile_mean([np.nan, 1.0, 2.0, np.nan, 4.0]) == interquartile_mean([1.0, 2.0, 4.0])


# n, values in order, and the mean of the middle half by hand: the two at the cuts count by the part that lies inside.
BY_HAND = {
    1: ([5.0], 5.0),
    2: ([0.0, 1.0], 0.5),
    3: ([0.0, 10.0, 40.0], (0.25 * 0 + 10 + 0.25 * 40) / 1.5),
    5: ([-9.0, 0.0, 1.0, 4.0, 99.0], (0.75 * 0 + 1 + 0.75 * 4) / 2.5),
    6: ([-9.0, 0.0, 1.0, 4.0, 8.0, 99.0], (0.5 * 0 + 1 + 4 + 0.5 * 8) / 3),
    7: ([-9.0, 0.0, 1.0, 4.0, 8.0, 16.0, 99.0], (0.25 * 0 + 1 + 4 + 8 + 0.25 * 16) / 3.5),
    10: ([-9.0, -9.0, 0.0, 1.0, 2.0, 3.0, 4.0, 20.0, 99.0, 99.0], (0.5 * 0 + 1 + 2 + 3 + 4 + 0.5 * 20) / 5),
}


@pytest.mark.parametrize("n", BY_HAND)
def test_the_values_at_the_cuts_count_in_part(n: int) -> None:
    values, expected = BY_HAND[n]
    assert interquartile_mean(values[::-1]).estimate == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", range(1, 26))
def test_is_the_mean_of_the_quantile_function_between_the_quarters(n: int) -> None:
    """Integrated numerically: at a million points in the middle half, the value that the step function has there."""
    values = np.random.default_rng(n).normal(size=n)
    at = np.linspace(0.25, 0.75, 1_000_000, endpoint=False) + 0.25e-6
    expected = np.sort(values)[np.floor(at * n).astype(int)].mean()
    assert interquartile_mean(values).estimate == pytest.approx(expected, abs=1e-4)
    assert float(interquartile(values)) == pytest.approx(expected, abs=1e-4), "so the oracle of the other tests is right too"


def test_interquartile_means_of_several_samples() -> None:
    """Rows have different numbers of values."""
    rows = np.array([[3.0, np.nan, 1.0, 2.0, 0.0, 40.0], [np.nan] * 6, [7.0, *[np.nan] * 5]])
    assert middle_mean(rows) == pytest.approx([float(interquartile([3.0, 1.0, 2.0, 0.0, 40.0])), np.nan, 7.0], nan_ok=True)


@pytest.mark.parametrize("n", [10, 20, 21])
def test_agrees_with_scipy(n: int) -> None:
    values = np.random.default_rng(7).gamma(2, size=n)
    ours = interquartile_mean(values)
    theirs = stats.bootstrap(
        (values,),
        interquartile,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert ours.estimate == pytest.approx(float(interquartile(values)))
    # Two draws of the same bootstrap: their bounds differ by what 9999 resamples leave to chance.
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.05 * (ours.high - ours.low))


def test_coverage_of_the_interval() -> None:
    rng = np.random.default_rng(3)
    hits = [(found := interquartile_mean(rng.normal(size=40), confidence=0.9)).low <= 0 <= found.high for _ in range(200)]
    assert 0.82 <= np.mean(hits) <= 0.95


@given(st.lists(FLOATS, min_size=MINIMUM_RUNS, max_size=12))
def test_the_mean_is_within_the_values_in_any_order(values: list[float]) -> None:
    found = interquartile_mean(values)
    slack = 1e-9 * max(1.0, *map(abs, values))
    assert min(values) - slack <= found.low <= found.high <= max(values) + slack
    assert interquartile_mean(sorted(values, reverse=True)) == found


@given(st.lists(FLOATS, min_size=MINIMUM_RUNS, max_size=10))
def test_a_higher_confidence_is_a_wider_interval(values: list[float]) -> None:
    narrow, wide = (interquartile_mean(values, confidence=confidence) for confidence in (0.5, 0.99))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high
