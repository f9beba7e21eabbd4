"""Generalisation gap: the difference between the training split and an unseen one.

Computed run by run, so that a seed whose points are hard on both splits does not widen the interval. Positive means worse on
unseen points: training minus unseen for accuracy and R², unseen minus training for loss.
"""

from typing import Literal

import pandas as pd

from nnbench.stats.crossed import intervals


def generalisation_gap(
    runs: pd.DataFrame, *, measure: str = "accuracy", split: Literal["test", "val"] = "test"
) -> pd.DataFrame:
    """The interquartile mean of the gap over seeds, a row a setting.

    Args:
        runs: of a `Study`, the completed ones.
        measure: `accuracy`, `r2` or `loss`.
        split: the unseen points.

    Returns:
        In the order of the runs: `setting`, `n`, `estimate`, `low`, `high` (95 % interval), in the unit of the measure.
    """
    unseen = runs[f"test/{measure}" if split == "test" else f"final/val_{measure}"]
    gap = (runs[f"final/train_{measure}"] - unseen) * (-1 if measure == "loss" else 1)
    labels = [column for column in ("setting", "search", "seed") if column in runs]
    found = intervals(runs[labels].assign(value=gap))
    rows = [(name, one.n, one.estimate, one.low, one.high) for name in runs["setting"].unique() for one in [found[name]]]
    return pd.DataFrame(rows, columns=["setting", "n", "estimate", "low", "high"])
