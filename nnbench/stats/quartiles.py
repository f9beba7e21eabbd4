"""How a curve lies over the seeds: the middle half of the runs as a band, and the mean of that half as a line.

That mean is the interquartile mean by which settings are ranked, so a line ends at the value that a table tells.
"""

import numpy as np
import pandas as pd


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
    bands.insert(2, "iqm", _middle(filled.to_numpy(dtype=np.float64)))
    return bands.assign(n=filled.notna().sum(axis=1))


def _middle(values: np.ndarray) -> np.ndarray:
    """The interquartile mean of each row, all rows at once: SciPy's takes none that lack values."""
    n = np.sum(~np.isnan(values), axis=1, keepdims=True)
    cut = n // 4
    place = np.arange(values.shape[1])
    return np.asarray(np.mean(np.sort(values, axis=1), axis=1, where=(cut <= place) & (place < n - cut)))  # NaN sorts last
