"""Expected best result of tuning with k configurations, as a function of k.

The expected best of k drawn without replacement from the N that were tried, `sum_i v_(i) C(i - 1, k - 1) / C(N, k)` over
the values from the worst to the best: v_(i) is the best of a draw if the other k - 1 are among the i - 1 worse values. It is
unbiased, unlike Dodge et al.'s (2019, "Show your work") estimator, which draws with replacement (Tang et al., 2020).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaln


def best_of_k(values: npt.ArrayLike, *, higher: bool = True) -> pd.DataFrame:
    """The expected best of k configurations, for every k from 1 to N.

    Args:
        values: shape (N,), the selection criterion of each configuration, not its test score. NaN, for diverged runs, is
            worse than any number.
        higher: whether greater values are better.

    Returns:
        `k` and `expected`, in the unit of the values; NaN up to the number of NaN, where all k may be among them.
    """
    array = np.asarray(values, dtype=np.float64)
    known = np.sort(array[~np.isnan(array)])
    worst_first = known if higher else known[::-1]
    n, missing = array.size, array.size - known.size
    k = np.arange(1, n + 1)
    place = np.arange(missing + 1, n + 1)  # of each known value, from the worst; below k it is never the best of k
    weights = np.exp(_log_choose(place - 1, k[:, None] - 1) - _log_choose(n, k[:, None]))
    expected = np.where(k > missing, weights @ worst_first, np.nan)
    return pd.DataFrame({"k": k, "expected": expected})


def _log_choose(n: npt.ArrayLike, k: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Logarithm of the binomial coefficient, which would overflow for n > 1000; -inf for k > n."""
    n, k = np.asarray(n), np.asarray(k)
    result: npt.NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return result
