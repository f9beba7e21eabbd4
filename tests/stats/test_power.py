import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.stats.power import seeds_to_show


def test_published_example() -> None:
    """`size.test.mann(.05, .90, .3)` of R's statpsych, which cites Noether (1987): 44 a group."""
    assert seeds_to_show(0.3, power=0.9, level=0.05) == 44


@given(st.floats(0.51, 1.0), st.floats(0.5, 0.95), st.floats(0.001, 0.1))
def test_a_smaller_difference_takes_more_and_neither_side_matters(probability: float, power: float, level: float) -> None:
    seeds = seeds_to_show(probability, power=power, level=level)
    assert seeds_to_show(1 - probability, power=power, level=level) in (seeds - 1, seeds, seeds + 1)  # rounding of 1 - p
    assert seeds_to_show((probability + 0.5) / 2, power=power, level=level) >= seeds
    assert seeds_to_show(probability, power=power, level=level / 2) >= seeds


def test_so_many_seeds_do_show_it() -> None:
    rng = np.random.default_rng(0)
    n, shift = seeds_to_show(0.7), stats.norm.ppf(0.7) * np.sqrt(2)
    first, second = rng.normal(shift, size=(4000, n)), rng.normal(size=(4000, n))
    p = stats.mannwhitneyu(first, second, axis=1, method="asymptotic").pvalue
    assert np.mean(p < 0.05) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("probability", [0.5, -0.1, 1.1])
def test_what_cannot_be_shown_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=r"not 0\.5"):
        seeds_to_show(probability)
