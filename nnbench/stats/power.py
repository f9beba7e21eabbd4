"""Power of a comparison: the seeds needed for a difference, and the difference that given seeds can show.

Noether (1987, "Sample size determination for some common nonparametric tests", JASA 82): the Wilcoxon-Mann-Whitney test with
`n = (z_(1 - level/2) + z_power)^2 / (6 (p - 1/2)^2)` runs a setting shows a probability of improvement p with that power. The
signed-rank test on runs paired by seed needs about as many where the seed does not matter, and fewer where it does.

Its own power at a given number of seeds is simulated on normal differences: Noether's approximation is optimistic for few.
"""

import math
from functools import cache

import numpy as np
from scipy import stats

_DRAWS = 4000  # studies simulated: a share of 50 % is known to within 2 points
_VALUES = 200_000  # simulated at most
_EXACT = 60  # seeds up to which the rank sum's distribution is enumerated; beyond, it is normal


def seeds_to_show(probability: float, *, power: float = 0.8, level: float = 0.05) -> int:
    """Return the seeds per setting with which a difference of this size is shown.

    Args:
        probability: of improvement, in [0, 1] but not 0.5, which no number of seeds shows.
        power: the chance that the test shows it, in (0, 1).
        level: two-sided, of the one test; to allow for Holm's correction, that of the study over its number of pairs.
    """
    if not 0 <= probability <= 1 or probability == 0.5:
        raise ValueError(f"a probability of improvement to be shown must be in [0, 1] and not 0.5, but is {probability}")
    z = stats.norm.isf(level / 2) + stats.norm.ppf(power)
    return math.ceil(z**2 / (6 * (probability - 0.5) ** 2))


@cache
def power_of_signed_rank(lead: float, *, seeds: int, level: float) -> float:
    """Return the share of studies in which the signed-rank test shows a difference.

    Args:
        lead: mean difference within a seed, over the standard deviation of these differences, which are normal; a setting
            wins on the share `scipy.stats.norm.cdf(lead)` of seeds.
        seeds: that both settings have.
        level: as in `seeds_to_show`.
    """
    critical = _critical(seeds, level)
    if critical < 0:
        return 0.0
    differences = np.random.default_rng(0).normal(lead, size=(min(_DRAWS, _VALUES // seeds), seeds))
    ranks = np.abs(differences).argsort(axis=1).argsort(axis=1) + 1
    lost = (ranks * (differences < 0)).sum(axis=1)
    return float(np.mean((lost <= critical) | (seeds * (seeds + 1) // 2 - lost <= critical)))


def lead_shown(*, seeds: int, level: float, power: float = 0.8) -> float:
    """Return the smallest `lead` of `power_of_signed_rank` that is shown with this power; infinite if none is."""
    low, high = 0.0, 16.0
    if power_of_signed_rank(high, seeds=seeds, level=level) < power:
        return math.inf
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (low, middle) if power_of_signed_rank(middle, seeds=seeds, level=level) >= power else (middle, high)
    return high


def _critical(seeds: int, level: float) -> int:
    """Return the largest rank sum of negative differences with a significant two-sided test; -1 if there is none."""
    if seeds > _EXACT:
        mean, spread = seeds * (seeds + 1) / 4, math.sqrt(seeds * (seeds + 1) * (2 * seeds + 1) / 24)
        return math.floor(mean - stats.norm.isf(level / 2) * spread)
    chance = np.zeros(seeds * (seeds + 1) // 2 + 1)
    chance[0] = 1
    for rank in range(1, seeds + 1):
        chance[rank:] = chance[rank:] + chance[:-rank]
        chance /= 2
    return int(np.searchsorted(2 * np.cumsum(chance), level)) - 1
