"""Error rates of the report's claims, from simulated studies with known truth."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from nnbench.stats.conclusion import Conclusion, conclude
from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.probability_of_improvement import probability_of_improvement
from nnbench.stats.signed_rank import compare, holm
from tests.oracles import interquartile

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

SKEWED: dict[str, Draw] = {
    "lognormal": lambda rng, shape: rng.lognormal(0, 1, shape),
    "accuracy": lambda rng, shape: np.round(rng.beta(12, 3, shape) * 300) / 300,
    "at chance now and then": lambda rng, shape: np.where(rng.random(shape) < 0.1, 1 / 3, 0.8 + 0.03 * rng.normal(size=shape)),
}


@pytest.mark.heavy
@pytest.mark.parametrize(("n", "least"), [(6, 0.89), (10, 0.91), (20, 0.93)])
@pytest.mark.parametrize("draw", SKEWED.values(), ids=SKEWED)
def test_intervals_of_the_interquartile_mean_hold(draw: Draw, n: int, least: float) -> None:
    """About 91 % of nominal 95 % intervals hold the truth at n = 6, 93 % at 10, 94 % at 20, as docs/method.md says."""
    rng = np.random.default_rng(0)
    everything = np.sort(draw(rng, (4_000_000,)))
    truth = everything[1_000_000:3_000_000].mean()
    found = [interquartile_mean(sample) for sample in draw(rng, (1000, n))]
    assert least <= np.mean([one.low <= truth <= one.high for one in found]) <= 0.97


@pytest.mark.heavy
@pytest.mark.parametrize("shared", [0.0, 0.7])
@pytest.mark.parametrize("truth", [0.5, 0.75, 0.9])
def test_intervals_of_the_probability_of_improvement_hold(truth: float, shared: float) -> None:
    """93 to 98 % at n = 20, whatever part of the variance belongs to the seed."""
    rng = np.random.default_rng(0)
    seed, own = rng.normal(size=(1500, 20, 1)), rng.normal(size=(1500, 20, 2))
    lead = np.array([stats.norm.ppf(truth) * np.sqrt(2), 0])
    runs = np.exp(np.sqrt(shared) * seed + np.sqrt(1 - shared) * own + lead)
    found = [probability_of_improvement(*study.T) for study in runs]
    assert 0.93 <= np.mean([one.low <= truth <= one.high for one in found]) <= 0.98


def conclusion(values: np.ndarray) -> Conclusion:
    """Return the verdict on seeds x settings; the slow intervals are not computed."""
    table = pd.DataFrame(values, columns=list("abcd")[: values.shape[1]])
    ranking = pd.DataFrame({"setting": table.columns, "estimate": interquartile(values), "low": 0.0, "high": 1.0})
    ranking = ranking.assign(n=len(table), counted=len(table), score=ranking["estimate"], diverged=0, aside="")
    ranking = ranking.sort_values("estimate", ascending=False)
    return conclude(ranking, compare(table), higher=True)


NOISE: dict[str, Draw] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "skewed": lambda rng, shape: rng.exponential(size=shape) ** 2,
    "ties": lambda rng, shape: np.round(rng.normal(size=shape)),
}


def at_most_one_in_twenty(wrong: int, of: int) -> bool:
    """Return whether so many errors are compatible with a rate of 5 % (at the level 0.001)."""
    return bool(stats.binomtest(wrong, of, 0.05, alternative="greater").pvalue > 0.001)


@pytest.mark.heavy
@pytest.mark.parametrize("settings", [2, 4])
@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_false_claims_are_rare_without_a_difference(noise: Draw, settings: int) -> None:
    rng = np.random.default_rng(1)
    studies = rng.normal(size=(1000, 20, 1)) + noise(rng, (1000, 20, settings))
    found = [conclusion(study) for study in studies]
    wrong = sum(bool(one.worse or one.better_by_seed) for one in found)
    assert at_most_one_in_twenty(wrong, len(found))
    assert all(len(one.not_distinguished) == settings - 1 for one in found if not (one.worse or one.better_by_seed))


@pytest.mark.heavy
def test_no_order_is_claimed_among_equal_settings() -> None:
    """Holm's correction also holds if some differences are real: the three equal settings are rarely called different."""
    rng = np.random.default_rng(2)
    studies = rng.normal(size=(1000, 20, 4)) + np.array([2.0, 0.0, 0.0, 0.0])
    found = [conclusion(study) for study in studies]
    assert np.mean([one.best == "a" and len(one.worse) == 3 for one in found]) > 0.95
    assert at_most_one_in_twenty(sum(len(one.worse_not_distinguished) < 3 for one in found if len(one.worse) == 3), len(found))


@pytest.mark.parametrize("tests", [1, 2, 6, 45])
def test_holm_agrees_with_statsmodels(tests: int) -> None:
    p_values = np.random.default_rng(tests).beta(0.2, 1, size=tests).round(3)  # small ones, and ties
    assert holm(p_values).tolist() == pytest.approx(multipletests(p_values, method="holm")[1].tolist())
