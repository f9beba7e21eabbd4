import numpy as np
import pytest
from scipy import stats

from nnbench.stats.normalized import normalized, over_problems


def test_scores_by_hand() -> None:
    assert normalized([0.1, 0.55, 1.0, 0.0, -np.inf], zero=0.1, one=1.0) == pytest.approx([0, 0.5, 1, 0, 0])
    assert normalized([2.0, 1.0, 3.0, np.inf], zero=2.0, one=1.0) == pytest.approx([0, 1, 0, 0]), "losses"
    assert normalized([1.0, 0.1, 0.01], zero=1.0, one=0.01, logarithmic=True) == pytest.approx([0, 0.5, 1])
    assert normalized([1.2], zero=0.0, one=1.0) == pytest.approx([1.2]), "the best known may be surpassed"
    assert np.isnan(normalized([np.nan], zero=0.0, one=1.0)).all()


@pytest.mark.parametrize(("zero", "one", "logarithmic"), [(1.0, 1.0, False), (np.nan, 1.0, False), (1.0, 0.0, True)])
def test_impossible_scales_are_refused(zero: float, one: float, logarithmic: bool) -> None:
    with pytest.raises(ValueError, match=r"must be finite and different|needs positive values"):
        normalized([0.5], zero=zero, one=one, logarithmic=logarithmic)


def test_the_mean_over_problems_is_the_trimmed_mean_of_all_runs() -> None:
    """As rliable's IQM: scipy.stats.trim_mean with a quarter cut at each end, over runs and problems together."""
    scores = np.random.default_rng(0).random((3, 8))
    found = over_problems(list(scores))
    assert found.estimate == pytest.approx(stats.trim_mean(scores, 0.25, axis=None))
    assert (found.n, found.low < found.estimate < found.high) == (24, True)


def test_seeds_are_resampled_within_problems() -> None:
    """Problems that differ while their seeds do not give an interval of no width: it is not about other problems."""
    found = over_problems([[0.1] * 8, [0.5] * 8, [0.9] * 8, [0.6] * 8])
    assert (found.low, found.high) == pytest.approx((found.estimate, found.estimate))


def test_few_seeds_have_no_interval() -> None:
    assert np.isnan(over_problems([[0.1] * 8, [0.5] * 5]).low)
    assert np.isnan(over_problems([]).estimate)
