"""The test of a claim: against SciPy, and its level and power by simulation."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from nnbench.stats.claim import Outcome, check_claim, power_of_claim
from nnbench.stats.crossed import crossed_test


def check(differences: npt.ArrayLike, margin: float = 0.0) -> Outcome:
    """Test a claim about two settings, of which the second has the value 0 on each seed."""
    return check_claim(differences, np.zeros(np.size(differences)), margin=margin)


def power(differences: npt.ArrayLike, seeds: int) -> float | None:
    """Likewise, the power."""
    return power_of_claim(differences, np.zeros(np.size(differences)), seeds=seeds)


@pytest.mark.parametrize("seed", range(8))
def test_p_value_as_scipys_exact_one(seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.3, 1, 14)
    expected = stats.wilcoxon(values - 0.2, alternative="greater", method="exact").pvalue
    assert check(values, margin=0.2).p == pytest.approx(expected)


def test_five_wins_are_just_enough() -> None:
    """With all differences positive, p is 1 / 2^n: 1/16 for four seeds, 1/32 for five."""
    assert check([0.1, 0.2, 0.3, 0.4]).p == 1 / 16
    found = check([0.1, 0.2, 0.3, 0.4, np.inf])
    assert (found.p, found.shown, found.n, found.wins, found.median) == (1 / 32, True, 5, 5, 0.3)


def test_a_margin_and_diverged_runs_count_against_the_claim() -> None:
    assert not check([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], margin=0.35).shown
    assert not check([0.1, 0.2, 0.3, 0.4, 0.5, -np.inf]).shown
    assert check([0.0] * 8).p == 1.0


def test_power_follows_the_differences() -> None:
    assert power([0.1], seeds=10) is None
    assert power([0.1, 0.2, 0.3], seeds=10) == 1.0
    assert power([-0.1, -0.2, -0.3], seeds=10) == 0.0
    assert power([0.1, 0.2, 0.3], seeds=4) == 0.0  # too few for any claim


@pytest.mark.heavy
def test_power_is_the_share_of_claims_that_are_shown() -> None:
    rng = np.random.default_rng(0)
    promised = power(rng.normal(0.5, 1, 4000), seeds=20)
    shown = np.mean([check(rng.normal(0.5, 1, 20)).shown for _ in range(3000)])
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
        shown += check(new[best] - new[worst]).shown
    assert shown / repetitions <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / repetitions)


def _tuned(rng: np.random.Generator, optimizers: int, searches: int, seeds: int) -> np.ndarray:
    """Equal optimizers, shape (optimizers, searches, seeds): what a search chose matters as much as the seed."""
    of_search = rng.normal(size=(optimizers, searches, 1))
    return rng.normal(size=seeds) + of_search + 0.5 * rng.normal(size=(optimizers, searches, seeds))


def test_searches_are_compared_by_the_test_over_searches_and_seeds() -> None:
    first, second = _tuned(np.random.default_rng(2), 2, 4, 9)
    two_sided = crossed_test(first + 2, second)
    assert two_sided.sign == 1
    assert check_claim(first + 2, second).p == pytest.approx(two_sided.p / 2)
    assert check_claim(second, first + 2).p == pytest.approx(1 - two_sided.p / 2)
    assert check_claim(first + 4, second, margin=2).p == pytest.approx(two_sided.p / 2)
    against_default = check_claim(first + 9, second[0])
    assert (against_default.n, against_default.wins, against_default.shown) == (9, 9, True)


def test_wins_and_median_are_over_all_pairs_of_searches() -> None:
    """By hand: differences on seed 0: 1, 2, 3, on seed 1: -1, -2, 5."""
    found = check_claim([[1, -1], [2, -2], [3, 5]], [[0, 0]])
    assert (found.n, found.wins, found.median) == (2, 1, 1)


def test_searches_that_diverge_count_against_the_claim() -> None:
    first, second = 5 + _tuned(np.random.default_rng(3), 2, 3, 10) * [[[0.1]], [[0.1]]]
    assert check_claim(first + 5, second).shown
    lost = first + 5
    lost[:2] = -np.inf
    assert not check_claim(lost, second).shown


@pytest.mark.heavy
@pytest.mark.parametrize("optimizers", [2, 5])
def test_at_most_one_in_twenty_claims_about_equal_tuned_optimizers_is_shown(optimizers: int) -> None:
    """The best and the worst of equal optimizers are chosen by results of the same searches; the seeds alone are new.

    The level is divided by the number of ordered pairs. At 5 %, a third of such claims about five optimizers is shown.
    """
    rng, shown, undivided, repetitions = np.random.default_rng(4), 0, 0, 1000
    for _ in range(repetitions):
        values = _tuned(rng, optimizers, 3, 20)
        seen, new = values[..., :10].mean(axis=(1, 2)), values[..., 10:]
        p = check_claim(new[seen.argmax()], new[seen.argmin()]).p
        shown += p <= 0.05 / (optimizers * (optimizers - 1))
        undivided += p <= 0.05
    assert shown / repetitions <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / repetitions)
    assert optimizers == 2 or undivided / repetitions > 0.25


@pytest.mark.heavy
def test_power_over_searches_is_the_share_of_claims_with_these_searches() -> None:
    first, second = _tuned(np.random.default_rng(5), 2, 4, 400)
    first = first - first.mean() + second.mean() + 1.2
    promised, rng = power_of_claim(first, second, seeds=12), np.random.default_rng(6)
    assert promised is not None
    shown = np.mean(
        [
            check_claim(first[:, one], second[:, one]).shown
            for one in rng.permuted(np.tile(np.arange(400), (600, 1)), axis=1)[:, :12]
        ]
    )
    assert promised == pytest.approx(shown, abs=0.07)
