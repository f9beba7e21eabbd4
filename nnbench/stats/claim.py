"""Test of a claim that was stated before its runs: one setting is better than another, by more than a margin.

Wilcoxon's signed-rank test, one-sided and exact, on the differences of runs paired by seed. The seeds are new, and their
number is fixed before the first run, so the level holds for any study that the claim was chosen from: choosing the best of
many settings by their results does not change the distribution of the results on other seeds.

The null hypothesis is that the differences are distributed symmetrically about a value of at most the margin.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnbench.stats.signed_rank import signed_rank

LEVEL = 0.05
_DRAWS = 1000  # studies simulated for the power: a share of 50 % is known to within 3 points


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Result of the test.

    Attributes:
        p: one-sided p-value.
        n: seeds.
        wins: seeds on which the difference exceeds the margin.
        median: of the differences, positive if the first is better; infinite if runs diverged on half of the seeds.
        shown: whether the claim is shown at the level.
    """

    p: float
    n: int
    wins: int
    median: float
    shown: bool


def check_claim(differences: npt.ArrayLike, *, margin: float = 0.0, level: float = LEVEL) -> Outcome:
    """Test whether differences exceed a margin.

    Args:
        differences: one a seed, positive if the first setting is better; infinite if one of the two runs diverged.
        margin: in the same unit.
        level: of the one-sided test.
    """
    values = np.asarray(differences, dtype=np.float64)
    p = signed_rank(values - margin, alternative="greater")
    median = float(np.quantile(values, 0.5, method="lower")) if values.size else np.nan
    return Outcome(p=p, n=values.size, wins=int((values > margin).sum()), median=median, shown=p <= level)


def power_of_claim(differences: npt.ArrayLike, *, seeds: int, margin: float = 0.0, level: float = LEVEL) -> float | None:
    """Return the share of repetitions with so many seeds in which the claim would be shown; None below two differences.

    The differences of each repetition are drawn from the given ones. It is too high where these led to the claim: the best of
    many settings is, on average, less good on other seeds.

    Args:
        differences: those of the study, as in `check_claim`.
        seeds: of the claim.
        margin, level: of the claim.
    """
    known = np.asarray(differences, dtype=np.float64)
    if known.size < 2:
        return None
    drawn = known[np.random.default_rng(0).integers(known.size, size=(_DRAWS, seeds))]
    return float(np.mean([check_claim(one, margin=margin, level=level).shown for one in drawn]))
