"""Time until the training accuracy reaches a target, with censoring of runs that do not reach it.

A run that did not reach the target is censored: its time is only known to exceed its length. The share of runs that have
reached the target by a time t is estimated by one minus Kaplan and Meier's (1958) product over the times at which runs reached
it, `1 - prod (1 - d_i / r_i)`, where d_i of the r_i runs still at risk reached it. A diverged run never reaches the target and
stays at risk for ever.

The expected running time (Auger and Hansen, 2005; Hansen et al., 2021, "COCO") is the expected cost of reaching the target
by restarting with new seeds until a run does: the time spent in all runs, over the number of those that reached it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from nnbench.core.arrays import FloatArray
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
        One row for each time at which a run reached it, ascending: `time`, and `share` until the next row.
    """
    time, reached, diverged = _known(times)
    if not reached.any():
        return pd.DataFrame({"time": [], "share": []}, dtype=float)
    watched = np.where(diverged, np.nanmax(time), time)
    curve = stats.ecdf(stats.CensoredData.right_censored(watched, ~reached)).cdf
    steps = np.isin(curve.quantiles, time[reached])
    return pd.DataFrame({"time": curve.quantiles[steps], "share": curve.probabilities[steps]})


def time_until(times: pd.DataFrame, share: float = 0.5) -> float:
    """Return the time by which this share of runs has reached the target; infinite if fewer did.

    Args:
        times: the rows of one setting, as `times_to_target` gives them.
        share: in (0, 1]; 0.5 gives the median time.
    """
    curve = share_reached(times)
    arrived = curve["time"].to_numpy()[curve["share"].to_numpy() >= share - 1e-12]
    return float(arrived[0]) if len(arrived) else np.inf


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
    time, reached, _ = _known(times)
    successes, n = int(reached.sum()), len(time)
    expected = time.sum() / successes if successes else np.inf if n else np.nan
    return RunningTime(expected=float(expected), successes=successes, n=n)


def _known(times: pd.DataFrame) -> tuple[FloatArray, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return `time`, `reached` and `diverged` of the runs with a known time, and the diverged ones."""
    time = times["time"].to_numpy(dtype=np.float64)
    reached, diverged = (times[name].to_numpy(dtype=bool) for name in ("reached", "diverged"))
    known = ~np.isnan(time) | diverged
    return time[known], reached[known], diverged[known]
