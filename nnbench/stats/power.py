"""How many seeds a comparison needs: asked before running, and answered when a study cannot tell its settings apart.

Noether (1987, "Sample size determination for some common nonparametric tests", JASA 82): the Wilcoxon-Mann-Whitney test with
`n = (z_(1 - level/2) + z_power)^2 / (6 (p - 1/2)^2)` runs a setting shows a probability of improvement p with that power. The
signed-rank test on runs paired by seed needs about as many where the seed does not matter, and fewer where it does.
"""

import math

from scipy import stats


def seeds_to_show(probability: float, *, power: float = 0.8, level: float = 0.05) -> int:
    """Seeds a setting with which a difference of this size is shown.

    Args:
        probability: of improvement, in [0, 1] but not 0.5, which no number of seeds shows.
        power: the chance that the test shows it, in (0, 1).
        level: two-sided, of the one test; to allow for Holm's correction, that of the study over its number of pairs.
    """
    if not 0 <= probability <= 1 or probability == 0.5:
        raise ValueError(f"a probability of improvement to be shown must be in [0, 1] and not 0.5, but is {probability}")
    z = stats.norm.isf(level / 2) + stats.norm.ppf(power)
    return math.ceil(z**2 / (6 * (probability - 0.5) ** 2))
