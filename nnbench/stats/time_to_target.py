"""Time until the training accuracy reaches a target, with censoring of runs that do not reach it.

A run that did not reach the target is censored: its time is only known to exceed its length. The share of runs that have
reached the target by a time t is estimated by one minus Kaplan and Meier's (1958) product over the times at which runs reached
it, `1 - prod (1 - d_i / r_i)`, where d_i of the r_i runs still at risk reached it. A diverged run never reaches the target and
stays at risk for ever.

The expected running time (Auger and Hansen, 2005; Hansen et al., 2021, "COCO") is the expected cost of reaching the target
by restarting with new seeds until a run does: the time spent in all runs, over the number of those that reached it.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnbench.records.outcomes import COUNTED

_ROUNDING = 1e-6  # rounding error of an accuracy in float32


def times_to_target(runs: pd.DataFrame, curves: pd.DataFrame, records: pd.DataFrame, target: float) -> pd.DataFrame:
    """Return the epoch, or number of updates, at which each run's training accuracy first reached the target.

    A diverged run counts as never reaching it, whatever it reached before; failed and killed runs are left out.

    Args:
        runs, curves, records: of a `Study`.
        target: accuracy in [0, 1], or R² of a regression.

    Returns:
        One row a run: `setting`, `search` if the runs have it, `seed`, `time` (at which it was reached, or length of the
        run), `reached`, `diverged`.
    """
    ended = runs[runs["outcome"].isin(COUNTED)]
    diverged = ended["outcome"] == "diverged"
    scores = records[[column for column in ("train_accuracy", "train_r2") if column in records]].max(axis=1)
    seen = records[scores >= target - _ROUNDING].groupby("run_id")["epoch"].min()
    arrival = ended["run_id"].map(seen).mask(diverged).astype(float)
    last = ended["run_id"].map(curves.groupby("run_id")["epoch"].max()).astype(float)
    labels = [column for column in ("setting", "search", "seed") if column in ended]
    return ended[labels].assign(time=arrival.fillna(last), reached=arrival.notna(), diverged=diverged)


def share_reached(times: pd.DataFrame) -> pd.DataFrame:
    """Return Kaplan and Meier's estimate of the share of runs that have reached the target by each time.

    Args:
        times: the rows of one setting, as `times_to_target` gives them.

    Returns:
        One row for each time at which a run reached it, ascending: `time`, `share` until the next row, and `low`, `high` (95 %
        log-log interval by Greenwood's formula; NaN once all runs have reached it, where it is undefined).
    """
    known = _known(times)
    if not known["reached"].any():
        return pd.DataFrame({"time": [], "share": [], "low": [], "high": []}, dtype=float)
    watched = known["time"].mask(known["diverged"], known["time"].max())
    curve = stats.ecdf(stats.CensoredData.right_censored(watched.to_numpy(), ~known["reached"].to_numpy())).cdf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The confidence interval is undefined", category=RuntimeWarning)
        # Any: the stubs take its bounds for numbers, but they are curves
        interval: Any = curve.confidence_interval(0.95, method="log-log")
    bounds = {"low": interval.low.probabilities, "high": interval.high.probabilities}
    table = pd.DataFrame({"time": curve.quantiles, "share": curve.probabilities, **bounds})
    return table[table["time"].isin(known.loc[known["reached"], "time"])].reset_index(drop=True)


def time_until(times: pd.DataFrame, share: float = 0.5) -> float:
    """Return the time by which this share of runs has reached the target; infinite if fewer did.

    Args:
        times: the rows of one setting, as `times_to_target` gives them.
        share: in (0, 1]; 0.5 gives the median time.
    """
    curve = share_reached(times)
    arrived = curve.loc[curve["share"] >= share - 1e-12, "time"]
    return float(arrived.iloc[0]) if len(arrived) else np.inf


@dataclass(frozen=True, kw_only=True)
class RunningTime:
    """Expected time to reach a target, with the number of runs.

    Attributes:
        expected: in the unit of the times; infinite where no run reached the target, NaN where there is no run or it is
            unknown how long a diverged one ran.
        successes: number of runs that reached it.
        n: number of runs.
    """

    expected: float
    successes: int
    n: int


def expected_running_time(times: pd.DataFrame) -> RunningTime:
    """Return the total time of all runs divided by the number that reached the target.

    It has no interval: one failure has so much weight that a bootstrap of 20 runs, of which one in twenty fails,
    has a coverage of 70 % instead of 95 %. The numbers of successes and runs indicate its reliability.

    Args:
        times: the rows of one setting, as `times_to_target` gives them.
    """
    known = _known(times)
    successes = int(known["reached"].sum())
    expected = known["time"].sum(skipna=False) / successes if successes else np.inf if len(known) else np.nan
    return RunningTime(expected=float(expected), successes=successes, n=len(known))


def _known(times: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with a known time, and the diverged ones."""
    return times[times["time"].notna() | times["diverged"]]
