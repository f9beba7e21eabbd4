"""Interquartile mean of a few seeds, with a bootstrap confidence interval.

It drops the best and the worst quarter of the runs: more robust than the mean, which depends on every single run, and more
efficient than the median, which depends on one or two (Agarwal et al., 2021, "Deep reinforcement learning at the edge of the
statistical precipice"). Where n is not divisible by 4, the runs at the two cuts are weighted by the part of them that lies in
the middle half: of 10 runs the third and the eighth count half. Without this, 10 runs would be averaged over 60 %, 7 runs
over 71 % of them.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nnbench.core.constraints import MINIMUM_RUNS

RESAMPLES = 9999
_BLOCK = 2_000_000  # values that are converted at once: all of 200 runs


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes:
        estimate: NaN where there is no value.
        low, high: its bounds; NaN for fewer than six values, whose interval would be too narrow.
        n: number of values.
        searches: number of searches that chose the setting; 1 if it was not searched for.
    """

    estimate: float
    low: float
    high: float
    n: int
    searches: int = 1


NO_RUNS = Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)


def middle_mean(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Interquartile mean along the last axis.

    Args:
        values: shape (..., n); NaN stands for no value and is left out.

    Returns:
        Shape (...); NaN where there is no value.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=-1)  # NaN comes last
    n = np.count_nonzero(~np.isnan(ordered), axis=-1)
    if not ordered.shape[-1]:
        return np.full(ordered.shape[:-1], np.nan)
    weights = _weights(n, ordered.shape[-1])
    base = _base(ordered)
    above = np.where(weights > 0, ordered - base[..., None], 0.0)
    return np.asarray(base + np.sum(above * weights, axis=-1))


def interquartile_mean(values: npt.ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Mean of the middle half, with a percentile bootstrap interval; the same values give the same interval.

    The percentile method is used because BCa is undefined where all values are equal.

    Args:
        values: shape (n,), one a run; NaN stands for no value and is left out.
        confidence: of the interval, in (0, 1); nominal; for the actual coverage see docs/method.md.
    """
    array = np.asarray(values, dtype=np.float64)
    array = np.sort(array[~np.isnan(array)])  # sorted, so that the result does not depend on the order of runs
    estimate = float(middle_mean(array))
    if array.size < MINIMUM_RUNS:
        return Interval(estimate=estimate, low=np.nan, high=np.nan, n=array.size)
    base = _base(array)
    weights, most = _resampled_weights(array.size), max(64, _BLOCK // array.size)
    blocks = [weights[start : start + most] @ (array - base) for start in range(0, RESAMPLES, most)]  # as floats, 8 bytes each
    means = base + np.concatenate(blocks) / (2 * array.size)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate=estimate, low=float(low), high=float(high), n=array.size)


def _base(ordered: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the least value, subtracted before averaging, so that the mean of equal values is exact."""
    least = ordered[..., 0]
    return np.where(np.isinf(least), 0.0, least)


def _weights(n: npt.ArrayLike, places: int) -> npt.NDArray[np.float64]:
    """Return the weight of each of n ordered values: its part of the middle half.

    Args:
        n: shape (...).
        places: number of weights; those beyond n are 0.

    Returns:
        Shape (..., places); NaN where n is 0.
    """
    of, place = np.asarray(n, dtype=np.float64)[..., None], np.arange(places)
    inside = np.clip(np.minimum(place + 1, 0.75 * of) - np.maximum(place, 0.25 * of), 0.0, None)
    return np.asarray(inside / np.where(of > 0, 0.5 * of, np.nan))


@lru_cache(maxsize=8)  # the settings of a study have the same number of runs, but for those that diverged
def _resampled_weights(n: int) -> npt.NDArray[np.unsignedinteger]:
    """Return the weight of each of n ordered values in the interquartile mean of each resample, times 2 n: an integer.

    A value that a resample contains c times takes c places in its order; the weight is the part of them in the middle half.

    Returns:
        Shape (RESAMPLES, n).
    """
    rng, most = np.random.default_rng(0), max(1, 500_000 // n)
    weights = np.empty((RESAMPLES, n), dtype=np.min_scalar_type(2 * n))
    for start in range(0, RESAMPLES, most):  # in blocks, so that a thousand runs do not take a gigabyte
        rows = min(most, RESAMPLES - start)
        drawn = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        places = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).cumsum(axis=1)
        weights[start : start + rows] = np.diff(np.clip(4 * places, n, 3 * n), axis=1, prepend=n)
    return weights
