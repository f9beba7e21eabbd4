"""How a curve lies over the seeds: its median and the band that holds the middle half of the runs."""

import pandas as pd


def quartiles(curves: pd.DataFrame) -> pd.DataFrame:
    """Quartiles over runs at each epoch.

    Args:
        curves: one row an epoch, one column a run. Where a run was not looked at, its neighbours are joined by a
            straight line; past its end it keeps its last value, as its weights do.

    Returns:
        Indexed by epoch: `low`, `median`, `high`, `n` (runs), and `least`, `most`.
    """
    filled = curves.sort_index().interpolate(method="index", limit_area="inside").ffill()
    bands = filled.quantile([0.0, 0.25, 0.5, 0.75, 1.0], axis=1).T
    bands.columns = pd.Index(["least", "low", "median", "high", "most"])
    return bands.assign(n=filled.notna().sum(axis=1)).dropna(subset=["median"])
