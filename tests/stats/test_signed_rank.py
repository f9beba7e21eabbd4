from itertools import product
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.stats.signed_rank import LEVEL, MOST_EXACT, compare, holm, seeds_needed, signed_rank, signed_ranks


def enumerated(differences: list[float]) -> float:
    """The definition: of all ways to hand out signs, the share whose rank sum is as far out, on the rarer side, twice."""
    return min(1.0, 2 * min(tails(differences)))


def tails(differences: list[float]) -> tuple[float, float]:
    """Of all ways to hand out signs, the shares whose rank sum is at most the observed one, and at least."""
    array = np.array(differences)
    ranks = stats.rankdata(np.abs(array))[array != 0]
    signs = np.sign(array[array != 0])
    observed = ranks[signs > 0].sum()
    sums = np.array([ranks[np.array(plus, dtype=bool)].sum() for plus in product([0, 1], repeat=ranks.size)])
    return float((sums <= observed).mean()), float((sums >= observed).mean())


@given(st.lists(st.integers(-4, 4).map(float), min_size=1, max_size=9))
def test_signed_rank_is_exact_with_ties_and_zeros(differences: list[float]) -> None:
    assert signed_rank(differences) == pytest.approx(enumerated(differences), rel=1e-12)
    assert signed_rank(differences, alternative="greater") == pytest.approx(tails(differences)[1], rel=1e-12)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=2, max_size=12))
def test_shares_of_points_tie_where_their_counts_do(counts: list[tuple[int, int]]) -> None:
    """0.3 - 0.2 and 0.2 - 0.1 differ in binary."""
    points = np.array(counts)
    before, after = (points / 300).T
    assert signed_rank(after - before) == signed_rank(points[:, 1] - points[:, 0])


@given(st.lists(st.lists(st.sampled_from([-np.inf, -2.0, -1.0, 0.0, 1.0, 2.0, np.inf, np.nan]), min_size=6, max_size=6)))
def test_pairs_tested_at_once_have_the_results_of_each_alone(rows: list[list[float]]) -> None:
    differences = np.array(rows).reshape(-1, 6)
    found = signed_ranks(differences)
    for at, row in enumerate(differences):
        known = row[~np.isnan(row)]
        assert (found.n[at], found.p[at]) == (len(known), signed_rank(known))
        assert found.same[at] == (len(known) > 0 and not known.any())
        signs, sizes = np.sign(known), stats.rankdata(np.abs(known))
        assert found.sign[at] == np.sign((signs * sizes).sum())


@pytest.mark.parametrize("size", [1, 2, 5, 6, 10, 25, 50])
def test_signed_rank_agrees_with_scipy_without_ties(size: int) -> None:
    differences = np.random.default_rng(size).normal(0.3, 1, size)
    assert signed_rank(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue, rel=1e-9)


def test_signed_rank_of_many_nears_the_normal_approximation() -> None:
    differences = np.random.default_rng(0).normal(0.1, 1, 300).round(1)
    approximate = stats.wilcoxon(differences, zero_method="pratt", method="approx").pvalue
    assert signed_rank(differences) == pytest.approx(approximate, rel=0.05)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("decimals", [1, 9])
@pytest.mark.parametrize("shift", [-0.1, 0.0, 0.03, 0.1])
def test_the_normal_approximation_is_that_of_the_exact_distribution(
    alternative: Literal["two-sided", "greater"], decimals: int, shift: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    differences = np.random.default_rng(3).normal(shift, 1, MOST_EXACT).round(decimals)
    exact = signed_rank(differences, alternative=alternative)
    monkeypatch.setattr("nnbench.stats.signed_rank.MOST_EXACT", 0)
    assert signed_rank(differences, alternative=alternative) == pytest.approx(exact, rel=0.02, abs=1e-6)


def test_signed_rank_of_one_sign_is_the_least_there_is() -> None:
    for size in range(1, 12):
        assert signed_rank(np.arange(1.0, size + 1)) == pytest.approx(2.0 ** (1 - size))


@pytest.mark.parametrize("differences", [[], [0.0, 0.0, 0.0]])
def test_no_difference_is_no_evidence(differences: list[float]) -> None:
    assert signed_rank(differences) == 1.0


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(p_values: list[float]) -> None:
    raw, corrected = np.array(p_values), holm(p_values)
    assert (raw <= corrected + 1e-15).all()
    assert (corrected <= np.minimum(1, raw * raw.size) + 1e-15).all()
    assert (np.diff(corrected[np.argsort(raw, kind="stable")]) >= 0).all()


@pytest.mark.parametrize(("settings", "seeds"), [(2, 6), (4, 8), (5, 9), (12, 12)])
def test_the_seeds_needed_give_the_stated_power(settings: int, seeds: int) -> None:
    assert seeds_needed(settings) == seeds
    pairs = settings * (settings - 1) // 2
    for size, differ in ((seeds - 1, False), (seeds, True)):
        best = signed_rank(np.arange(1.0, size + 1))
        assert bool(holm([best, *[1.0] * (pairs - 1)])[0] < LEVEL) is differ


def test_compare_tests_every_pair_on_the_seeds_both_have() -> None:
    rng = np.random.default_rng(0)
    low = pd.Series(rng.normal(size=12), name="low")
    values = pd.DataFrame({"low": low, "high": low + 1 + rng.random(12), "same": low + 0.1 * rng.normal(size=12)})
    values.loc[[3, 7], "same"] = np.nan
    table = compare(values).set_index(["first", "second"])
    assert list(table["n"]) == [12, 10, 10]
    assert list(table.loc[("low", "high"), ["sign", "differ"]]) == [-1, True]
    assert list(table.loc[("high", "same"), ["sign", "differ"]]) == [1, True]
    assert not table.loc[("low", "same"), "differ"]
    assert table.loc[("low", "high"), "p"] == pytest.approx(2.0**-11)


def test_compare_finds_nothing_in_noise() -> None:
    """All the pairs of all the studies together: the family errs in about one study of twenty."""
    rng = np.random.default_rng(5)
    wrong = [compare(pd.DataFrame(rng.normal(size=(15, 4)), columns=list("abcd")))["differ"].any() for _ in range(100)]
    assert np.mean(wrong) <= 0.1
