"""Failure rate of a setting: the share of runs that diverge or end at chance level.

A mean over the other runs does not show these. The interval of a share is Wilson's (1927), which holds for few
runs and does not collapse where none or all of them failed, as the textbook's does (Brown, Cai and DasGupta, 2001).
"""

from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from nnbench.records.outcomes import COUNTED
from nnbench.stats.interquartile import Interval

_PARTS = {"share": "estimate", "low": "low", "high": "high"}


@cache  # many settings of a study have the same numbers
def share(count: int, of: int, *, confidence: float = 0.95) -> Interval:
    """Return a share of runs with Wilson's score interval.

    Args:
        count: the runs in question, at most `of`.
        of: all runs.
        confidence: of the interval, in (0, 1).
    """
    if of == 0:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)
    interval = stats.binomtest(count, of).proportion_ci(confidence, method="wilson")
    return Interval(estimate=count / of, low=float(interval.low), high=float(interval.high), n=of)


def chance_line(classes: int, points: int) -> float:
    """Return the 95th percentile of the accuracy of guessing.

    Args:
        classes: number of equally frequent classes.
        points: number of points on which the accuracy was measured.
    """
    return float(stats.binom.ppf(0.95, points, 1 / classes) / points)


def failures(runs: pd.DataFrame, *, accuracy: str = "final/train_accuracy", chance: float) -> pd.DataFrame:
    """Count the runs of each setting that diverged or ended at chance; failed and killed runs are left out.

    Args:
        runs: of a `Study`: `setting`, `outcome` and the accuracy.
        accuracy: column by which a run is at chance.
        chance: highest accuracy that counts as chance, from `chance_line`.

    Returns:
        One row a setting, in the order of the runs: `setting`, `n`, `diverged`, `at_chance`, and `share` of both together with
        `low`, `high` (95 % interval).
    """
    ended = runs[runs["outcome"].isin(COUNTED)]
    diverged = ended["outcome"] == "diverged"
    each = ended[["setting"]].assign(diverged=diverged, at_chance=~diverged & (ended[accuracy] <= chance))
    table = each.groupby("setting", sort=False).agg(
        n=("diverged", "size"), diverged=("diverged", "sum"), at_chance=("at_chance", "sum")
    )
    failed = [share(lost + low, n) for n, lost, low in table.itertuples(index=False, name=None)]
    bounds = {name: [getattr(one, part) for one in failed] for name, part in _PARTS.items()}
    return table.assign(**bounds).reset_index()
