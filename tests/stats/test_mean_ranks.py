from collections.abc import Callable
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnbench.stats import crossed
from nnbench.stats.mean_ranks import MeanRanks, mean_ranks, step_down, with_tests
from tests.stats.test_friedman import DEMSAR


def seeds(values: np.ndarray, names: str = "abcdefghijklmnopqrs") -> pd.DataFrame:
    """One row a seed, each a unit."""
    return pd.DataFrame(values, columns=list(names)[: values.shape[1]])


def suite(values: np.ndarray, names: str = "abcdefghijklmnopqrs") -> pd.DataFrame:
    """Shape (problems, seeds, settings): one row a problem and seed, each problem a unit."""
    index = pd.MultiIndex.from_product([range(values.shape[0]), range(values.shape[1])], names=["problem", "seed"])
    return pd.DataFrame(values.reshape(-1, values.shape[2]), index=index, columns=list(names)[: values.shape[2]])


def test_ranks_of_a_table_made_by_hand() -> None:
    """Two problems with two seeds: ranks a 1 1 | 3 2, b 2 3 | 1 1, c 3 2 | 2 3; the mean of problem 0 is a 1, b 2.5, c 2.5."""
    values = np.array([[[9, 5, 1], [9, 2, 3]], [[1, 8, 4], [5, 7, -np.inf]]], dtype=float)
    found = mean_ranks(suite(values))
    assert found.by_unit[list("abc")].to_numpy()[0].tolist() == [1, 2.5, 2.5]
    assert found.by_unit[list("abc")].to_numpy()[1].tolist() == [2.5, 1, 2.5]
    assert found.ranks.to_dict() == {"a": 1.75, "b": 1.75, "c": 2.5}
    assert (found.units, found.blocks, found.can_claim, found.differing) == (2, 4, False, [])


