"""How a curve lies over the seeds: the middle half of the runs as a band, and the mean of that half as a line.

That mean is the interquartile mean by which settings are ranked, so a line ends at the value that a table tells.
"""

import pandas as pd

from nnbench.stats.interquartile import middle_mean


def quartiles(curves: pd.DataFrame) -> pd.DataFrame:
    """Interquartile mean and quartiles over runs at each epoch.

    Args:
        curves: one row an epoch, one column a run. Where a run was not looked at, its neighbours are joined by a
            straight line; past its end it keeps its last value, as its weights do.

    Returns:
        Indexed by epoch: `least`, `low`, `iqm`, `high`, `most`, `n` (runs).
    """
    filled = curves.sort_index().interpolate(method="index", limit_area="inside").ffill().dropna(how="all")
    bands = filled.quantile([0.0, 0.25, 0.75, 1.0], axis=1).T
    bands.columns = pd.Index(["least", "low", "high", "most"])
    bands.insert(2, "iqm", middle_mean(filled))
    return bands.assign(n=filled.notna().sum(axis=1))
