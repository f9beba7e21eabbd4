"""Anytime performance: the mean of a learning curve over training, rather than its final value.

The area under the curve divided by the length of training, so that it has the unit of the curve (Zilberstein, 1996;
Lopez-Ibanez and Stuetzle, 2014).
"""

import numpy as np
import pandas as pd


def mean_over_training(curves: pd.DataFrame, column: str, *, until: float, log: bool = False) -> "pd.Series[float]":
    """The mean of a curve from epoch 0 to `until`, by the trapezoid rule between the evaluated epochs.

    Args:
        curves: `run_id`, `epoch` and the column, as in `Study.curves`; without diverged runs, whose curves
            end early.
        column: such as `train_loss`.
        until: epoch at which all runs are cut; a run that stopped earlier keeps its last value.
        log: weight epoch e by 1 / (1 + e), so that each doubling of the epochs has the same weight.

    Returns:
        One value a run, indexed by `run_id`; NaN for a run with no value there.
    """
    known = curves.dropna(subset=[column]).sort_values("epoch", kind="stable")
    epochs, values = known["epoch"].to_numpy(dtype=float), known[column].to_numpy(dtype=float)
    rows = known.groupby("run_id").indices
    means = {run: _mean(epochs[own], values[own], until, log) for run, own in rows.items()}
    return pd.Series(means, index=pd.Index(curves["run_id"].unique(), name="run_id"), dtype=float)


def _mean(epochs: np.ndarray, values: np.ndarray, until: float, log: bool) -> float:
    at_end = np.interp(until, epochs, values)  # past the end, the last value
    within = epochs < until
    x, y = np.append(epochs[within], until), np.append(values[within], at_end)
    if log:
        x = np.log1p(x)
    return float(np.trapezoid(y, x) / (x[-1] - x[0])) if x[-1] > x[0] else float(at_end)
