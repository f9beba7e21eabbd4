"""Sensitivity to the learning rate, or another hyperparameter: the range over which an optimizer is nearly at its best.

The curve takes, at each learning rate, the best of the settings tried there, so that the other hyperparameters are tuned (a
profile). Its width is the range of learning rates, in decades, over which it stays within a tolerance of its best; the
view of Wortsman et al. (2023, "Small-scale proxies for large-scale transformer training instabilities"), who average the
loss over such a range.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nnbench.stats.interquartile import interquartile_mean


def sensitivity_curve(
    values: pd.DataFrame, hyperparameter: str = "learning_rate", *, per_decade: int | None = None
) -> pd.DataFrame:
    """Return the value of one optimizer as a function of a hyperparameter.

    Args:
        values: one row a run: the hyperparameter, `setting`, `value` (NaN where the run diverged), `place` (of its setting,
            as selection orders them: 0 is the best).
        hyperparameter: name of its column, of positive numbers.
        per_decade: join values that lie within so many steps a decade, as a search at random needs; None takes them as
            they are, as a grid does.

    Returns:
        One row a value, ascending: the hyperparameter, `setting` (that which selection would choose there), `place`, `n`,
        `estimate`, `low`, `high` (interquartile mean over its seeds, 95 % interval), `diverged` (its runs that did).
    """
    scale = values[hyperparameter].astype(float)
    if per_decade:
        scale = scale.map(lambda value: 10 ** (round(np.log10(value) * per_decade) / per_decade))
    setting, results = values["setting"].to_numpy(), values["value"].to_numpy(dtype=np.float64)
    found: dict[tuple[float, int], np.ndarray] = values.groupby([scale, "place"]).indices  # type: ignore[assignment]
    rows = []
    for (at, place), own in sorted(found.items()):
        one = interquartile_mean(results[own])
        diverged = int(np.isnan(results[own]).sum())
        rows.append((at, setting[own[0]], place, one.n, one.estimate, one.low, one.high, diverged))
    columns = [hyperparameter, "setting", "place", "n", "estimate", "low", "high", "diverged"]
    table = pd.DataFrame(rows, columns=columns).sort_values([hyperparameter, "place"])
    return table.drop_duplicates(hyperparameter).reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class Range:
    """Range of values of a hyperparameter around the best that are nearly as good.

    Attributes:
        best: the value of the setting that selection chooses; NaN where its runs diverged, as is all else.
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


def usable_range(
    curve: pd.DataFrame, tolerance: float, hyperparameter: str = "learning_rate", *, higher: bool = True
) -> Range:
    """Return the contiguous range of values around the chosen one within a tolerance, without diverged runs.

    Args:
        curve: as `sensitivity_curve` gives it.
        tolerance: in the unit of the values, such as 0.02 for two points of accuracy.
        hyperparameter: name of its column.
        higher: whether greater results are better.
    """
    shortfall = (curve["estimate"] * (-1 if higher else 1)).mask(curve["diverged"] > 0).to_numpy(float)
    best = int(curve["place"].argmin()) if len(curve) else 0
    if not len(curve) or np.isnan(shortfall[best]):
        return Range(best=np.nan, low=np.nan, high=np.nan, decades=np.nan, open_low=False, open_high=False)
    shortfall = shortfall - shortfall[best]
    scale = np.log10(curve[hyperparameter].to_numpy(float))
    high, open_high = _bound(scale[best:], shortfall[best:], tolerance)
    low, open_low = _bound(scale[best::-1], shortfall[best::-1], tolerance)
    return Range(
        best=float(curve[hyperparameter].iloc[best]),
        low=10**low,
        high=10**high,
        decades=high - low,
        open_low=open_low,
        open_high=open_high,
    )


def _bound(scale: np.ndarray, shortfall: np.ndarray, tolerance: float) -> tuple[float, bool]:
    """Return the value where the shortfall first exceeds the tolerance, outwards from the best, and whether it never does."""
    beyond = np.flatnonzero(~(shortfall <= tolerance))  # NaN, a divergence, is beyond any
    if not len(beyond):
        return float(scale[-1]), True
    after = beyond[0]
    if np.isnan(shortfall[after]):
        return float(scale[after - 1]), False
    return float(np.interp(tolerance, shortfall[after - 1 : after + 1], scale[after - 1 : after + 1])), False
