import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.stats.power import lead_shown, power_of_signed_rank, seeds_to_show
from nnbench.stats.signed_rank import compare


def test_published_example() -> None:
    """`size.test.mann(.05, .90, .3)` of R's statpsych, which cites Noether (1987): 44 a group."""
    assert seeds_to_show(0.3, power=0.9, level=0.05) == 44


@given(st.floats(0.51, 1.0), st.floats(0.5, 0.95), st.floats(0.001, 0.1))
def test_a_smaller_difference_needs_more_seeds_in_both_directions(probability: float, power: float, level: float) -> None:
    seeds = seeds_to_show(probability, power=power, level=level)
    assert seeds_to_show(1 - probability, power=power, level=level) in (seeds - 1, seeds, seeds + 1)  # rounding of 1 - p
    assert seeds_to_show((probability + 0.5) / 2, power=power, level=level) >= seeds
    assert seeds_to_show(probability, power=power, level=level / 2) >= seeds


def test_the_stated_number_of_seeds_shows_a_difference() -> None:
    rng = np.random.default_rng(0)
    n, shift = seeds_to_show(0.7), stats.norm.ppf(0.7) * np.sqrt(2)
    first, second = rng.normal(shift, size=(4000, n)), rng.normal(size=(4000, n))
    p = stats.mannwhitneyu(first, second, axis=1, method="asymptotic").pvalue
    assert np.mean(p < 0.05) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("probability", [0.5, -0.1, 1.1])
def test_a_page_that_cannot_be_shown_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=r"not 0\.5"):
        seeds_to_show(probability)


@pytest.mark.parametrize("seeds", [8, 10, 20])
def test_the_stated_power_is_that_of_the_test(seeds: int) -> None:
    """SciPy's test, on other draws; of two settings, and at the level that Holm's correction leaves a pair of four."""
    lead, level = float(stats.norm.ppf(0.75)), 0.05 / 6
    differences = np.random.default_rng(7).normal(lead, size=(3000, seeds))
    shown = stats.wilcoxon(differences, axis=1, method="exact").pvalue < level
    assert power_of_signed_rank(lead, seeds=seeds, level=level) == pytest.approx(shown.mean(), abs=0.03)


def test_fewer_seeds_than_any_test_could_pass_with_show_nothing() -> None:
    assert power_of_signed_rank(16.0, seeds=7, level=0.05 / 6) == 0
    assert lead_shown(seeds=7, level=0.05 / 6) == np.inf


@pytest.mark.parametrize("seeds", [8, 20, 61, 300])
def test_the_stated_lead_has_the_stated_power(seeds: int) -> None:
    lead = lead_shown(seeds=seeds, level=0.01)
    differences = np.random.default_rng(7).normal(lead, size=(1000, seeds))
    p = stats.wilcoxon(differences, axis=1).pvalue  # exact up to 50
    assert np.mean(p < 0.01) == pytest.approx(0.8, abs=0.06)


@pytest.mark.heavy
def test_the_stated_power_agrees_with_simulated_studies() -> None:
    """Four settings, ten seeds, one ahead of each other on three seeds in four: a pair is shown in 13 % of studies.

    Or rather more often: Holm's correction eases once the first of the real differences has passed.
    """
    rng = np.random.default_rng(3)
    lead = stats.norm.ppf(0.75) * np.sqrt(2)
    shown = [
        compare(pd.DataFrame(rng.normal([lead, 0, 0, 0], size=(10, 4)), columns=list("abcd")))["differ"].iloc[0]
        for _ in range(1000)
    ]
    told = power_of_signed_rank(float(stats.norm.ppf(0.75)), seeds=10, level=0.05 / 6)
    assert told - 0.03 <= np.mean(shown) <= told + 0.06
