"""Distribution of a curve over seeds: quartiles as a band, and the interquartile mean as a line.

Settings are ranked by the same mean, so a line ends at the value in the table.
"""

import pandas as pd

from nnbench.stats.interquartile import middle_mean


def quartiles(curves: pd.DataFrame) -> pd.DataFrame:
    """Return interquartile mean and quartiles over runs at each epoch.

    Args:
        curves: one row an epoch, one column a run. Values missing between two epochs are interpolated
            linearly; past its end a run keeps its last value, as its weights do.

    Returns:
        Indexed by epoch: `least`, `low`, `iqm`, `high`, `most`, `n` (runs).
    """
    filled = curves.sort_index().interpolate(method="index", limit_area="inside").ffill().dropna(how="all")
    bands = filled.quantile([0.0, 0.25, 0.75, 1.0], axis=1).T
    bands.columns = pd.Index(["least", "low", "high", "most"])
    bands.insert(2, "iqm", middle_mean(filled))
    return bands.assign(n=filled.notna().sum(axis=1))
