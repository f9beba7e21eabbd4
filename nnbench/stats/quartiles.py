"""Distribution of a curve over seeds: quartiles as a band, and the interquartile mean as a line.

Settings are ranked by the same mean, so a line ends at the value in the table.
"""

import numpy as np
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
    filled = curves.sort_index()
    if filled.isna().to_numpy().any():
        filled = filled.interpolate(method="index", limit_area="inside").ffill().dropna(how="all")
    values = filled.to_numpy(dtype=np.float64)
    missing = np.isnan(values)
    quantile = np.nanpercentile if missing.any() else np.percentile
    least, low, high, most = quantile(values, [0.0, 25.0, 75.0, 100.0], axis=1)
    columns = {"least": least, "low": low, "iqm": middle_mean(values), "high": high, "most": most}
    return pd.DataFrame({**columns, "n": (~missing).sum(axis=1)}, index=filled.index)
