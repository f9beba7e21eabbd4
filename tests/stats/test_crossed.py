"""The test and the interval over searches and seeds: closed forms, a null of many kinds, and a published variance."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnbench.stats import crossed
from nnbench.stats.crossed import FloatArray, crossed_test, difference_interval, difference_shown, interval
from nnbench.stats.interquartile import interquartile_mean, middle_mean
from nnbench.stats.signed_rank import compare as compare_signed_ranks
from nnbench.stats.signed_rank import holm


def test_with_one_search_of_each_the_test_is_a_paired_t_test_of_ranks() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 1, 12))
    ranks = stats.rankdata(np.concatenate([first[0], second[0] + 0.4])).reshape(2, 12)
    expected = stats.ttest_rel(*ranks)
    found = crossed_test(first, second + 0.4)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.n, found.sign) == (12, int(np.sign(expected.statistic)))


def test_searches_that_differ_alone_are_compared_by_welch() -> None:
    """Every seed has the same values: what remains is the t-test of the means of the searches, with Welch's freedom."""
    of_search = np.random.default_rng(1).normal([[0.0], [1.0]], size=(2, 5))
    first, second = (np.tile(one[:, None], (1, 8)) for one in of_search)
    ranks = stats.rankdata(np.concatenate([first.ravel(), second.ravel()])).reshape(2, 5, 8).mean(axis=2)
    assert crossed_test(first, second).p == pytest.approx(stats.ttest_ind(*ranks, equal_var=False).pvalue)


def test_values_that_are_the_same_do_not_differ() -> None:
    same = np.full((3, 6), 0.5)
    found = crossed_test(same, same)
    assert (found.p, found.sign, found.same) == (1.0, 0, True)


def test_a_diverged_run_is_worse_than_any_other_and_a_missing_one_leaves_its_seed_out() -> None:
    good = np.random.default_rng(2).normal(size=(3, 10))
    lost = good.copy()
    lost[:, :5] = -np.inf
    assert crossed_test(good, lost).sign == 1
    assert crossed_test(good, lost).p < 0.05
    lost[0, 7] = np.nan
    assert crossed_test(good, lost).n == 9


def test_two_searches_are_not_tested() -> None:
    values = np.random.default_rng(3).normal(size=(2, 10))
    assert np.isnan(crossed_test(values, values + 5).p)
    table = crossed.compare({"a": values, "b": values + 5, "c": values[:1] - 5}, [("a", "b"), ("b", "c")])
    assert not table["differ"].any()


def test_settings_without_searches_are_compared_by_the_signed_rank_test() -> None:
    values = pd.DataFrame(np.random.default_rng(4).normal([0, 1, 2], size=(15, 3)), columns=["a", "b", "c"])
    expected = compare_signed_ranks(values)
    arrays: dict[str, FloatArray] = {name: values[name].to_numpy()[None] for name in ("a", "b", "c")}
    found = crossed.compare(arrays, combinations("abc", 2))
    pd.testing.assert_frame_equal(found[expected.columns], expected)


def _studies(
    rng: np.random.Generator, optimizers: int, searches: int, seeds: int, search: float, pairing: float, run: float
) -> list[FloatArray]:
    """Values of optimizers that do not differ: effects of the seed, of the search, of optimizer and seed, and of the run."""
    of_seed = rng.normal(size=seeds)
    return [
        of_seed
        + search * rng.standard_t(4, size=(searches, 1))
        + pairing * rng.normal(size=seeds)
        + run * rng.normal(size=(searches, seeds))
        for _ in range(optimizers)
    ]


