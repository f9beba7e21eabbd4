"""Pareto front of cost and quality: the points that no other point surpasses in one without being worse in the other."""

import numpy as np
import numpy.typing as npt


def front(costs: npt.ArrayLike, qualities: npt.ArrayLike, *, higher: bool) -> npt.NDArray[np.bool_]:
    """Return which points are on the front.

    Args:
        costs: lower is better, shape (n,).
        qualities: shape (n,). A point without a cost or a quality, NaN or infinite, is not on the front.
        higher: whether greater qualities are better.

    Returns:
        Shape (n,): whether no other point is at least as good in both, and better in one. Equal points are both on it.
    """
    x, y = np.asarray(costs, dtype=np.float64), np.asarray(qualities, dtype=np.float64)
    y = -y if higher else y
    known = np.isfinite(x) & np.isfinite(y)
    at_least = (x <= x[:, None]) & (y <= y[:, None]) & known
    better = at_least & ((x < x[:, None]) | (y < y[:, None]))
    return np.asarray(known & ~better.any(axis=1))
