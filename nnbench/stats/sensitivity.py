"""Sensitivity to the learning rate: the range over which an optimizer is nearly as good as at its best.

The curve takes, at each learning rate, the best of the settings tried there, so that the other hyperparameters are tuned (a
profile). Its width is the range of learning rates, in decades, over which it stays within a tolerance of its best; the
view of Wortsman et al. (2023, "Small-scale proxies for large-scale transformer training instabilities"), who average the
loss over such a range.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nnbench.stats.interquartile import interquartile_mean


def learning_rate_curve(values: pd.DataFrame, *, per_decade: int | None = None) -> pd.DataFrame:
    """Return the value of one optimizer as a function of its learning rate.

    Args:
        values: one row a run: `learning_rate`, `setting`, `value` (NaN where the run diverged), `place` (of its setting, as
            selection orders them: the less, the better).
        per_decade: join learning rates that lie within so many steps a decade, as a search at random needs; None
            takes them as they are, as a grid does.

    Returns:
        One row a learning rate, ascending: `learning_rate`, `setting` (that which selection would choose there), `place`, `n`,
        `estimate`, `low`, `high` (interquartile mean over its seeds, 95 % interval), `diverged` (its runs that did).
    """
    rates = values["learning_rate"].astype(float)
    if per_decade:
        rates = rates.map(lambda rate: 10 ** (round(np.log10(rate) * per_decade) / per_decade))
    rows = []
    for (rate, _), own in values.groupby([rates, "place"]):
        one = interquartile_mean(own["value"])
        setting, place = own[["setting", "place"]].iloc[0]
        rows.append((rate, setting, place, one.n, one.estimate, one.low, one.high, int(own["value"].isna().sum())))
    columns = ["learning_rate", "setting", "place", "n", "estimate", "low", "high", "diverged"]
    table = pd.DataFrame(rows, columns=columns).sort_values(["learning_rate", "place"])
    return table.drop_duplicates("learning_rate").reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class Range:
    """Range of learning rates around the best that are nearly as good.

    Attributes:
        best: the learning rate of the setting that selection chooses; NaN where its runs diverged, as is all else.
        low, high: its bounds, interpolated on the logarithmic axis.
        decades: log10(high / low).
        open_low, open_high: whether that bound is the end of what was tried, so that the range may go on beyond it.
    """

    best: float
    low: float
    high: float
    decades: float
    open_low: bool
    open_high: bool


def usable_range(curve: pd.DataFrame, tolerance: float, *, higher: bool = True) -> Range:
    """Return the contiguous range of learning rates around the chosen one within a tolerance, without diverged runs.

    Args:
        curve: as `learning_rate_curve` gives it.
        tolerance: in the unit of the values, such as 0.02 for two points of accuracy.
        higher: whether greater values are better.
    """
    shortfall = (curve["estimate"] * (-1 if higher else 1)).mask(curve["diverged"] > 0).to_numpy(float)
    best = int(curve["place"].argmin()) if len(curve) else 0
    if not len(curve) or np.isnan(shortfall[best]):
        return Range(best=np.nan, low=np.nan, high=np.nan, decades=np.nan, open_low=False, open_high=False)
    shortfall = shortfall - shortfall[best]
    rates = np.log10(curve["learning_rate"].to_numpy(float))
    high, open_high = _bound(rates[best:], shortfall[best:], tolerance)
    low, open_low = _bound(rates[best::-1], shortfall[best::-1], tolerance)
    return Range(
        best=float(curve["learning_rate"].iloc[best]),
        low=10**low,
        high=10**high,
        decades=high - low,
        open_low=open_low,
        open_high=open_high,
    )


def _bound(rates: np.ndarray, shortfall: np.ndarray, tolerance: float) -> tuple[float, bool]:
    """Return the rate where the shortfall first exceeds the tolerance, outwards from the best, and whether it never does."""
    beyond = np.flatnonzero(~(shortfall <= tolerance))  # NaN, a divergence, is beyond any
    if not len(beyond):
        return float(rates[-1]), True
    after = beyond[0]
    if np.isnan(shortfall[after]):
        return float(rates[after - 1]), False
    return float(np.interp(tolerance, shortfall[after - 1 : after + 1], rates[after - 1 : after + 1])), False
