"""Paired comparison of settings: Wilcoxon signed-rank tests on runs paired by seed, Holm-corrected over all pairs.

Runs of one seed share data and initial weights, so a difference within a seed is not due to these random draws.
"""

from functools import lru_cache
from itertools import count
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

LEVEL = 0.05
MOST_EXACT = 400  # seeds; the time of the exact distribution grows with their cube, and takes a second at a thousand


class SignedRanks(NamedTuple):
    """Signed-rank tests of several pairs, arrays of shape (pairs,).

    Attributes:
        n: seeds that both settings have.
        sign: of the sum of signed ranks: 1, -1 or 0.
        p: two-sided p-value.
        same: whether both have the same value on each of these seeds.
    """

    n: npt.NDArray[np.int_]
    sign: npt.NDArray[np.int_]
    p: npt.NDArray[np.float64]
    same: npt.NDArray[np.bool_]


def signed_rank(differences: npt.ArrayLike, *, alternative: Literal["two-sided", "greater"] = "two-sided") -> float:
    """Return the p-value of the Wilcoxon signed-rank test, exact up to `MOST_EXACT` seeds, ties and zeros included.

    Zeros are ranked, then dropped (Pratt, 1959). The null distribution of the rank sum is built by convolution, a rank
    at a time; `scipy.stats.wilcoxon` is exact only without ties, and with them permutes for a second at thirteen seeds.
    With more seeds, the sum is normal, with the exact variance.

    Args:
        differences: shape (n,); infinite if one of the two runs diverged, which is the largest difference.
        alternative: `greater` tests whether the differences are positive.
    """
    return _p_value(_signed_ranks(np.asarray(differences, dtype=np.float64)), alternative)


def signed_ranks(differences: npt.NDArray[np.float64]) -> SignedRanks:
    """Test many pairs at once.

    Args:
        differences: shape (pairs, seeds), NaN where a run of a pair is missing.
    """
    n = np.count_nonzero(~np.isnan(differences), axis=1)
    signed = _signed_ranks(differences)
    p = np.array([_p_value(one) for one in signed], dtype=np.float64)
    return SignedRanks(n=n, sign=np.sign(signed.sum(axis=1)), p=p, same=(n > 0) & ~signed.any(axis=1))


def _signed_ranks(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.int_]:
    """Return twice the signed ranks of differences by their absolute values along the last axis; zero for zero and NaN.

    They are integers also with ties. Sizes are taken in steps of a billionth of the largest: 0.3 - 0.2 and 0.2 - 0.1 are the
    same gain of ten points in a hundred, but differ in binary, and rounding must not decide which is greater. Infinite ones
    tie.
    """
    largest = np.abs(differences).max(axis=-1, keepdims=True, initial=0.0, where=np.isfinite(differences))
    steps = np.where(largest > 0, np.rint(differences / np.where(largest > 0, largest, 1.0) * 1e9), differences)
    ranks = stats.rankdata(np.abs(steps), axis=-1, nan_policy="omit")
    signed: npt.NDArray[np.int_] = np.nan_to_num(np.rint(2 * ranks * np.sign(steps))).astype(int)
    return signed


def _p_value(signed: npt.NDArray[np.int_], alternative: str = "two-sided") -> float:
    positive, ranks = int(signed[signed > 0].sum()), np.sort(np.abs(signed[signed != 0]))
    total = int(ranks.sum())
    if len(ranks) > MOST_EXACT:
        opposite = min(positive, total - positive) if alternative == "two-sided" else total - positive
        # A rank is positive with probability 1/2; twice the ranks lie two apart, so one more corrects for continuity.
        lower = float(stats.norm.cdf((2 * opposite + 2 - total) / np.sqrt(np.square(ranks, dtype=np.float64).sum())))
        return min(1.0, 2 * lower) if alternative == "two-sided" else lower
    tails = _lower_tails(ranks.tobytes())
    if alternative == "two-sided":
        return min(1.0, 2 * float(tails[min(positive, total - positive)]))
    if total - positive < len(tails):
        return float(tails[total - positive])
    return 1.0 - float(tails[positive - 1]) if positive else 1.0


