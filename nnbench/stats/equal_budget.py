"""Share of a reference's budget after which a setting has reached the reference's final loss.

"Reaches SGD's final loss in 0.43 of its steps": of each seed, the loss with which the reference's run ends, and what the
setting's run on the same points and initial weights has spent when its loss is first as low, over what the reference has
spent in total. The median over seeds needs no value of the seeds on which the setting never gets there, as long as they are
fewer than half; its interval is a percentile bootstrap over the seeds, whose runs stay paired.

The AlgoPerf benchmark (Dahl et al., 2023, "Benchmarking neural network training algorithms") compares times to a target in
this way; the target here is not chosen by hand.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats.interquartile import RESAMPLES, Interval


def first_reached(spent: npt.ArrayLike, losses: npt.ArrayLike, target: float) -> float:
    """Return what was spent when a loss was first at most the target; infinite if it never was.

    Args:
        spent: at each measurement, ascending, shape (n,).
        losses: shape (n,); NaN where not measured. Between two measurements, the loss is taken as linear.
        target: a finite loss.
    """
    x, y = np.asarray(spent, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    known = ~np.isnan(y)
    x, y = x[known], y[known]
    below = np.flatnonzero(y <= target)
    if not below.size:
        return np.inf
    at = below[0]
    if at == 0 or not np.isfinite(y[at - 1]):
        return float(x[at])
    return float(x[at - 1] + (x[at] - x[at - 1]) * (y[at - 1] - target) / (y[at - 1] - y[at]))


def shares(curves: pd.DataFrame, setting: str, reference: str) -> "pd.Series[float]":
    """Return the share of the reference's budget that a setting needs for the reference's final loss, by seed.

    Args:
        curves: one row a measurement: `setting`, `seed`, `diverged` (whether the run did), `spent`, `loss`.
        setting: the setting that is judged.
        reference: the setting whose final loss is the target.

    Returns:
        A share a seed that both have, above 1 if the setting needs more; infinite if its run never reaches the loss or
        diverged; 0 if only the run of the reference diverged, and 1 if both did. Without a seed whose reference has spent
        nothing, of which no share can be told.
    """
    ours, theirs = (_runs(curves, name) for name in (setting, reference))
    found = {}
    for seed in sorted(ours.keys() & theirs.keys()):
        run, target = ours[seed], theirs[seed]
        if run["diverged"].iloc[0]:
            found[seed] = 1.0 if target["diverged"].iloc[0] else np.inf
        elif target["diverged"].iloc[0]:
            found[seed] = 0.0
        elif target["spent"].iloc[-1] > 0:
            reached = first_reached(run["spent"], run["loss"], float(target["loss"].iloc[-1]))
            found[seed] = reached / float(target["spent"].iloc[-1])
    return pd.Series(found, dtype=float)


def typical(values: npt.ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Return the median of shares, with a percentile bootstrap interval over seeds; the same values give the same interval.

    Args:
        values: one a seed, shape (n,), of which some may be infinite.
        confidence: of the interval; for its coverage see docs/method.md.

    Returns:
        The interval, its ends infinite if the resampled medians are; NaN for fewer than six values.
    """
    array = np.sort(np.asarray(values, dtype=np.float64))
    if not array.size:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)
    estimate = float(_median(array))
    if array.size < MINIMUM_RUNS:
        return Interval(estimate=estimate, low=np.nan, high=np.nan, n=array.size)
    rng = np.random.default_rng(0)
    medians = np.sort(_median(array[np.sort(rng.integers(array.size, size=(RESAMPLES, array.size)), axis=1)]))
    tail = int((1 - confidence) / 2 * RESAMPLES)  # order statistics: infinite medians cannot be interpolated
    low, high = float(medians[tail]), float(medians[RESAMPLES - 1 - tail])
    return Interval(estimate=estimate, low=low, high=high, n=array.size)


def _runs(curves: pd.DataFrame, setting: str) -> dict[int, pd.DataFrame]:
    known = curves[(curves["setting"] == setting) & (curves["loss"].notna() | curves["diverged"])]
    return {int(str(seed)): run.sort_values("spent") for seed, run in known.groupby("seed")}


def _median(ordered: FloatArray) -> FloatArray:
    """Return the median along the last axis of sorted values; infinite if one of the two in the middle is."""
    n = ordered.shape[-1]
    return np.asarray((ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2)
