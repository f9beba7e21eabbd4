"""Friedman's test of equal ranks, with Nemenyi's critical difference of two mean ranks.

Each seed is a block that ranks the settings. Friedman's test (1937) is of the hypothesis that all settings have equal ranks;
Nemenyi's (1963) compares all pairs at once, as Demsar (2006, "Statistical comparisons of classifiers over multiple data
sets") proposes: two settings differ where their mean ranks lie `q sqrt(k (k + 1) / (6 N))` apart or more, `q` a quantile
of the studentized range over sqrt 2, k settings, N blocks.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

LEAST_SETTINGS = 3
LEAST_BLOCKS = 6  # as many as a comparison of two settings needs


@dataclass(frozen=True, kw_only=True)
class Friedman:
    """Mean ranks over blocks, with the results of the tests.

    Attributes:
        ranks: the mean rank of each setting, 1 the best, in ascending order.
        blocks: the seeds in which every setting has a value; the others are left out.
        statistic: Friedman's chi-square, corrected for ties; NaN under three settings or six blocks, as are `p` and
            `critical_difference`.
        p: p-value by Iman and Davenport's (1980) F, recommended by Demsar because the chi-square is conservative:
            F = (N - 1) chi2 / (N (k - 1) - chi2), with k - 1 and (k - 1) (N - 1) degrees of freedom.
        critical_difference: the least significant difference of two mean ranks in Nemenyi's test.
        nemenyi: p-values of all pairs, settings x settings, corrected for their number.
        groups: sets of settings without a significant difference, best first: the bars of a critical-difference diagram.
    """

    ranks: "pd.Series[float]"
    blocks: int
    statistic: float
    p: float
    critical_difference: float
    nemenyi: pd.DataFrame
    groups: list[list[str]]


def friedman(values: pd.DataFrame, *, higher: bool = True, level: float = 0.05) -> Friedman:
    """Friedman's test over seeds with Nemenyi's comparison of all pairs.

    Args:
        values: one row a seed, one column a setting, NaN where a run is missing.
        higher: whether greater values are better.
        level: of the critical difference.
    """
    complete = values.rename(columns=str).dropna()
    blocks, k = complete.shape
    in_block = (-complete if higher else complete).rank(axis="columns")
    ranks = in_block.mean().sort_values(kind="stable")
    if k < LEAST_SETTINGS or blocks < LEAST_BLOCKS:
        unknown = pd.DataFrame(np.nan, index=ranks.index, columns=ranks.index)
        return Friedman(
            ranks=ranks, blocks=blocks, statistic=np.nan, p=np.nan, critical_difference=np.nan, nemenyi=unknown, groups=[]
        )
    # where every block is tied throughout, SciPy divides by zero
    tied = bool((in_block.nunique(axis="columns") == 1).all())
    statistic = 0.0 if tied else float(stats.friedmanchisquare(*in_block.T.to_numpy()).statistic)
    critical = stats.studentized_range.ppf(1 - level, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * blocks))
    return Friedman(
        ranks=ranks,
        blocks=blocks,
        statistic=statistic,
        p=_iman_davenport(statistic, blocks, k),
        critical_difference=float(critical),
        nemenyi=_nemenyi(in_block).loc[ranks.index, ranks.index],
        groups=_groups(ranks, float(critical)),
    )


def _iman_davenport(statistic: float, blocks: int, k: int) -> float:
    left = blocks * (k - 1) - statistic  # nothing, where all blocks rank alike
    ratio = (blocks - 1) * statistic / left if left > 1e-9 else np.inf
    return float(stats.f.sf(ratio, k - 1, (k - 1) * (blocks - 1)))


def _nemenyi(in_block: pd.DataFrame) -> pd.DataFrame:
    from scikit_posthocs import posthoc_nemenyi_friedman  # here: it brings matplotlib and seaborn, two seconds

    p_values = posthoc_nemenyi_friedman(in_block.to_numpy())
    return pd.DataFrame(p_values.to_numpy(), index=in_block.columns, columns=in_block.columns)


def _groups(ranks: "pd.Series[float]", critical: float) -> list[list[str]]:
    """The largest sets of successive settings with mean ranks within the critical difference."""
    groups: list[list[str]] = []
    furthest = 0
    for start in range(len(ranks)):
        stop = int(np.searchsorted(ranks.to_numpy(), ranks.iloc[start] + critical))  # one that far apart differs
        if stop > furthest and stop - start > 1:
            groups.append(list(ranks.index[start:stop]))
        furthest = max(furthest, stop)
    return groups
