"""Effect of a change on each setting, from runs before and after it that are paired by seed.

The two runs of a seed have the same data and initial weights as long as the change touches neither, so their difference
is not due to these random draws. The estimate is the difference of the interquartile means over the seeds on which neither run
diverged; its interval comes from a bootstrap over seeds, both runs of a seed drawn at once. Whether a change is shown is
decided by the Wilcoxon signed-rank test, Holm-corrected over the settings, on all pairs; a diverged run is worse than any
other (see `stats.diverged`).
"""

from collections.abc import Mapping
from itertools import count

import numpy as np
import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats.crossed import FloatArray, crossed_test, difference_interval
from nnbench.stats.interquartile import NO_RUNS, RESAMPLES, Interval, middle_mean
from nnbench.stats.signed_rank import LEVEL, difference, holm, signed_ranks


def seeds_needed(settings: int) -> int:
    """Return the fewest seeds with which a change of one of so many settings can be significant."""
    return next(seeds for seeds in count(1) if settings * 2.0 ** (1 - seeds) < LEVEL)


def shift(pairs: pd.DataFrame, *, confidence: float = 0.95) -> Interval:
    """Return the interquartile mean of `after` minus that of `before`, with a percentile bootstrap interval over the pairs.

    Args:
        pairs: one row a seed: `before`, `after`, both finite; their order does not matter.
        confidence: of the interval, in (0, 1).
    """
    values = pairs[["before", "after"]].sort_values(["before", "after"]).to_numpy(dtype=np.float64)
    n = len(values)
    before, after = middle_mean(values.T).tolist()
    if n < MINIMUM_RUNS:
        return Interval(estimate=after - before, low=np.nan, high=np.nan, n=n)
    before_means, after_means = middle_mean(values.T[:, np.random.default_rng(0).integers(n, size=(RESAMPLES, n))])
    low, high = np.quantile(after_means - before_means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate=after - before, low=float(low), high=float(high), n=n)


def shifts(pairs: pd.DataFrame, searched: Mapping[str, tuple[FloatArray, FloatArray]] | None = None) -> pd.DataFrame:
    """Return the change of each setting.

    Args:
        pairs: one row a setting and seed: `setting`, `before`, `after`, infinite where the run diverged.
        searched: the values before and after of settings that several searches chose, shapes (searches, seeds), with the same
            seeds: their changes are those of `crossed`, over searches and seeds.

    Returns:
        One row a setting, in their order: `setting`, `n` (pairs), `ended` (pairs in which neither run diverged),
        `lost_before`, `lost_after` (diverged runs), `before`, `after` (interquartile means over the pairs that ended; NaN
        where there is none), `estimate`, `low`, `high` (what `shift` gives of them), `sign` (1 where the values rose, -1
        where they fell, by rank sums over all pairs), `p`, `p_holm`, `differ` (whether a change is shown).
    """
    rows = []
    for setting, group in pairs.groupby("setting", sort=False):
        sides = group[["before", "after"]].to_numpy(dtype=np.float64)
        ended = group[np.isfinite(sides).all(axis=1)]
        change, means = NO_RUNS, (np.nan, np.nan)
        if len(ended):
            change, means = shift(ended), middle_mean(ended[["before", "after"]].to_numpy(dtype=np.float64).T).tolist()
        tests = signed_ranks(difference(sides[None, :, 1], sides[None, :, 0]))
        sign, p = int(tests.sign[0]), float(tests.p[0])
        if searched and str(setting) in searched:
            before, after = searched[str(setting)]
            test = crossed_test(after, before)
            sign, p = test.sign, 1.0 if np.isnan(test.p) else test.p
            before, after = (np.where(np.isfinite(side), side, np.nan) for side in (before, after))
            change, means = (
                difference_interval(after, before),
                (float(middle_mean(before.ravel())), float(middle_mean(after.ravel()))),
            )
        counts = setting, len(group), change.n, *np.isinf(sides).sum(axis=0).tolist(), *means
        bounds = change.estimate, change.low, change.high
        rows.append((*counts, *bounds, sign, p))
    columns = ["setting", "n", "ended", "lost_before", "lost_after", "before", "after", "estimate", "low", "high", "sign", "p"]
    table = pd.DataFrame(rows, columns=columns)
    corrected = holm(table["p"])
    return table.assign(p_holm=corrected, differ=corrected < LEVEL)
