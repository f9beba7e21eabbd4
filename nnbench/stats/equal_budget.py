"""Share of a reference's budget after which a setting has reached the reference's final loss.

"Reaches SGD's final loss in 0.43 of its steps": of each seed, the loss with which the reference's run ends, and what the
setting's run on the same points and initial weights has spent when its loss is first as low, over what the reference has
spent in total. The median over seeds needs no value of the seeds on which the setting never gets there, as long as they are
fewer than half; its interval is a percentile bootstrap over the seeds, whose runs stay paired.

Where several searches chose the values of a setting, or those of the reference, each run of one on a seed is compared with
each run of the other on that seed. The median is over all of these shares, and the bootstrap draws the searches of both and
the seeds, as that of `stats.crossed` does.

The AlgoPerf benchmark (Dahl et al., 2023, "Benchmarking neural network training algorithms") compares times to a target in
this way; the target here is not chosen by hand.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats.interquartile import RESAMPLES, Interval

_OVER_SEARCHES = 1999  # resamples where there are searches, of which each has many more shares
_BLOCK = 500_000  # shares of resamples at a time


def first_reached(spent: npt.ArrayLike, losses: npt.ArrayLike, target: float) -> float:
    """Return what was spent when a loss was first at most the target; infinite if it never was.

    Args:
        spent: at each measurement, ascending, shape (n,).
        losses: shape (n,); NaN where not measured. Between two measurements, the loss is taken as linear.
        target: a finite loss.
    """
    x, y = np.asarray(spent, dtype=np.float64), np.asarray(losses, dtype=np.float64)
    known = ~np.isnan(y)
    x, y = x[known], y[known]
    below = np.flatnonzero(y <= target)
    if not below.size:
        return np.inf
    at = below[0]
    if at == 0 or not np.isfinite(y[at - 1]):
        return float(x[at])
    return float(x[at - 1] + (x[at] - x[at - 1]) * (y[at - 1] - target) / (y[at - 1] - y[at]))


class _Run(NamedTuple):
    """A run: what was spent at each measurement, ascending, the losses there, and whether it diverged."""

    spent: FloatArray
    losses: FloatArray
    diverged: bool


Runs = dict[int, dict[int, _Run]]  # of a setting, by search, then by seed


def runs_of(curves: pd.DataFrame) -> dict[str, Runs]:
    """Return the runs of each setting, as `shares` takes them.

    Args:
        curves: one row a measurement: `setting`, `search` (that chose the values of the run's setting), `seed`, `diverged`
            (whether the run did), `spent`, `loss`.
    """
    known = curves[curves["loss"].notna() | curves["diverged"]].sort_values("spent", kind="stable")
    spent, losses, diverged = (known[name].to_numpy() for name in ("spent", "loss", "diverged"))
    found: dict[str, Runs] = {}
    of_run: dict[tuple[str, int, int], npt.NDArray[np.intp]]
    of_run = known.groupby(["setting", "search", "seed"]).indices  # type: ignore[assignment]
    for (setting, search, seed), rows in of_run.items():
        run = _Run(spent[rows], losses[rows], bool(diverged[rows[0]]))
        found.setdefault(str(setting), {}).setdefault(int(search), {})[int(seed)] = run
    return found


def shares(ours: Runs, theirs: Runs) -> pd.DataFrame:
    """Return the shares of the reference's budget that a setting needs for the reference's final loss.

    Args:
        ours: of the setting that is judged.
        theirs: of the setting whose final loss is the target.

    Returns:
        One row a seed, one column a search of the setting and a search of the reference. A share is above 1 if the setting
        needs more; infinite if its run never reaches the loss or diverged; 0 if only the run of the reference diverged, and 1
        if both did. Without seeds on which a run is missing, or on which the reference has spent nothing.
    """
    columns = pd.MultiIndex.from_product([sorted(ours), sorted(theirs)], names=["search", "search of the reference"])
    seeds = sorted(set.intersection(*(set(runs) for runs in (*ours.values(), *theirs.values())))) if len(columns) else []
    found = [[_share(ours[own][seed], theirs[other][seed]) for own, other in columns] for seed in seeds]
    index = pd.Index(seeds, name="seed", dtype=int)
    return pd.DataFrame(np.array(found).reshape(len(seeds), len(columns)), index=index, columns=columns).dropna()


def _share(run: _Run, target: _Run) -> float:
    """The share of one run against one of the reference; NaN where the reference has spent nothing."""
    if run.diverged:
        return 1.0 if target.diverged else np.inf
    if target.diverged:
        return 0.0
    budget = float(target.spent[-1])
    return first_reached(run.spent, run.losses, float(target.losses[-1])) / budget if budget > 0 else np.nan


def typical(values: pd.DataFrame, *, confidence: float = 0.95) -> Interval:
    """Return the median of shares with a percentile bootstrap interval over seeds and searches; the same for the same shares.

    Args:
        values: of `shares`, of which some may be infinite.
        confidence: of the interval; for its coverage see docs/method.md.

    Returns:
        The interval, its ends infinite if the resampled medians are; NaN for fewer than six seeds. `n` is the number of seeds.
    """
    array = values.to_numpy(dtype=np.float64).reshape(len(values), *_searches(values)).transpose(1, 2, 0)
    ours, theirs, n = array.shape
    if not array.size:
        return Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)
    estimate = float(_median(array.ravel()))
    if n < MINIMUM_RUNS:
        return Interval(estimate=estimate, low=np.nan, high=np.nan, n=n)
    # Seeds in the order of their shares, so that the numbering of seeds does not change the interval.
    array = array[..., np.argsort(_median(array.reshape(-1, n).T), kind="stable")]
    medians = array[0, 0, _middle(n)].mean(axis=1) if ours * theirs == 1 else _resampled_medians(array)
    medians.sort()
    tail = int((1 - confidence) / 2 * len(medians))  # order statistics: infinite medians cannot be interpolated
    searches = max(ours, theirs)
    return Interval(estimate=estimate, low=float(medians[tail]), high=float(medians[-1 - tail]), n=n, searches=searches)


@lru_cache(maxsize=8)  # most settings share the same number of seeds with the reference
def _middle(n: int) -> npt.NDArray[np.intp]:
    """Return the places of the two middle ones of n ordered values in each resample, shape (RESAMPLES, 2)."""
    rng, rows = np.random.default_rng(0), max(1, _BLOCK // n)
    middle = [(n - 1) // 2, n // 2]
    blocks = [
        np.partition(rng.integers(n, size=(min(rows, RESAMPLES - start), n)), middle)[:, middle]
        for start in range(0, RESAMPLES, rows)
    ]
    return np.concatenate(blocks)


def _resampled_medians(array: FloatArray) -> FloatArray:
    """Return the medians of resamples of searches and seeds; shape of the array: (searches, searches, seeds)."""
    ours, theirs, n = array.shape
    rng, rows = np.random.default_rng(0), max(1, _BLOCK // array.size)
    medians = np.empty(_OVER_SEARCHES)
    for start in range(0, len(medians), rows):
        many = min(rows, len(medians) - start)
        own = rng.integers(ours, size=(many, ours, 1, 1))
        other = rng.integers(theirs, size=(many, 1, theirs, 1))
        drawn = array[own, other, rng.integers(n, size=(many, 1, 1, n))]
        medians[start : start + many] = _median(drawn.reshape(many, -1))
    return medians


def _searches(values: pd.DataFrame) -> tuple[int, int]:
    """The number of searches of the setting and of the reference."""
    return values.columns.get_level_values(0).nunique(), values.columns.get_level_values(1).nunique()


def _median(values: FloatArray) -> FloatArray:
    """Return the median along the last axis; infinite if one of the two in the middle is."""
    n = values.shape[-1]
    middle = [(n - 1) // 2, n // 2]
    ordered = np.partition(values, middle, axis=-1)
    return np.asarray((ordered[..., middle[0]] + ordered[..., middle[1]]) / 2)
