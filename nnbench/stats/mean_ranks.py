"""Mean ranks of settings, and which pairs differ: settings of one problem over seeds, or of a suite over problems.

Each seed of a problem is a block that ranks the settings, as in Friedman's test (1937). Within one problem the seeds are
independent, and are the unit of a claim. Across problems they are not: seeds of one problem share its points, its network and
its difficulty, and ten seeds are no more evidence about other problems than one. There the unit is the problem: ranks are
averaged over the seeds of each problem, and then over the problems.

If two settings are equally good, a unit is as likely to show a difference of their ranks as the opposite one. Changing the
signs of all differences of a unit together gives the distribution of the mean differences without a true one. The pairs are
tested step by step, from the largest mean difference to smaller ones, each against the largest of those not tested yet
(Westfall and Young, 1993, "Resampling-based multiple testing", the step-down procedure maxT). This limits the probability of
any false claim to 5 %, whatever the number of settings, also if some of them do differ; the critical difference of Nemenyi
(Demsar, 2006, "Statistical comparisons of classifiers over multiple data sets") assumes that all have the same distribution
of ranks, and finds half as many differences of 19 settings over ten seeds. Six units can show one.

Within a problem, these tests are about settings. A tuned optimizer that several searches chose settings for varies with the
search too, so `with_tests` replaces them by those of `crossed`, over searches and seeds.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from nnbench.stats.signed_rank import LEVEL

LEAST_UNITS = 6  # all six signs are alike with a probability of 2 / 2^6 = 3 %
_EXACT = 12  # units up to which all combinations of signs are used
_DRAWN = 4999  # combinations of signs that are drawn otherwise
_CLOSE = 1e-9


@dataclass(frozen=True, kw_only=True)
class MeanRanks:
    """Mean ranks with the tests of all pairs.

    Attributes:
        ranks: the mean rank of each setting over units, 1 the best, in ascending order.
        by_unit: likewise over the blocks of each unit: one row a unit, one column a setting, in the same order.
        blocks: number of blocks in which every setting has a value; the others are left out.
        pairs: every pair, the better first, from the largest difference to the smallest: `better`, `worse`, `difference` (of
            mean ranks), `p` (corrected for the number of tests; NaN where the pair was not tested, as with fewer than six
            units), `differ`.
    """

    ranks: "pd.Series[float]"
    by_unit: pd.DataFrame
    blocks: int
    pairs: pd.DataFrame

    @property
    def units(self) -> int:
        """Number of units with a complete block."""
        return len(self.by_unit)

    @property
    def can_claim(self) -> bool:
        """Whether there were enough units, searches and settings for a test."""
        return bool(self.pairs["p"].notna().any())

    @property
    def differing(self) -> list[tuple[str, str]]:
        """The pairs that are shown to differ, the better first."""
        shown = self.pairs[self.pairs["differ"]]
        return list(zip(shown["better"], shown["worse"], strict=True))

    @property
    def not_worse(self) -> frozenset[str]:
        """The settings that no other is shown to be better than; empty where no difference is shown."""
        worse = {worse for _, worse in self.differing}
        return frozenset(str(name) for name in self.ranks.index if name not in worse) if worse else frozenset()


def mean_ranks(values: pd.DataFrame) -> MeanRanks:
    """Rank settings in each block and compare their mean ranks; the same values give the same result.

    Args:
        values: one row a block, one column a setting; greater values are better, minus infinity where a run diverged, NaN
            where it is missing. The first level of the index is the unit: the seed, or the problem of a problem and seed.
    """
    complete = values.rename(columns=str).dropna()
    by_unit = (-complete).rank(axis="columns").groupby(level=0, sort=False).mean()
    ranks = by_unit.mean().sort_values(kind="stable")
    by_unit = by_unit[ranks.index]
    better, worse = np.triu_indices(len(ranks), k=1)
    array = by_unit.to_numpy(dtype=np.float64)
    differences = array[:, worse] - array[:, better]
    pairs = pd.DataFrame(
        {
            "better": ranks.index.to_numpy()[better],
            "worse": ranks.index.to_numpy()[worse],
            "difference": ranks.to_numpy()[worse] - ranks.to_numpy()[better],
        }
    )
    pairs["p"] = step_down(differences) if len(array) >= LEAST_UNITS and len(pairs) else np.nan
    pairs["differ"] = pairs["p"] < LEVEL
    pairs = pairs.sort_values("difference", ascending=False, kind="stable", ignore_index=True)
    return MeanRanks(ranks=ranks, by_unit=by_unit, blocks=len(complete), pairs=pairs)


def without_tests(found: MeanRanks) -> MeanRanks:
    """Remove the tests of mean ranks, whose units are not independent."""
    return replace(found, pairs=found.pairs.assign(p=np.nan, differ=False))


def with_tests(found: MeanRanks, tests: pd.DataFrame, *, higher: bool) -> MeanRanks:
    """Replace the tests of mean ranks by tests over searches and seeds.

    Args:
        found: mean ranks of the settings of one problem.
        tests: all pairs of these settings, with the columns of `crossed.compare`.
        higher: whether greater values are better.
    """
    signs = tests["sign"] if higher else -tests["sign"]
    ahead = tests["first"].map(found.ranks) <= tests["second"].map(found.ranks)
    first = (signs > 0) | ((signs == 0) & ahead)
    pairs = pd.DataFrame(
        {
            "better": tests["first"].where(first, tests["second"]),
            "worse": tests["second"].where(first, tests["first"]),
            "p": tests["p_holm"],
            "differ": tests["differ"],
        }
    )
    pairs.insert(2, "difference", pairs["worse"].map(found.ranks) - pairs["better"].map(found.ranks))
    return replace(found, pairs=pairs.sort_values("difference", ascending=False, kind="stable", ignore_index=True))


def step_down(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the corrected two-sided p-values of mean differences.

    Args:
        differences: shape (units, hypotheses); under a hypothesis that is true, those of a unit are as likely with all signs
            changed.

    Returns:
        Shape (hypotheses,).
    """
    signs = _signs(len(differences))
    observed = np.abs(differences.mean(axis=0))
    order = np.argsort(-observed, kind="stable")
    changed = np.abs(signs @ differences[:, order]) / len(differences)
    largest = np.maximum.accumulate(changed[:, ::-1], axis=1)[:, ::-1]  # of each hypothesis and those with smaller differences
    exceeded = (largest >= observed[order] - _CLOSE).mean(axis=0)
    corrected: npt.NDArray[np.float64] = np.empty_like(exceeded)
    corrected[order] = np.maximum.accumulate(exceeded)
    return corrected


def _signs(units: int) -> npt.NDArray[np.float64]:
    """Combinations of signs, shape (combinations, units): all up to a common sign, or a drawn part with the observed one."""
    if units <= _EXACT:
        bits = np.arange(2 ** (units - 1))[:, None] >> np.arange(units)
        return np.where(bits & 1, -1.0, 1.0)
    drawn = np.random.default_rng(0).choice([-1.0, 1.0], size=(_DRAWN, units))
    return np.concatenate([np.ones((1, units)), drawn])
