"""Scores on a common scale over problems, and their interquartile mean.

Accuracies, losses and numbers of steps of different problems have no common unit. Each value is placed between two anchors of
its problem: 0 is what is reached without learning, 1 is the best known. The scores of all runs of a setting on all problems
are then summarised by their interquartile mean, with a bootstrap interval stratified by problem: seeds are resampled within
each problem (Agarwal et al., 2021, "Deep reinforcement learning at the edge of the statistical precipice"). The interval is
about other seeds on the same problems, not about other problems.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats.interquartile import Interval, middle_mean

RESAMPLES = 1999


def normalized(values: npt.ArrayLike, *, zero: float, one: float, logarithmic: bool = False) -> npt.NDArray[np.float64]:
    """Place values on the scale of a problem.

    A value worse than `zero` counts as 0, as does a diverged run, given as an infinite value; else one hopeless run would
    decide over many good ones. A value beyond `one` is not cut: the best known may be surpassed.

    Args:
        values: any shape; NaN stays.
        zero, one: values with the scores 0 and 1, different; `one` may be less than `zero`, as for losses.
        logarithmic: place the logarithms; all of them, and the anchors, must be positive.

    Raises:
        ValueError: the anchors are equal or not finite, or a logarithm does not exist.
    """
    array = np.asarray(values, dtype=np.float64)
    if not (np.isfinite(zero) and np.isfinite(one) and zero != one):
        raise ValueError(f"the values with the scores 0 and 1 must be finite and different, not {zero} and {one}")
    finite = np.isfinite(array)
    if logarithmic:
        if min(zero, one, array.min(initial=np.inf, where=finite)) <= 0:
            raise ValueError("a logarithmic scale needs positive values")
        array = np.log(array, where=finite, out=array.copy())
        zero, one = float(np.log(zero)), float(np.log(one))
    scores = np.clip((array - zero) / (one - zero), 0.0, None)
    return np.where(np.isinf(array), 0.0, scores)


def over_problems(scores: Sequence[npt.ArrayLike], *, confidence: float = 0.95) -> Interval:
    """Interquartile mean over the runs of one setting on all problems, with a stratified percentile bootstrap interval.

    Args:
        scores: of each problem, the scores of its runs, shape (n,); without NaN. A problem with more runs has more weight.
        confidence: of the interval, in (0, 1).

    Returns:
        `n` is the number of runs; the bounds are NaN if a problem has fewer than six.
    """
    strata = [np.asarray(one, dtype=np.float64) for one in scores]
    together = np.concatenate([*strata, np.empty(0)])
    estimate = float(middle_mean(together))
    if min((len(one) for one in strata), default=0) < MINIMUM_RUNS:
        return Interval(estimate=estimate, low=np.nan, high=np.nan, n=together.size)
    rng = np.random.default_rng(0)
    resampled = [one[rng.integers(len(one), size=(RESAMPLES, len(one)))] for one in strata]
    means = middle_mean(np.concatenate(resampled, axis=1))
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate=estimate, low=float(low), high=float(high), n=together.size)
