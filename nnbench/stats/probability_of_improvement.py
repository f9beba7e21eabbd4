"""Probability that a run of one setting is better than a run of another: an effect size independent of scale.

The share of pairs of runs that the first setting wins, a tie counting half (Agarwal et al., 2021; Vargha and Delaney's
(2000) A). It is U / (n m), with U of Mann and Whitney.

Its interval is Wilson's (1927) score interval for a share, with the number of seeds replaced by the effective one that
DeLong, DeLong and Clarke-Pearson's (1988) variance stands for; that variance adds up what each *seed* contributes, so
that runs which share a seed are not treated as independent. The percentile bootstrap, which is customary here, is
too narrow for clear differences: at a true 0.97 its 95 % intervals cover it in 81 to 84 % of studies with 20 seeds,
and where one setting wins every pair they are [1, 1].
"""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from nnbench.stats.interquartile import Interval


def probability_of_improvement(
    first: npt.ArrayLike, second: npt.ArrayLike, *, higher: bool = True, confidence: float = 0.95
) -> Interval:
    """P(first better) + P(tie) / 2, in [0, 1]; 0.5 where neither is better.

    Args:
        first, second: shape (seeds,), both in the same order of seeds; NaN where a seed has no run. They may be runs of
            different seeds altogether, each with NaN where the other has a value.
        higher: whether greater values are better.
        confidence: of the interval, in (0, 1).

    Returns:
        `n` is the number of runs of the setting that has fewer.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    has_one, has_two = ~np.isnan(one), ~np.isnan(two)
    n, m = int(has_one.sum()), int(has_two.sum())
    fewest = min(n, m)
    if fewest == 0:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)
    greater = one[has_one, None] > two[has_two]
    less = one[has_one, None] < two[has_two]
    wins = 0.5 + (greater * 0.5 - less * 0.5) * (1 if higher else -1)
    share = float(wins.mean())
    if fewest == 1:
        return Interval(estimate=share, low=np.nan, high=np.nan, n=1)
    of_seed = np.zeros(one.size)  # contribution of each seed to the share
    of_seed[has_one] += (wins.mean(axis=1) - share) / n
    of_seed[has_two] += (wins.mean(axis=0) - share) / m
    seeds = int((has_one | has_two).sum())
    variance = (of_seed**2).sum() * seeds / (seeds - 1)
    # Independent runs carry at least as much as `fewest` wins and losses (van Dantzig, 1951), and no more than all pairs
    # would: where there seems to be less variance than that, what the seeds contribute has cancelled out.
    carried = share * (1 - share)
    effective = max(fewest, carried / variance) if variance > carried / (n * m) else fewest
    z2 = stats.t.ppf((1 + confidence) / 2, fewest - 1) ** 2
    centre = (share + z2 / (2 * effective)) / (1 + z2 / effective)
    half = np.sqrt(z2 * (share * (1 - share) / effective + z2 / (4 * effective**2))) / (1 + z2 / effective)
    return Interval(estimate=share, low=float(max(0.0, centre - half)), high=float(min(1.0, centre + half)), n=fewest)


def improvements(values: pd.DataFrame, *, higher: bool = True) -> pd.DataFrame:
    """Return the probability that `first` beats `second`, for every pair of settings.

    Args:
        values: one row a seed, one column a setting, NaN where a run is missing, as `signed_rank.compare` takes it.
        higher: whether greater values are better.

    Returns:
        One row a pair: `first`, `second`, `n`, `estimate`, `low`, `high` (95 % interval).
    """
    rows = []
    for first, second in combinations(values.columns, 2):
        one = probability_of_improvement(values[first], values[second], higher=higher)
        rows.append((str(first), str(second), one.n, one.estimate, one.low, one.high))
    return pd.DataFrame(rows, columns=["first", "second", "n", "estimate", "low", "high"])