def test_ranks_agree_with_the_published_example_of_demsar() -> None:
    """Nemenyi's test finds nothing at 5 %, and two pairs at 10 %."""
    found = mean_ranks(DEMSAR)
    assert found.ranks.round(3).to_dict() == {"C4.5+m+cf": 1.964, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5": 3.143}
    first, second = found.pairs.head(2).to_dict("records")
    assert (first["better"], first["worse"], second["better"], second["worse"]) == ("C4.5+m+cf", "C4.5", "C4.5+m", "C4.5")
    assert set(found.differing) <= {("C4.5+m+cf", "C4.5"), ("C4.5+m", "C4.5")}


def test_p_values_of_two_settings_are_those_of_all_signs() -> None:
    differences = np.random.default_rng(0).normal(0.6, 1, size=(8, 1))
    means = [abs(np.mean(np.array(signs) * differences[:, 0])) for signs in product([-1, 1], repeat=8)]
    exact = np.mean(np.array(means) >= abs(differences.mean()) - 1e-12)
    assert step_down(differences)[0] == pytest.approx(exact)


def test_p_values_step_down() -> None:
    """By hand, over two units: signs ++ and +-; means 2 and 0.5, changed to 1 and 0.5. The larger is tested against both."""
    differences = np.array([[3.0, 0.0], [1.0, 1.0]])
    assert step_down(differences).tolist() == [0.5, 1.0]
    # With the first alone rejected, the second is tested without it, and would be rejected at 0.5 if its signs agreed.
    assert step_down(np.array([[3.0, 0.4], [1.0, 0.6]])).tolist() == [0.5, 0.5]


def test_more_units_than_are_enumerated() -> None:
    differences = np.random.default_rng(0).normal(0.5, 1, size=(30, 3))
    each = [stats.ttest_1samp(differences[:, at], 0).pvalue for at in range(3)]
    found = step_down(differences)
    assert (found >= np.array(each) - 0.02).all(), "corrected"
    assert found.min() < 0.01


def test_the_unit_is_the_problem() -> None:
    """One problem with a hundred seeds is one unit; the result does not depend on how often a block is repeated."""
    once = np.random.default_rng(1).normal(size=(7, 1, 4))
    assert not mean_ranks(suite(np.repeat(once[:1], 100, axis=1))).can_claim
    one, many = mean_ranks(suite(once)), mean_ranks(suite(np.repeat(once, 100, axis=1)))
    pd.testing.assert_frame_equal(one.pairs, many.pairs)


def test_a_setting_that_wins_everywhere_differs_from_the_last() -> None:
    values = np.random.default_rng(2).normal(size=(10, 3, 6)) + 10 * np.array([3, 2, 2, 1, 1, 0])
    found = mean_ranks(suite(values))
    assert ("a", "f") in found.differing
    assert "a" in found.not_worse
    assert "f" not in found.not_worse
    assert found.pairs["p"].min() < 0.01


@pytest.mark.parametrize("values", [np.ones((8, 3)), np.ones((8, 1)), np.empty((0, 3)), np.full((8, 2), np.nan)])
def test_nothing_is_claimed_of_nothing(values: np.ndarray) -> None:
    found = mean_ranks(seeds(values))
    assert found.differing == []
    assert found.not_worse == frozenset()


def _alike(rng: np.random.Generator, problems: int, settings: int) -> np.ndarray:
    """No setting is better anywhere; seeds of a problem share their luck."""
    return rng.normal(size=(problems, 5, 1)) + rng.normal(size=(problems, 5, settings))


def _correlated(rng: np.random.Generator, problems: int, settings: int) -> np.ndarray:
    """Each problem has its own order, which nearly all of its seeds show; over all problems, no setting is better."""
    return 3 * rng.normal(size=(problems, 1, settings)) + 0.3 * rng.normal(size=(problems, 5, settings))


def _two_extreme(rng: np.random.Generator, problems: int, settings: int) -> np.ndarray:
    """Two equal settings are first or last by chance; the others are in the middle, and equal too."""
    scale = np.where(np.arange(settings) < 2, 50.0, 1.0)
    return scale * rng.normal(size=(problems, 1, settings)) + 0.1 * rng.normal(size=(problems, 5, settings))


def _one_is_best(rng: np.random.Generator, problems: int, settings: int) -> np.ndarray:
    """The last setting is always the best; the others are equal, and vary as in `_two_extreme`."""
    values = _two_extreme(rng, problems, settings)
    values[..., -1] = 1000
    return values


Draw = Callable[[np.random.Generator, int, int], np.ndarray]


@pytest.mark.heavy
@pytest.mark.parametrize("settings", [3, 19])
@pytest.mark.parametrize("problems", [6, 12])
@pytest.mark.parametrize("draw", [_alike, _correlated, _two_extreme, _one_is_best])
def test_false_claims_across_a_suite_are_rare(draw: Draw, problems: int, settings: int) -> None:
    """At most 5 % of suites are said to have a difference between settings that are equal (at the level 0.001)."""
    rng, suites = np.random.default_rng(3), 2000 // settings
    best = "abcdefghijklmnopqrs"[settings - 1] if draw is _one_is_best else ""
    found = [mean_ranks(suite(draw(rng, problems, settings))).differing for _ in range(suites)]
    wrong = sum(any(better != best for better, _ in pairs) for pairs in found)
    assert stats.binomtest(wrong, suites, 0.05, alternative="greater").pvalue > 0.001


@pytest.mark.heavy
def test_seeds_as_units_would_claim_too_much() -> None:
    """Why the unit is the problem: with each problem and seed as a unit, most null suites have a difference."""
    rng = np.random.default_rng(4)
    suites = [_correlated(rng, 8, 6) for _ in range(100)]
    assert sum(bool(mean_ranks(seeds(one.reshape(-1, 6))).differing) for one in suites) > 50


def _searched(rng: np.random.Generator, searches: int, search: float) -> tuple[MeanRanks, MeanRanks]:
    """One problem with four equal optimizers and ten seeds, tested over seeds alone, and over searches and seeds.

    `search` is the standard deviation between searches.
    """
    of_seed, names = rng.normal(size=10), "abcd"
    values = {
        name: of_seed + search * rng.normal(size=(searches, 1)) + 0.3 * rng.normal(size=(searches, 10)) for name in names
    }
    ranks = mean_ranks(pd.DataFrame({name: one.mean(axis=0) for name, one in values.items()}))
    return ranks, with_tests(ranks, crossed.compare(values, combinations(names, 2)), higher=True)


@pytest.mark.heavy
@pytest.mark.parametrize(("searches", "search"), [(3, 0.3), (5, 1.0)])
def test_false_claims_within_a_problem_are_rare_where_the_searches_differ(searches: int, search: float) -> None:
    """At most 5 % of problems have a difference between tuned optimizers that are equal; tests over seeds find one in most."""
    rng = np.random.default_rng(6)
    found = [_searched(rng, searches, search) for _ in range(300)]
    wrong = sum(bool(over_searches.differing) for _, over_searches in found)
    assert stats.binomtest(wrong, len(found), 0.05, alternative="greater").pvalue > 0.001
    assert sum(bool(over_seeds.differing) for over_seeds, _ in found) > len(found) / 2
