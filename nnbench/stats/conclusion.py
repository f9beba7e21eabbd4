"""Conclusion of a comparison: the best setting, and the differences that are statistically significant.

A setting is called better than another only where the Holm-corrected signed-rank test on runs paired by seed rejects equality.
With fewer seeds than any such test needs to reject (six for two settings, eight for four), nothing is ranked.

A setting with fewer than six runs is not ranked if another has six completed ones: its mean would be over fewer seeds, and
each pair with it would cost the others power in Holm's correction.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats.interquartile import NO_RUNS, Interval
from nnbench.stats.power import seeds_to_show
from nnbench.stats.signed_rank import LEVEL, seeds_for_tests

NOTABLE = 0.75  # probability of improvement that a study should be able to detect
POWER = 0.8  # and the power with which it should
DEFAULT = "default"  # why the default setting of a tuned optimizer is not ranked: it is compared with its tuned one alone

# What may be said of the first of the ranking:
Claim = Literal[
    "nothing",  # no setting has a value
    "alone",  # there is only one setting
    "few_seeds",  # no difference could be significant
    "most_diverged",  # more than a quarter of its runs diverged, and of every other ranked setting
    "no_difference",  # no pair of all differs significantly
    "tied",  # others have the same interquartile mean, and none of them differs significantly from it
    "first",  # it has the best interquartile mean; the other fields say which differences are significant
]


@dataclass(frozen=True, kw_only=True)
class Conclusion:
    """Best setting and significant differences; "distinguished" means that the corrected test finds a difference.

    Attributes:
        claim: what may be said of the best.
        best: the first of the ranking; empty where no setting has a value.
        interval: its interquartile mean over the completed runs, diverged ones excluded.
        settings: number of ranked settings.
        seeds: the most seeds that two settings share; of a single setting, the number of its own.
        searches: the most searches that a ranked setting was chosen by; 1 in a study without several.
        tests: number of tests that the correction is for; more than `pairs` where tuned settings are tested against defaults.
        against_default: settings that are only compared with their own tuned ones, and not ranked.
        tied: settings with the same interquartile mean as the best; empty if one of them is distinguished from it.
        not_distinguished: settings not distinguished from the best.
        worse: settings distinguished from the best, and worse.
        better_by_seed: settings distinguished from the best, and better by paired ranks, although their mean is worse.
        differing: all pairs distinguished from each other, each the better one first.
        worse_not_distinguished: pairs among `worse` that are not distinguished from each other.
        identical: groups of settings with the same value on every seed.
        not_ranked: settings that are not ranked, each with the reason.
        diverged: settings with diverged runs, each with their number and that of all runs that diverged or were completed.
    """

    claim: Claim
    best: str = ""
    interval: Interval = NO_RUNS
    settings: int = 0
    seeds: int = 0
    searches: int = 1
    tests: int = 0
    against_default: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()
    not_distinguished: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    better_by_seed: tuple[str, ...] = ()
    differing: tuple[tuple[str, str], ...] = ()
    worse_not_distinguished: tuple[tuple[str, str], ...] = ()
    identical: tuple[tuple[str, ...], ...] = ()
    not_ranked: tuple[tuple[str, str], ...] = ()
    diverged: tuple[tuple[str, int, int], ...] = ()

    @property
    def pairs(self) -> int:
        """Number of pairs of ranked settings."""
        return self.settings * (self.settings - 1) // 2

    @property
    def required_seeds(self) -> int:
        """Fewest seeds with which a difference can be significant; with several searches, with which there are intervals."""
        return MINIMUM_RUNS if self.searches > 1 else seeds_for_tests(max(self.tests, self.pairs))

    @property
    def recommended_seeds(self) -> int:
        """Seeds with which a setting that wins three times in four is distinguished with a power of 80 %."""
        return max(self.required_seeds, seeds_to_show(NOTABLE, power=POWER, level=LEVEL / max(self.tests, self.pairs)))

    @property
    def can_rank(self) -> bool:
        """Whether there are two settings or more, and enough seeds to rank them."""
        return self.settings > 1 and self.seeds >= self.required_seeds


def exclusion_reasons(counted: "pd.Series[int]", completed: "pd.Series[int]") -> "pd.Series[str]":
    """Return for each setting why it is not ranked, such as `2 seeds`; empty if it is ranked.

    A setting with fewer than six runs has no interval, and no test of it could be significant. It is excluded only where
    another setting has six completed runs.

    Args:
        counted: runs of each setting that were completed or diverged.
        completed: those of them that were completed.
    """
    reasons = (
        counted.map(lambda n: f"{n} seed{'' if n == 1 else 's'}").where(counted.between(1, MINIMUM_RUNS - 1), "").astype(str)
    )
    return reasons if (completed >= MINIMUM_RUNS).any() else reasons.mask(reasons != "", "")


def conclude(ranking: pd.DataFrame, pairs: pd.DataFrame, *, higher: bool, tests: int = 0) -> Conclusion:
    """Draw the conclusion from a ranking and the tests of its pairs.

    Args:
        ranking: a row a setting, the best first: `setting`, `diverged`, `counted` (runs that diverged or were completed),
            `score` (from `diverged.score`), `n`, `estimate`, `low`, `high` (of the completed runs), `searches` (1 if there is
            no such column), and `aside` (from `exclusion_reasons`, or `DEFAULT`).
        pairs: every pair of the ranked settings, from `signed_rank.compare`.
        higher: whether greater values are better.
        tests: number of tests that the correction is for; by default, that of the pairs.
    """
    searches = ranking["searches"] if "searches" in ranking else pd.Series(1, index=ranking.index)
    excluded = ranking.loc[~ranking["aside"].isin(["", DEFAULT]), ["setting", "aside"]].astype(str)
    not_ranked = tuple(excluded.itertuples(index=False, name=None))
    ranked = ranking[(ranking["counted"] > 0) & (ranking["aside"] == "")]
    if not (ranked["n"] > 0).any():
        return Conclusion(claim="nothing", not_ranked=not_ranked)
    best, *others = names = ranked["setting"].astype(str).tolist()
    first, lost = ranked.iloc[0], ranking[(ranking["diverged"] > 0) & (ranking["counted"] > 0)]
    pairs = pairs[pairs["first"].isin(names) & pairs["second"].isin(names)]
    identical = _identical(pairs, names)
    winner = _winners(pairs, higher)
    worse = tuple(other for other in others if winner[best, other] > 0)
    as_good = _tied(ranked, identical)
    tied = tuple(other for other in others if other in as_good)
    conclusion = Conclusion(
        claim="first",
        best=best,
        interval=Interval(
            estimate=float(first["estimate"]),
            low=float(first["low"]),
            high=float(first["high"]),
            n=int(first["n"]),
            searches=int(searches[ranked.index].iloc[0]),
        ),
        settings=len(ranked),
        seeds=int(pairs["n"].max()) if others else int(first["counted"]) // int(searches[ranked.index].iloc[0]),
        searches=int(searches[ranked.index].max()),
        tests=max(tests, len(pairs)),
        against_default=tuple(ranking.loc[ranking["aside"] == DEFAULT, "setting"].astype(str)),
        tied=() if any(winner[best, other] for other in tied) else tied,
        not_distinguished=tuple(other for other in others if winner[best, other] == 0),
        worse=worse,
        better_by_seed=tuple(other for other in others if winner[best, other] < 0),
        differing=tuple(pair for pair in winner if winner[pair] > 0),
        worse_not_distinguished=tuple(pair for pair in combinations(worse, 2) if winner[pair] == 0),
        identical=identical,
        not_ranked=not_ranked,
        diverged=tuple(lost[["setting", "diverged", "counted"]].itertuples(index=False, name=None)),
    )
    claim = _claim(conclusion, finite=bool(np.isfinite(float(first["score"]))))
    return replace(conclusion, claim=claim, not_distinguished=conclusion.not_distinguished if conclusion.can_rank else ())


def _claim(conclusion: Conclusion, *, finite: bool) -> Claim:
    if conclusion.settings == 1:
        return "alone"
    if not conclusion.can_rank:
        return "few_seeds"
    if not finite:
        return "most_diverged"
    if not conclusion.differing:
        return "no_difference"
    return "tied" if conclusion.tied else "first"


def _winners(pairs: pd.DataFrame, higher: bool) -> dict[tuple[str, str], int]:
    """Map each pair, in both orders, to 1 where the first is significantly better, -1 where the second is, else 0."""
    first, second = pairs["first"].tolist(), pairs["second"].tolist()
    ahead = (pairs["sign"] * pairs["differ"] * (1 if higher else -1)).astype(int).tolist()
    winner = {}
    for one, other, better in zip(first, second, ahead, strict=True):
        winner[one, other], winner[other, one] = better, -better
    return winner


def _identical(pairs: pd.DataFrame, settings: list[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of settings with the same value on every seed, in the order of the ranking."""
    group = {name: {name} for name in settings}
    for first, second in pairs.loc[pairs["same"], ["first", "second"]].itertuples(index=False):
        if second not in group[first]:
            joined = group[first] | group[second]
            group |= dict.fromkeys(joined, joined)
    distinct = {frozenset(group[name]): None for name in settings if len(group[name]) > 1}
    return tuple(tuple(name for name in settings if name in one) for one in distinct)


def _tied(ranked: pd.DataFrame, identical: tuple[tuple[str, ...], ...]) -> set[str]:
    """Return the settings with the same interquartile mean as the first, or the same value on every seed."""
    best, score = ranked["setting"].iloc[0], ranked["score"].astype(float)
    equal = np.isfinite(score) & np.isclose(score, score.iloc[0], rtol=1e-9, atol=1e-12)
    return {*ranked.loc[equal, "setting"].astype(str), *next((group for group in identical if best in group), ())} - {best}
