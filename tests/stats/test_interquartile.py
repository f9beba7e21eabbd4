import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.stats.interquartile import LEAST, RESAMPLES, interquartile_mean

FLOATS = st.floats(-1e6, 1e6)


def test_the_middle_half_is_averaged() -> None:
    assert interquartile_mean([100.0, 2.0, 4.0, -100.0]).estimate == 3.0
    assert interquartile_mean(np.arange(8.0)).estimate == 3.5


def test_nothing_is_known_of_no_value() -> None:
    none = interquartile_mean([])
    assert none.n == 0
    assert np.isnan([none.estimate, none.low, none.high]).all()


@pytest.mark.parametrize("n", range(1, LEAST))
def test_a_few_values_have_no_interval(n: int) -> None:
    few = interquartile_mean(np.arange(n))
    assert (few.estimate, few.n) == ((n - 1) / 2, n)
    assert np.isnan([few.low, few.high]).all()


def test_identical_values_leave_no_doubt() -> None:
    same = interquartile_mean([0.25] * 10)
    assert (same.low, same.estimate, same.high) == (0.25, 0.25, 0.25)


def test_nan_is_no_value() -> None:
    assert interquartile_mean([np.nan, 1.0, 2.0, np.nan, 4.0]) == interquartile_mean([1.0, 2.0, 4.0])


def test_agrees_with_scipy() -> None:
    values = np.random.default_rng(7).gamma(2, size=20)
    ours = interquartile_mean(values)

    def trimmed(sample: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
        return np.asarray(stats.trim_mean(sample, 0.25, axis=axis))

    theirs = stats.bootstrap(
        (values,),
        trimmed,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert ours.estimate == stats.trim_mean(values, 0.25)
    # Two draws of the same bootstrap: their bounds differ by what 9999 resamples leave to chance.
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.05 * (ours.high - ours.low))


def test_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    hits = [(found := interquartile_mean(rng.normal(size=40), confidence=0.9)).low <= 0 <= found.high for _ in range(200)]
    assert 0.82 <= np.mean(hits) <= 0.95


@given(st.lists(FLOATS, min_size=LEAST, max_size=12))
def test_lies_among_the_values_whatever_their_order(values: list[float]) -> None:
    found = interquartile_mean(values)
    slack = 1e-9 * max(1.0, *map(abs, values))
    assert min(values) - slack <= found.low <= found.high <= max(values) + slack
    assert interquartile_mean(sorted(values, reverse=True)) == found


@given(st.lists(FLOATS, min_size=LEAST, max_size=10))
def test_a_higher_confidence_is_a_wider_interval(values: list[float]) -> None:
    narrow, wide = (interquartile_mean(values, confidence=confidence) for confidence in (0.5, 0.99))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high
