"""Comparison of settings whose runs vary with two crossed factors: the search that chose a setting, and the seed of a run.

A tuned optimizer is a procedure: search, choose, train. With S independent searches and n final seeds it has S x n runs. A
run depends on its search, since each search may choose another setting, and on its seed, which draws the points and the
initial weights; all searches of all optimizers share the seeds. Treating the runs as independent, or averaging over searches
and testing over seeds alone, ignores that another search would have given other values.

The test is a t-test on ranks (Conover and Iman, 1981) with a variance for two crossed clusters (Cameron, Gelbach and Miller,
2011): the variance between searches, of each setting, plus that between seeds, of the paired differences. The variance of the
single runs, which is part of both, is not subtracted, so the sum is never too small and the test is conservative where
it dominates. Degrees of freedom are Satterthwaite's (1946).

The interval is Owen's (2007) pigeonhole bootstrap: searches and seeds are both drawn with replacement.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from nnbench.core.constraints import MINIMUM_RUNS, MINIMUM_SEARCHES
from nnbench.stats.interquartile import RESAMPLES, Interval, interquartile_mean, middle_mean
from nnbench.stats.signed_rank import LEVEL, difference, holm, signed_ranks

FloatArray = npt.NDArray[np.float64]
_BLOCK = 500_000  # values of resamples at a time


@dataclass(frozen=True, kw_only=True)
class CrossedTest:
    """Test of the difference between two settings.

    Attributes:
        n: seeds on which each search of both settings has a value.
        sign: 1 where the first has the greater values, -1 where the second has, 0 where neither.
        p: 1 where all values are the same, NaN below two seeds and for two searches, which do not show how much searches
            differ.
        same: whether both have the same value in each search and seed.
    """

    n: int
    sign: int
    p: float
    same: bool


def crossed_test(
    first: npt.ArrayLike, second: npt.ArrayLike, *, alternative: Literal["two-sided", "greater"] = "two-sided"
) -> CrossedTest:
    """Test whether two settings differ, over searches and seeds.

    Args:
        first, second: shapes (searches, seeds), with the same seeds; one row where there is no search, as for a default
            setting. Infinite where a run diverged; a seed with NaN in any row is left out.
        alternative: the hypothesis that is tested: that they differ, or that the first has the greater values.
    """
    a, b = np.atleast_2d(np.asarray(first, dtype=float)), np.atleast_2d(np.asarray(second, dtype=float))
    complete = ~(np.isnan(a).any(axis=0) | np.isnan(b).any(axis=0))
    a, b = a[:, complete], b[:, complete]
    n = a.shape[1]
    same = n > 0 and bool((a == a[0]).all() and (b == a[0]).all())
    if n < 2 or any(1 < len(one) < MINIMUM_SEARCHES for one in (a, b)):
        return CrossedTest(n=n, sign=0, p=np.nan, same=same)
    ranks = stats.rankdata(np.concatenate([a.ravel(), b.ravel()]))
    mine, other = ranks[: a.size].reshape(a.shape), ranks[a.size :].reshape(b.shape)
    difference = float(mine.mean() - other.mean())
    variance, freedom = _variance(mine, other)
    if np.isclose(difference, 0, atol=1e-9):
        return CrossedTest(n=n, sign=0, p=1.0, same=same)
    two_sided = 2 * stats.t.sf(abs(difference) / np.sqrt(variance), freedom) if variance > 0 else 0.0
    p = two_sided if alternative == "two-sided" else two_sided / 2 if difference > 0 else 1 - two_sided / 2
    return CrossedTest(n=n, sign=int(np.sign(difference)), p=float(p), same=same)


def _variance(first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """Variance of the difference of the means, and its degrees of freedom; shapes as in `crossed_test`, two seeds or more."""
    parts = [(_of_mean(first.mean(axis=0) - second.mean(axis=0)), first.shape[1] - 1)]
    parts += [(_of_mean(one.mean(axis=1)), one.shape[0] - 1) for one in (first, second) if one.shape[0] > 1]
    variance = sum(part for part, _ in parts)
    squares = sum(part**2 / freedom for part, freedom in parts)
    return variance, variance**2 / squares if squares > 0 else np.inf


def _of_mean(values: FloatArray) -> float:
    return float(values.var(ddof=1) / len(values))


def difference_shown(first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.05, power: float = 0.8) -> float:
    """Return the difference of means that the test would show with this power, if these runs are like those of another study.

    Args:
        first, second: as in `crossed_test`, finite; the result has their unit.
        level: of the test, that of the study over its number of tests.
        power: in (0, 1).

    Returns:
        Infinite below two seeds. It rests on the t-test of the values themselves rather than of their ranks.
    """
    a, b = np.atleast_2d(np.asarray(first, dtype=float)), np.atleast_2d(np.asarray(second, dtype=float))
    finite = np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0)
    a, b = a[:, finite], b[:, finite]
    if a.shape[1] < 2:
        return float("inf")
    variance, freedom = _variance(a, b)
    return float((stats.t.isf(level / 2, freedom) + stats.t.ppf(power, freedom)) * np.sqrt(variance))


def interval(values: npt.ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Interquartile mean of all runs of a setting, with an interval over searches and seeds; the same for the same values.

    Args:
        values: shape (searches, seeds), NaN where a run is missing.
        confidence: of the interval, in (0, 1); nominal; for the actual coverage see docs/method.md.

    Returns:
        `n` is the number of runs. Without bounds for fewer than six seeds.
    """
    array = np.asarray(values, dtype=float)
    array = array[:, ~np.isnan(array).all(axis=0)]
    searches, seeds = array.shape
    estimate, n = float(middle_mean(array.ravel())), int((~np.isnan(array)).sum())
    if seeds < MINIMUM_RUNS:
        return Interval(estimate=estimate, low=np.nan, high=np.nan, n=n, searches=searches)
    rng = np.random.default_rng(0)
    means = []
    most = max(1, _BLOCK // array.size)
    for start in range(0, RESAMPLES, most):
        rows = min(most, RESAMPLES - start)
        drawn = array[rng.integers(searches, size=(rows, searches, 1)), rng.integers(seeds, size=(rows, 1, seeds))]
        means.append(middle_mean(drawn.reshape(rows, -1)))
    low, high = np.nanquantile(np.concatenate(means), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate=estimate, low=float(low), high=float(high), n=n, searches=searches)


def interval_of_runs(runs: pd.DataFrame) -> Interval:
    """Interquartile mean of the runs of one setting, with the interval that suits it.

    Args:
        runs: `seed`, `value`, and `search` if a search chose the setting; a row a run.

    Returns:
        That of `interval` where there are several searches, else that of `interquartile_mean`.
    """
    if "search" not in runs or runs["search"].nunique() < 2:
        return interquartile_mean(runs["value"])
    return interval(runs.pivot_table(index="search", columns="seed", values="value"))


def intervals(runs: pd.DataFrame) -> dict[str, Interval]:
    """The same of each setting that has a run.

    Args:
        runs: as in `interval_of_runs`, with their `setting`.
    """
    by_setting = runs.groupby("setting", sort=False)
    searches = by_setting["search"].nunique().to_dict() if "search" in runs else {}
    values = runs["value"].to_numpy(dtype=float)
    return {
        str(name): interval_of_runs(runs.iloc[own]) if searches.get(name, 1) > 1 else interquartile_mean(values[own])
        for name, own in by_setting.indices.items()
    }


def within_seed_correlation(first: npt.ArrayLike, second: npt.ArrayLike) -> float:
    """Correlation over seeds of two settings, each averaged over its searches; NaN below three seeds or without variance.

    The closer to 1, the more of the variation between runs is due to the seed, which both share, and the more a comparison
    within seeds gains over one of unpaired runs.
    """
    a, b = (np.atleast_2d(np.asarray(values, dtype=float)).mean(axis=0) for values in (first, second))
    finite = np.isfinite(a) & np.isfinite(b)
    a, b = a[finite], b[finite]
    if len(a) < 3 or a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def compare(values: Mapping[str, FloatArray], pairs: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Test pairs of settings; those without searches by the signed-rank test, all others by `crossed_test`.

    Args:
        values: of each setting, shape (searches, seeds), as in `crossed_test`, with the same seeds.
        pairs: the pairs that are tested.

    Returns:
        The columns of `signed_rank.compare`, Holm-corrected over these pairs. `p` is NaN and nothing is shown for a setting
        with two searches, which do not show how much searches differ.
    """
    asked = list(pairs)
    single = {name for name, own in values.items() if len(own) == 1}
    unsearched = [pair for pair in asked if single.issuperset(pair)]
    tests: dict[tuple[str, str], tuple[int, int, float, bool]] = {}
    if unsearched:
        first, second = (np.concatenate([values[name] for name in side]) for side in zip(*unsearched, strict=True))
        columns = [column.tolist() for column in signed_ranks(difference(first, second))]
        tests = dict(zip(unsearched, zip(*columns, strict=True), strict=True))
    for pair in asked:
        if pair not in tests:
            test = crossed_test(*(values[name] for name in pair))
            tests[pair] = test.n, test.sign, test.p, test.same
    rows = [(*pair, *tests[pair]) for pair in asked]
    table = pd.DataFrame(rows, columns=["first", "second", "n", "sign", "p", "same"]).astype({"p": float, "same": bool})
    corrected = holm(table["p"].fillna(1.0))
    return table.assign(p_holm=np.where(table["p"].isna(), np.nan, corrected), differ=table["p"].notna() & (corrected < LEVEL))


def difference_interval(first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Interquartile mean of the first minus that of the second, with an interval over the searches of both and their seeds.

    Args:
        first, second: as in `crossed_test`, NaN where a run is missing or diverged.
        confidence: as in `interval`.

    Returns:
        `n` is the number of seeds. Without bounds for fewer than six seeds.
    """
    a, b = np.atleast_2d(np.asarray(first, dtype=float)), np.atleast_2d(np.asarray(second, dtype=float))
    seeds = a.shape[1]
    estimate = float(middle_mean(a.ravel()) - middle_mean(b.ravel()))
    searches = max(len(a), len(b))
    if seeds < MINIMUM_RUNS:
        return Interval(estimate=estimate, low=np.nan, high=np.nan, n=seeds, searches=searches)
    rng = np.random.default_rng(0)
    differences = []
    most = max(1, _BLOCK // (a.size + b.size))
    for start in range(0, RESAMPLES, most):
        rows = min(most, RESAMPLES - start)
        drawn = rng.integers(seeds, size=(rows, 1, seeds))
        means = [middle_mean(one[rng.integers(len(one), size=(rows, len(one), 1)), drawn].reshape(rows, -1)) for one in (a, b)]
        differences.append(means[0] - means[1])
    low, high = np.nanquantile(np.concatenate(differences), [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate=estimate, low=float(low), high=float(high), n=seeds, searches=searches)
