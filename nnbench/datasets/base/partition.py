"""Division of a table into disjoint splits, stratified by class."""

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from nnbench.core.arrays import IntArray


def partition(
    x: npt.NDArray[np.float64], strata: IntArray, val_share: float, test_share: float, rng: Generator
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the positions of the training, the validation and the test rows, each ascending.

    Every row is in exactly one split. Rows with equal features are one point and lie in the same split; such a point
    belongs to the stratum of its first row. The test points are drawn first, then the validation points from the rest, as
    two successive stratified draws: of a stratum with n points, the test split has n * test_share to within one,
    and the validation split n * val_share to within two.

    Args:
        x: shape (n, features).
        strata: values by which the splits are stratified, such as the class of each row, shape (n,).
        val_share: share of the distinct points in the validation split.
        test_share: the same for the test split.
        rng: random numbers that assign points to splits.

    Raises:
        ValueError: no point is left to train on.
    """
    # Minus zero is zero, and `unique` compares numbers.
    _, first, point = np.unique(x + 0.0, axis=0, return_index=True, return_inverse=True)
    shuffled = rng.permutation(np.sort(first))
    ordered = shuffled[np.argsort(strata[shuffled], kind="stable")]  # by stratum, and within it at random
    test = _spread(len(ordered), test_share)
    rest = ordered[~test]
    val = _spread(len(rest), val_share / (1.0 - test_share))
    if val.all():
        raise ValueError(f"no point of {len(ordered)} is left to train on; use smaller shares")
    split_of_point = np.zeros(len(first), np.int64)
    point = point.reshape(-1)
    split_of_point[point[rest[val]]] = 1
    split_of_point[point[ordered[test]]] = 2
    split = split_of_point[point]
    train, validation, tested = (np.flatnonzero(split == which) for which in range(3))
    return train, validation, tested


def _spread(size: int, share: float) -> npt.NDArray[np.bool_]:
    """Return `share` of `size` positions, evenly spaced, so that every interval has its share to within one."""
    reached = np.floor(np.arange(size + 1) * share + 0.5)
    spread: npt.NDArray[np.bool_] = np.diff(reached) > 0
    return spread
