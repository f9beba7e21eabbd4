import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.stats.friedman import LEAST_BLOCKS, friedman

# Demsar (2006), table 6: AUC of four variants of C4.5 on 14 data sets. `voting` has two ties that are broken in the third
# decimal by the ranks printed beside them, here by the fourth.
DEMSAR = pd.DataFrame(
    [
        (0.763, 0.768, 0.771, 0.798),
        (0.599, 0.591, 0.590, 0.569),
        (0.954, 0.971, 0.968, 0.967),
        (0.628, 0.661, 0.654, 0.657),
        (0.882, 0.888, 0.886, 0.898),
        (0.936, 0.931, 0.916, 0.931),
        (0.661, 0.668, 0.609, 0.685),
        (0.583, 0.583, 0.563, 0.625),
        (0.775, 0.838, 0.866, 0.875),
        (1.000, 1.000, 1.000, 1.000),
        (0.940, 0.962, 0.965, 0.962),
        (0.619, 0.666, 0.614, 0.669),
        (0.972, 0.981, 0.9751, 0.975),
        (0.957, 0.978, 0.946, 0.970),
    ],
    columns=["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"],
)


def test_example_of_demsar_2006() -> None:
    found = friedman(DEMSAR)
    assert found.blocks == 14
    assert found.ranks.round(3).to_dict() == {"C4.5+m+cf": 1.964, "C4.5+m": 2.0, "C4.5+cf": 2.893, "C4.5": 3.143}
    # He does not correct for ties: (2^3 - 2) three times and 4^3 - 4 once, of 14 (4^3 - 4).
    assert found.statistic * (1 - (3 * 6 + 60) / (14 * 60)) == pytest.approx(9.28, abs=0.005)
    assert found.critical_difference == pytest.approx(1.25, abs=0.005)
    assert friedman(DEMSAR, level=0.10).critical_difference == pytest.approx(1.12, abs=0.005)


def test_demsars_groups() -> None:
    """At 5 % the post-hoc test finds nothing; at 10 % C4.5 differs from both variants with m."""
    assert friedman(DEMSAR).groups == [["C4.5+m+cf", "C4.5+m", "C4.5+cf", "C4.5"]]
    assert friedman(DEMSAR, level=0.10).groups == [["C4.5+m+cf", "C4.5+m", "C4.5+cf"], ["C4.5+cf", "C4.5"]]


def test_the_critical_difference_agrees_with_nemenyis_test() -> None:
    found = friedman(DEMSAR)
    gap = found.ranks["C4.5"] - found.ranks["C4.5+m"]
    p = found.nemenyi["C4.5+m"]["C4.5"]
    assert friedman(DEMSAR, level=p).critical_difference == pytest.approx(gap, rel=1e-6)
    assert list(found.nemenyi.index) == list(found.ranks.index)


BLOCKS = st.lists(st.tuples(*[st.integers(0, 5).map(float)] * 4), min_size=LEAST_BLOCKS, max_size=10)


@given(BLOCKS, st.data())
def test_only_ranks_within_a_seed_matter(blocks: list[tuple[float, ...]], data: st.DataObject) -> None:
    values = pd.DataFrame(blocks, columns=list("abcd"))
    order = data.draw(st.permutations(range(len(values))))
    hardness = pd.Series(data.draw(st.lists(st.floats(-3, 3), min_size=len(values), max_size=len(values))))
    found = friedman(values)
    bent = values.rsub(3).pow(3).add(hardness.round(), axis=0)
    changed = friedman(bent.iloc[order], higher=False)
    pd.testing.assert_series_equal(found.ranks.sort_index(), changed.ranks.sort_index())
    assert (changed.statistic, changed.p) == pytest.approx((found.statistic, found.p))
    assert found.ranks.mean() == pytest.approx(2.5)


@given(BLOCKS)
def test_groups_have_the_settings_that_nemenyi_does_not_separate(blocks: list[tuple[float, ...]]) -> None:
    found = friedman(pd.DataFrame(blocks, columns=list("abcd")))
    together = {(one, other) for group in found.groups for one in group for other in group}
    for one in found.ranks.index:
        for other in found.ranks.index:
            near = abs(found.ranks[one] - found.ranks[other]) < found.critical_difference
            assert one == other or ((one, other) in together) == near


def test_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).normal(size=(20, 5)) + 0.4 * np.arange(5)
    found = friedman(pd.DataFrame(values, columns=list("abcde")))
    assert found.statistic == pytest.approx(stats.friedmanchisquare(*values.T).statistic)
    assert found.ranks.index[0] == "e"


def test_a_seed_that_lacks_a_run_is_left_out() -> None:
    values = DEMSAR.copy()
    values.iloc[3, 1] = np.nan
    assert friedman(values).ranks.to_dict() == friedman(DEMSAR.drop(index=3)).ranks.to_dict()
    assert friedman(values).blocks == 13


def test_demsars_f() -> None:
    """He works it out of the chi-square that is not corrected for ties: 3.69, with 3 and 39 degrees of freedom."""
    untied = DEMSAR + pd.DataFrame(np.random.default_rng(0).uniform(0, 1e-9, DEMSAR.shape), columns=DEMSAR.columns)
    found = friedman(untied)
    ratio = 13 * found.statistic / (14 * 3 - found.statistic)
    assert found.p == pytest.approx(stats.f.sf(ratio, 3, 39))
    assert pytest.approx(3.69, abs=0.005) == 13 * 9.28 / (14 * 3 - 9.28)


@given(st.integers(LEAST_BLOCKS, 30))
def test_equal_differences_on_all_seeds(blocks: int) -> None:
    found = friedman(pd.DataFrame([(1.0, 2.0, 3.0)] * blocks, columns=list("abc")))
    assert found.p == 0.0
    assert found.statistic == pytest.approx(2 * blocks)


def test_ties_show_no_difference() -> None:
    found = friedman(pd.DataFrame(1.0, index=range(6), columns=list("abc")))
    assert (found.statistic, found.p) == (0.0, 1.0)
    assert found.groups == [["a", "b", "c"]]


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5, 2), (5, 0)])
def test_too_little_to_test(shape: tuple[int, int]) -> None:
    values = pd.DataFrame(np.arange(shape[0] * shape[1], dtype=float).reshape(shape), columns=list("abc")[: shape[1]])
    found = friedman(values)
    assert found.blocks == (shape[0] if shape[1] else 5)
    assert np.isnan([found.statistic, found.p, found.critical_difference]).all()
    assert found.groups == []
    assert found.nemenyi.shape == (shape[1], shape[1])
    assert found.nemenyi.isna().all(axis=None)
