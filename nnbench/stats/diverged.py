"""Values of diverged runs in a comparison: each ranks below every completed run.

A run whose loss became infinite or NaN has no final value. Leaving it out would bias the comparison in favour of its setting,
so it gets the worst possible value: minus infinity if greater values are better, else infinity. Ranks and signed-rank tests
need no special case: it is worse than any finite value, and two diverged runs tie. A run that failed or was killed gives no
information on its setting: its value is missing.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from nnbench.stats.interquartile import middle_mean


def worst(*, higher: bool) -> float:
    """Return the value of a diverged run."""
    return -np.inf if higher else np.inf


def with_diverged(values: pd.DataFrame, runs: pd.DataFrame, *, higher: bool) -> pd.DataFrame:
    """Add the diverged runs to the values of a study.

    Args:
        values: `setting`, `seed`, `value`, a row a completed run; other columns, such as `search`, must be in `runs` too.
        runs: of a `Study`.
        higher: whether greater values are better.

    Returns:
        The same columns; `values` unchanged if it is empty, since nothing can then be compared.
    """
    diverged = runs.loc[runs["outcome"] == "diverged", [column for column in values if column != "value"]]
    if values.empty or diverged.empty:
        return values
    return pd.concat([values, diverged.assign(value=worst(higher=higher))], ignore_index=True)


def score(values: npt.ArrayLike, *, higher: bool) -> float:
    """Return the interquartile mean by which a setting is ranked, including its diverged runs.

    It is finite if no more than a quarter of the runs diverged, which is then the quarter that it leaves out; else it is the
    value of a diverged run.

    Args:
        values: shape (n,), one a run, infinite where it diverged; NaN stands for no value and is left out.
        higher: whether greater values are better.
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[~np.isnan(array)]
    diverged = np.isinf(array)
    if 4 * diverged.sum() > array.size:
        return worst(higher=higher)
    if diverged.any():  # any finite value that is no better than the others has the same mean
        known = array[~diverged]
        array = np.where(diverged, known.min() if higher else known.max(), array)
    return float(middle_mean(array))