@lru_cache(maxsize=16)  # without ties, all pairs of a study have the same ranks
def _lower_tails(ranks: bytes) -> npt.NDArray[np.float64]:
    """Return the probability that the positive ranks sum to s or less, for each s up to half of the sum of all ranks.

    The distribution is symmetric, so the other half is not needed.

    Args:
        ranks: bytes of an ascending array of integers.
    """
    each = np.frombuffer(ranks, dtype=np.int_).tolist()
    chance = np.zeros(sum(each) // 2 + 1)  # chance[s]: probability that the positive ranks so far sum to s
    chance[0] = 1
    reached = 0  # the largest sum so far
    for rank in each:
        lower = chance[: reached + 1]
        lower /= 2
        reached = min(reached + rank, len(chance) - 1)
        chance[rank : reached + 1] += chance[: max(0, reached + 1 - rank)].copy()
    return np.cumsum(chance)


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Holm's (1979) step-down correction, shape (m,): controls the probability of any false rejection at the level."""
    # SciPy corrects for false discoveries only; statsmodels, which agrees (test_claims.py), would be one more dependency.
    array = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(array, kind="stable")
    corrected = np.empty_like(array)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(array[order] * np.arange(array.size, 0, -1)))
    return corrected


def seeds_needed(settings: int) -> int:
    """Return the fewest seeds with which a difference among so many settings (two or more) can be significant."""
    return seeds_for_tests(settings * (settings - 1) // 2)


def seeds_for_tests(tests: int) -> int:
    """Return the fewest seeds with which one of so many tests can be significant."""
    return next(seeds for seeds in count(1) if tests * 2.0 ** (1 - seeds) < LEVEL)


def difference(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return `first - second`; 0 where both are the same infinity, NaN where either is missing."""
    with np.errstate(invalid="ignore"):
        return np.where(first == second, 0.0, first - second)


def compare(values: pd.DataFrame) -> pd.DataFrame:
    """Test every pair of settings.

    Args:
        values: one row a seed, one column a setting, NaN where a run is missing: a pair is compared on the seeds that both
            have. Infinite where it diverged, from `diverged.with_diverged`: two diverged runs of a seed tie.

    Returns:
        One row a pair: `first`, `second`, `n` (seeds both have), `sign` (1 where `first` has the greater values, -1 where
        `second` has, by rank sums), `p`, `p_holm`, `differ` (whether a difference is shown), `same` (whether both have the
        same value on each of these seeds).
    """
    first, second = np.triu_indices(values.shape[1], k=1)
    array, names = values.to_numpy(dtype=np.float64).T, values.columns.to_numpy(dtype=str)
    tests = signed_ranks(difference(array[first], array[second]))
    corrected = holm(tests.p)
    return pd.DataFrame(
        {"first": names[first], "second": names[second], **tests._asdict(), "p_holm": corrected, "differ": corrected < LEVEL}
    )


def compare_if_enough(values: pd.DataFrame) -> pd.DataFrame:
    """Like `compare`, but without tests if there are too few seeds for a significant result, as for a large grid."""
    if values.shape[1] > 1 and len(values) >= seeds_needed(values.shape[1]):
        return compare(values)
    array, present = values.to_numpy(dtype=np.float64), values.notna().to_numpy()
    first, second = np.triu_indices(array.shape[1], k=1)
    shared = present.T.astype(int) @ present.astype(int)
    differ = [
        ((array != column[:, None]) & present & here[:, None]).any(axis=0)
        for column, here in zip(array.T, present.T, strict=True)
    ]
    names = values.columns.to_numpy()
    table = pd.DataFrame({"first": names[first], "second": names[second], "n": shared[first, second]})
    same = (shared > 0) & ~np.array(differ, dtype=bool).reshape(shared.shape)
    return table.assign(sign=0, p=np.nan, p_holm=np.nan, differ=False, same=same[first, second])
