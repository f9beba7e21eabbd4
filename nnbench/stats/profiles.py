"""Performance profiles and the AlgoPerf score: speed of settings over several problems.

A setting's performance profile rho(tau) is the share of problems that it solves in at most tau times the time of the fastest
setting there (Dolan and More, 2002). The score of AlgoPerf (Dahl et al., 2023, "Benchmarking neural network training
algorithms") is the mean height of the profile from tau = 1 to r_max = 4: 1 for a setting that is always the fastest, 0 for one
that is never within four times the fastest.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

LEAST_PROBLEMS = 3  # with fewer, a profile has only one or two steps
R_MAX = 4.0


def ratios(times: pd.DataFrame) -> pd.DataFrame:
    """Divide each time by the fastest on its problem; infinite where a problem was not solved.

    Args:
        times: one row a problem, one column a setting: positive, in any unit; infinite or NaN where it was not solved.
    """
    if len(times) < LEAST_PROBLEMS:
        raise ValueError(f"profiles compare settings over {LEAST_PROBLEMS} problems or more, not {len(times)}")
    if (times <= 0).to_numpy().any():
        raise ValueError("a time to solve a problem must be positive")
    solved = times.where(np.isfinite(times))
    return solved.div(solved.min(axis=1), axis=0).fillna(np.inf)


def performance_profiles(times: pd.DataFrame, tau: npt.ArrayLike) -> pd.DataFrame:
    """Return rho(tau) of each setting.

    Args:
        times: as `ratios` takes them.
        tau: shape (t,), 1 or more: multiples of the fastest time.

    Returns:
        Indexed by tau, one column a setting: a share of problems.
    """
    at = np.asarray(tau, dtype=np.float64)
    within = ratios(times)
    shares = (within.to_numpy()[None] <= at[:, None, None]).mean(axis=1)
    return pd.DataFrame(shares, index=pd.Index(at, name="tau"), columns=times.columns)


def algoperf_score(times: pd.DataFrame, *, r_max: float = R_MAX) -> "pd.Series[float]":
    """`1 / (r_max - 1)` times the integral of rho from 1 to r_max, best first.

    Computed exactly: a problem solved at the ratio r raises the profile from r on, so it adds `(r_max - r) / (r_max - 1)`.

    Args:
        times: as `ratios` takes them.
        r_max: the ratio beyond which a problem counts as unsolved.
    """
    scores = ((r_max - ratios(times)).clip(lower=0) / (r_max - 1)).mean()
    return scores.sort_values(ascending=False, kind="stable")
