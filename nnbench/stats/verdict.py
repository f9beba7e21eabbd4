"""Verdict of a comparison: the best setting, and the differences that are statistically significant.

One setting is said to be ahead of another only where the Holm-corrected signed-rank test on runs paired by seed says so. With
fewer seeds than any such test could pass with (six for two settings, eight for four), nothing is ranked.

A setting with fewer than six runs is not ranked where another has six finished ones, and this is said: its mean would be over
fewer seeds than theirs, and each pair with it would cost the others power in Holm's correction.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats.interquartile import Interval
from nnbench.stats.power import seeds_to_show
from nnbench.stats.signed_rank import LEVEL, seeds_needed

NOTABLE = 0.75  # the probability of improvement that a study should be able to show
POWER = 0.8  # the chance with which it should
_NONE = Interval(estimate=np.nan, low=np.nan, high=np.nan, n=0)
_LOST = ["setting", "diverged", "counted"]

# What may be said of the first of the ranking:
Claim = Literal[
    "nothing",  # no setting has a value
    "alone",  # there is but one setting
    "few_seeds",  # no difference could have been shown
    "most_diverged",  # more than a quarter of its runs diverged, and of every other setting that is ranked
    "no_difference",  # no pair of all is shown to differ
    "tied",  # others have the same interquartile mean, and none of them is shown to differ from it
    "first",  # it has the best interquartile mean; `behind`, `level` and `ahead` say what is shown of the others
]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Ranking of a comparison with its significant differences.

    Attributes:
        claim: what may be said of the best.
        best: the first of the ranking; empty where no setting has a value.
        interval: its interquartile mean over the runs that came to their end, the diverged ones left out.
        settings: how many are ranked.
        seeds: the most seeds that two settings share; of a single setting, the number of its own.
        tied: the settings whose interquartile mean is the same as the best's; empty where one of them is shown to differ.
        level: the settings not shown to differ from the best.
        behind: those shown to be worse.
        ahead: those whose runs are shown to be better seed by seed, though their interquartile mean is not.
        shown: all pairs shown to differ, each the better one first.
        alike: the pairs among `behind` that are not shown to differ from each other.
        same: groups of settings with the same value on every seed.
        aside: the settings that are not ranked, with why.
        diverged: the settings of which runs diverged, each with how many did, of how many that did or came to their end.
    """

    claim: Claim
    best: str = ""
    interval: Interval = _NONE
    settings: int = 0
    seeds: int = 0
    tied: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    alike: tuple[tuple[str, str], ...] = ()
    same: tuple[tuple[str, ...], ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
    diverged: tuple[tuple[str, int, int], ...] = ()

    @property
    def least(self) -> int:
        """Fewest seeds with which a difference could be significant."""
        return seeds_needed(self.settings)

    @property
    def enough(self) -> bool:
        """Whether there are at least two settings, and enough seeds to rank them."""
        return self.settings > 1 and self.seeds >= self.least

    @property
    def advisable(self) -> int:
        """The seeds with which a setting that wins three times in four is shown to, four times in five."""
        return max(self.least, seeds_to_show(NOTABLE, power=POWER, level=LEVEL / self.pairs))

    @property
    def pairs(self) -> int:
        """Number of pairs of settings."""
        return self.settings * (self.settings - 1) // 2


def exclusion_reasons(counted: "pd.Series[int]", ended: "pd.Series[int]") -> "pd.Series[str]":
    """Return for each setting the reason why it is not ranked; empty if it is ranked.

    A setting with fewer than six runs has no interval, and no test of it could pass. It is left out only where another
    setting has six finished runs: otherwise there would be nothing better to rank.

    Args:
        counted: runs of each setting that came to their end or diverged.
        ended: those of them that came to their end.
    """
    why = counted.map(lambda n: f"{n} seed{'' if n == 1 else 's'}").where(counted.between(1, MINIMUM_RUNS - 1), "").astype(str)
    return why if (ended >= MINIMUM_RUNS).any() else why.mask(why != "", "")


def judge(ranking: pd.DataFrame, pairs: pd.DataFrame, *, higher: bool) -> Verdict:
    """Compare the settings of a study.

    Args:
        ranking: a row a setting, the best first: `setting`, `diverged`, `counted` (runs that did or came to their end),
            `score` (as `diverged.score` gives it), `n`, `estimate`, `low`, `high` (of the runs that came to their end), and
            `aside` (as `exclusion_reasons` gives it).
        pairs: every pair of the settings that are ranked, as `paired.compare` gives them.
        higher: whether greater values are better.
    """
    ranked = ranking[(ranking["counted"] > 0) & (ranking["aside"] == "")]
    aside = tuple(ranking.loc[ranking["aside"] != "", ["setting", "aside"]].astype(str).itertuples(index=False, name=None))
    if not (ranked["n"] > 0).any():
        return Verdict(claim="nothing", aside=aside)
    best, *rest = ranked["setting"].astype(str)
    top, lost = ranked.iloc[0], ranking[(ranking["diverged"] > 0) & (ranking["counted"] > 0)]
    within = pairs[pairs["first"].isin([best, *rest]) & pairs["second"].isin([best, *rest])]
    same = _same(within, [best, *rest])
    winner = _winners(within, higher)
    behind = tuple(other for other in rest if winner[best, other] > 0)
    tied = tuple(other for other in rest if other in _tied(ranked, same))
    verdict = Verdict(
        claim="first",
        best=best,
        interval=Interval(estimate=float(top["estimate"]), low=float(top["low"]), high=float(top["high"]), n=int(top["n"])),
        settings=len(ranked),
        seeds=int(within["n"].max()) if rest else int(top["counted"]),
        tied=() if any(winner[best, other] for other in tied) else tied,
        level=tuple(other for other in rest if winner[best, other] == 0),
        behind=behind,
        ahead=tuple(other for other in rest if winner[best, other] < 0),
        shown=tuple(pair for pair in winner if winner[pair] > 0),
        alike=tuple(pair for pair in combinations(behind, 2) if winner[pair] == 0),
        same=same,
        aside=aside,
        diverged=tuple((str(name), int(many), int(of)) for name, many, of in lost[_LOST].itertuples(index=False)),
    )
    claim = _claim(verdict, finite=bool(np.isfinite(float(top["score"]))))
    return replace(verdict, claim=claim) if verdict.enough else replace(verdict, claim=claim, level=())


def _claim(verdict: Verdict, *, finite: bool) -> Claim:
    if verdict.settings == 1:
        return "alone"
    if not verdict.enough:
        return "few_seeds"
    if not finite:
        return "most_diverged"
    if not verdict.shown:
        return "no_difference"
    return "tied" if verdict.tied else "first"


def _winners(pairs: pd.DataFrame, higher: bool) -> dict[tuple[str, str], int]:
    """Map each pair, in both orders, to 1 where the first is shown to be better, -1 where the second is, else 0."""
    winner = {}
    for first, second, sign, differ in pairs[["first", "second", "sign", "differ"]].itertuples(index=False):
        winner[first, second] = int(sign * differ) * (1 if higher else -1)
        winner[second, first] = -winner[first, second]
    return winner


def _same(pairs: pd.DataFrame, settings: list[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of settings with the same value on every seed, in the order of the ranking."""
    group = {name: {name} for name in settings}
    for first, second in pairs.loc[pairs["same"], ["first", "second"]].itertuples(index=False):
        joined = group[first] | group[second]
        group |= dict.fromkeys(joined, joined)
    found = {frozenset(group[name]): None for name in settings if len(group[name]) > 1}
    return tuple(tuple(name for name in settings if name in one) for one in found)


def _tied(ranked: pd.DataFrame, same: tuple[tuple[str, ...], ...]) -> set[str]:
    """Return the settings with the same interquartile mean as the first, or the same value on every seed."""
    best, score = ranked["setting"].iloc[0], ranked["score"].astype(float)
    level = np.isfinite(score) & np.isclose(score, score.iloc[0], rtol=1e-9, atol=1e-12)
    return {*ranked.loc[level, "setting"].astype(str), *next((group for group in same if best in group), ())} - {best}
