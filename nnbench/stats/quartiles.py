"""Distribution of a curve over seeds: quartiles as a band, and the interquartile mean as a line.

Settings are ranked by the same mean, so a line ends at the value in the table.
"""

import numpy as np
import pandas as pd

from nnbench.core.arrays import FloatArray
from nnbench.stats.interquartile import middle_mean


def quartiles(epochs: FloatArray, curves: FloatArray) -> dict[str, FloatArray]:
    """Return interquartile mean and quartiles over runs at each epoch.

    Args:
        epochs: ascending, shape (n,).
        curves: shape (n, runs), NaN where a run has no value. Values missing between two epochs are interpolated
            linearly; past its end a run keeps its last value, as its weights do.

    Returns:
        `epoch`, without those before the first value of any run; `least`, `low`, `iqm`, `high`, `most`, `n` (runs); each of
        shape (epochs,).
    """
    if np.isnan(curves).any():
        filled = pd.DataFrame(curves, index=epochs).interpolate(method="index", limit_area="inside").ffill().dropna(how="all")
        epochs, curves = filled.index.to_numpy(), filled.to_numpy()
    missing = np.isnan(curves)
    quantile = np.nanpercentile if missing.any() else np.percentile
    least, low, high, most = quantile(curves, [0.0, 25.0, 75.0, 100.0], axis=1)
    columns = {"epoch": epochs, "least": least, "low": low, "iqm": middle_mean(curves), "high": high, "most": most}
    return {**columns, "n": (~missing).sum(axis=1)}
