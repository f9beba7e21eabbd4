"""Test of a claim that was stated before its runs: one setting is better than another, by more than a margin.

The seeds are new, and their number is fixed before the first run.

Two settings are compared by Wilcoxon's signed-rank test, one-sided and exact, on the differences of runs paired by seed. The
null hypothesis is that the differences are distributed symmetrically about a value of at most the margin. The level holds for
any study that the claim was chosen from: choosing the best of many settings by their results does not change the distribution
of the results on other seeds.

A tuned optimizer that several searches chose settings for is compared by the test of `crossed`, over searches and seeds,
one-sided. The searches are those of the study and not new, as the seeds are: an optimizer that had lucky searches is still
the better one. So the level is divided by the number of claims that the study could have suggested (Bonferroni).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnbench.stats.crossed import crossed_test
from nnbench.stats.signed_rank import difference, signed_rank

LEVEL = 0.05
_DRAWS = 1000  # studies simulated for the power: a share of 50 % is known to within 3 points


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of the test.

    Attributes:
        p: one-sided p-value; NaN with two searches.
        n: seeds.
        wins: seeds on which the difference exceeds the margin; with several searches, for more than half of the pairs of a
            search of the first and one of the second.
        median: of the differences, those of all pairs of searches, positive if the first is better; infinite if runs diverged
            on half of the seeds.
        shown: whether the claim is shown at the level.
    """

    p: float
    n: int
    wins: int
    median: float
    shown: bool


def check_claim(first: npt.ArrayLike, second: npt.ArrayLike, *, margin: float = 0.0, level: float = LEVEL) -> Outcome:
    """Test whether the first setting is better than the second by more than a margin.

    Args:
        first, second: greater values are better; shapes (searches, seeds), with the same seeds, or (seeds,) where there is no
            search. Infinite where a run diverged.
        margin: in the same unit.
        level: of the one-sided test.
    """
    a, b = np.atleast_2d(np.asarray(first, dtype=np.float64)), np.atleast_2d(np.asarray(second, dtype=np.float64))
    differences = difference(a[:, None], b[None])
    if len(a) == len(b) == 1:
        p = signed_rank(differences[0, 0] - margin, alternative="greater")
    else:
        p = crossed_test(a - margin, b, alternative="greater").p
    wins = (differences > margin).mean(axis=(0, 1)) > 0.5
    median = float(np.quantile(differences, 0.5, method="lower")) if differences.size else np.nan
    return Outcome(p=p, n=a.shape[1], wins=int(wins.sum()), median=median, shown=p <= level)


def power_of_claim(
    first: npt.ArrayLike, second: npt.ArrayLike, *, seeds: int, margin: float = 0.0, level: float = LEVEL
) -> float | None:
    """Return the share of repetitions with so many seeds in which the claim would be shown; None below two seeds.

    The seeds of each repetition are drawn from the given ones. The share is too high where these led to the claim: the best of
    many settings is, on average, less good on other seeds.

    Args:
        first, second: the values of the study, as in `check_claim`.
        seeds: of the claim.
        margin, level: of the claim.
    """
    a, b = np.atleast_2d(np.asarray(first, dtype=np.float64)), np.atleast_2d(np.asarray(second, dtype=np.float64))
    known = a.shape[1]
    if known < 2:
        return None
    drawn = np.random.default_rng(0).integers(known, size=(_DRAWS, seeds))
    return float(np.mean([check_claim(a[:, one], b[:, one], margin=margin, level=level).shown for one in drawn]))
