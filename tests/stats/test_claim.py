"""The test of a claim: against SciPy, and its level and power by simulation."""

import numpy as np
import pytest
from scipy import stats

from nnbench.stats.claim import check_claim, power_of_claim


@pytest.mark.parametrize("seed", range(8))
def test_p_value_as_scipys_exact_one(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.3, 1, 14)
    expected = stats.wilcoxon(values - 0.2, alternative="greater", method="exact").pvalue
    assert check_claim(values, margin=0.2).p == pytest.approx(expected)


def test_five_wins_are_just_enough() -> None:
    """With all differences positive, p is 1 / 2^n: 1/16 for four seeds, 1/32 for five."""
    assert check_claim([0.1, 0.2, 0.3, 0.4]).p == 1 / 16
    found = check_claim([0.1, 0.2, 0.3, 0.4, np.inf])
    assert (found.p, found.shown, found.n, found.wins, found.median) == (1 / 32, True, 5, 5, 0.3)


def test_a_margin_and_diverged_runs_count_against_the_claim() -> None:
    assert not check_claim([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], margin=0.35).shown
    assert not check_claim([0.1, 0.2, 0.3, 0.4, 0.5, -np.inf]).shown
    assert check_claim([0.0] * 8).p == 1.0


def test_power_follows_the_differences() -> None:
    assert power_of_claim([0.1], seeds=10) is None
    assert power_of_claim([0.1, 0.2, 0.3], seeds=10) == 1.0
    assert power_of_claim([-0.1, -0.2, -0.3], seeds=10) == 0.0
    assert power_of_claim([0.1, 0.2, 0.3], seeds=4) == 0.0  # too few for any claim


@pytest.mark.heavy
def test_power_is_the_share_of_claims_that_are_shown() -> None:
    rng = np.random.default_rng(0)
    promised = power_of_claim(rng.normal(0.5, 1, 4000), seeds=20)
    shown = np.mean([check_claim(rng.normal(0.5, 1, 20)).shown for _ in range(3000)])
    assert promised == pytest.approx(shown, abs=0.04)


@pytest.mark.heavy
@pytest.mark.parametrize("draw", ["normal", "standard_cauchy", "rounded"])
def test_at_most_one_in_twenty_claims_about_equal_settings_is_shown(draw: str) -> None:
    """The claim is chosen by the results: the best of five equal settings beats the worst, on ten new seeds."""
    rng, shown, repetitions = np.random.default_rng(1), 0, 4000
    for _ in range(repetitions):
        values = rng.normal(size=(5, 20)).round(1) if draw == "rounded" else getattr(rng, draw)(size=(5, 20))
        seen, new = values[:, :10], values[:, 10:]
        best, worst = seen.mean(axis=1).argmax(), seen.mean(axis=1).argmin()
        shown += check_claim(new[best] - new[worst]).shown
    assert shown / repetitions <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / repetitions)