@pytest.mark.heavy
@pytest.mark.parametrize("searches", [3, 5])
@pytest.mark.parametrize("parts", [(1.0, 0.0, 0.3), (1.0, 1.0, 0.3), (0.0, 1.0, 1.0), (0.3, 0.3, 0.3), (0.0, 0.0, 1.0)])
def test_at_most_five_in_a_hundred_null_studies_show_a_difference(searches: int, parts: tuple[float, float, float]) -> None:
    """Of four optimizers, any of the six pairs; where searches matter, tests over seeds alone show one in most studies."""
    rng, studies, false, naive = np.random.default_rng(5), 400, 0, 0
    for _ in range(studies):
        values = _studies(rng, 4, searches, 12, *parts)
        pairs = list(combinations(values, 2))
        false += bool((holm([crossed_test(*pair).p for pair in pairs]) < 0.05).any())
        if parts[0] == 1.0:
            naive += bool((holm([stats.wilcoxon(a.mean(axis=0), b.mean(axis=0)).pvalue for a, b in pairs]) < 0.05).any())
    assert stats.binomtest(false, studies, 0.05, alternative="greater").pvalue > 0.01
    if parts == (1.0, 0.0, 0.3):
        assert naive > studies / 2


@pytest.mark.heavy
def test_the_difference_that_is_said_to_be_shown_is_shown_in_four_studies_of_five() -> None:
    rng, shown, studies = np.random.default_rng(6), 0, 300
    said = [difference_shown(*_studies(rng, 2, 5, 12, 0.3, 0.3, 0.3)) for _ in range(studies)]
    for _ in range(studies):
        first, second = _studies(rng, 2, 5, 12, 0.3, 0.3, 0.3)
        shown += crossed_test(first + np.median(said), second).p < 0.05
    assert 0.65 < shown / studies < 0.95


@pytest.mark.heavy
@pytest.mark.parametrize(("searches", "least"), [(3, 0.80), (5, 0.85)])
def test_the_interval_covers_the_true_value(searches: int, least: float) -> None:
    """Few searches give a narrow bootstrap, as few seeds do; one over seeds alone covers far less."""
    rng, covered, of_seeds, studies = np.random.default_rng(7), 0, 0, 150
    for _ in range(studies):
        values = 0.5 * rng.normal(size=(searches, 1)) + 0.5 * rng.normal(size=20) + 0.3 * rng.normal(size=(searches, 20))
        one, runs = interval(values), interquartile_mean(values.ravel())
        covered += one.low <= 0 <= one.high
        of_seeds += runs.low <= 0 <= runs.high
    assert covered / studies > least
    assert of_seeds < covered


def test_the_interval_is_of_the_mean_of_all_runs() -> None:
    values = np.random.default_rng(8).normal(size=(4, 7))
    one = interval(values)
    assert one.estimate == pytest.approx(float(middle_mean(values.ravel())))
    assert (one.n, one.searches) == (28, 4)
    assert one.low < one.estimate < one.high
    assert interval(values) == one
    assert np.isnan(interval(values[:, :5]).low)
    runs = pd.DataFrame(
        [(search, seed, values[search, seed]) for seed in range(7) for search in range(4)], columns=["search", "seed", "value"]
    )
    assert crossed.interval_of_runs(runs) == one
    assert crossed.interval_of_runs(runs[runs["search"] == 2]) == interquartile_mean(values[2])


def test_a_difference_that_seeds_share_has_a_narrow_interval() -> None:
    rng = np.random.default_rng(9)
    of_seed = rng.normal(size=20)
    first, second = (of_seed + shift + 0.01 * rng.normal(size=(3, 20)) for shift in (0.1, 0.0))
    one = difference_interval(first, second)
    assert 0 < one.low < 0.1 < one.high < 0.3


def test_correlation_within_a_seed() -> None:
    rng = np.random.default_rng(10)
    first, second = rng.normal(size=(2, 3, 9))
    expected = np.corrcoef(first.mean(axis=0), second.mean(axis=0))[0, 1]
    assert crossed.within_seed_correlation(first, second) == pytest.approx(expected)
    assert np.isnan(crossed.within_seed_correlation(first, np.zeros((3, 9))))
