"""What may be said of a comparison, in sentences that claim no more than its tests show.

One setting is said to be ahead of another only where the Holm-corrected signed-rank test on runs paired by seed says so. With
fewer seeds than any such test could pass with (six for two settings, eight for four), nothing is ranked, and the sentence
says how many are needed: the least, and what Noether's formula asks for to show a setting that wins three times in four.

Where others have the runs for it, a setting that has not is set aside and said to be: its few values would be held against
means over other seeds, and every pair with it would cost the others power in Holm's correction.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from math import nan

import pandas as pd

from nnbench.stats.interquartile import LEAST, Interval
from nnbench.stats.paired import LEVEL, seeds_needed
from nnbench.stats.power import seeds_to_show

ALL = 7  # settings that a sentence names one by one, as many as stand beside the best where four are tuned
NOTABLE = 0.75  # the probability of improvement that a study should be able to show
POWER = 0.8  # the chance with which it should


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Who is best, and over whom that is shown.

    Attributes:
        best: the setting with the best interquartile mean; empty where none has a value.
        interval: its interquartile mean.
        settings: how many have a value.
        seeds: how many of them two settings share, at most; of a single setting, its own.
        level: the settings not shown to differ from the best.
        behind: those shown to be worse.
        ahead: those whose runs are shown to be better seed by seed, though their interquartile mean is not.
        alike: the pairs among `behind` that are not shown to differ from each other.
        aside: the settings that are not ranked, with why.
        diverged: how many runs of the best one did.
    """

    best: str
    interval: Interval
    settings: int
    seeds: int
    level: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    alike: tuple[tuple[str, str], ...] = ()
    aside: tuple[tuple[str, str], ...] = ()
    diverged: int = 0

    @property
    def least(self) -> int:
        """The fewest seeds with which any difference could be shown."""
        return seeds_needed(self.settings)

    @property
    def enough(self) -> bool:
        """Whether there are settings to rank, and seeds enough to do it."""
        return self.settings > 1 and self.seeds >= self.least

    @property
    def advisable(self) -> int:
        """The seeds with which a setting that wins three times in four is shown to, four times in five."""
        pairs = self.settings * (self.settings - 1) // 2
        return max(self.least, seeds_to_show(NOTABLE, power=POWER, level=LEVEL / pairs))


def unfit(ranking: pd.DataFrame) -> "pd.Series[str]":
    """Why a setting is not to be ranked, a text a row of `ranking`; empty where it is.

    A setting with fewer than six values has no interval, and no test of it could pass; one of whose runs most diverged would
    be judged by the lucky few. Where that is so of all of them, there is none to prefer, and it is said of none.

    Args:
        ranking: `n`, `runs`, `diverged` of each setting.
    """
    few = ranking["n"] < LEAST
    frail = 2 * ranking["diverged"] > ranking["runs"]
    why = (ranking["n"].map(lambda n: _count(n, "seed"))).where(few, "").astype(str)
    most = ranking["diverged"].astype(str) + " of " + ranking["runs"].astype(str) + " runs diverged"
    why = why.mask(frail, most).mask(ranking["n"] == 0, "")
    fit = (why == "") & (ranking["n"] > 0)
    return why if fit.any() else why.mask(why != "", "")


def judge(ranking: pd.DataFrame, pairs: pd.DataFrame, *, higher: bool) -> Verdict:
    """Weigh the settings of a study against each other.

    Args:
        ranking: a row a setting, the best first: `setting`, `runs`, `diverged`, `n`, `estimate`, `low`, `high`, `aside` (as
            `unfit` gives it); those with no value have n = 0.
        pairs: every pair of the settings that are ranked, as `paired.compare` gives them.
        higher: whether greater values are better.
    """
    ranked = ranking[(ranking["n"] > 0) & (ranking["aside"] == "")]
    if ranked.empty:
        return Verdict(best="", interval=Interval(estimate=nan, low=nan, high=nan, n=0), settings=0, seeds=0)
    best, *rest = ranked["setting"].astype(str)
    top = ranked.iloc[0]
    left_out = ranking.loc[ranking["aside"] != "", ["setting", "aside"]].astype(str)
    within = pairs[pairs["first"].isin([best, *rest]) & pairs["second"].isin([best, *rest])]
    verdict = Verdict(
        best=best,
        interval=Interval(estimate=float(top["estimate"]), low=float(top["low"]), high=float(top["high"]), n=int(top["n"])),
        settings=len(ranked),
        seeds=int(within["n"].max()) if rest else int(top["n"]),
        aside=tuple(left_out.itertuples(index=False, name=None)),
        diverged=int(top["diverged"]),
    )
    if not verdict.enough:
        return verdict
    better = 1 if higher else -1
    shown = {}  # who wins a pair: 1 the first, -1 the second, 0 not shown
    for first, second, sign, differ in within[["first", "second", "sign", "differ"]].itertuples(index=False):
        shown[first, second] = better * sign * differ
        shown[second, first] = -shown[first, second]
    behind = tuple(other for other in rest if shown[best, other] > 0)
    return replace(
        verdict,
        level=tuple(other for other in rest if shown[best, other] == 0),
        behind=behind,
        ahead=tuple(other for other in rest if shown[best, other] < 0),
        alike=tuple(pair for pair in combinations(behind, 2) if shown[pair] == 0),
    )


@dataclass(frozen=True, kw_only=True)
class Words:
    """How the things in a sentence are called.

    Attributes:
        measure: such as `test accuracy`.
        higher: whether greater values are better.
        noun: what a setting is, such as `optimizer`.
        interval: prints an estimate with its bounds.
        name: shortens a setting's name.
    """

    measure: str
    higher: bool
    interval: Callable[[float, float, float], str]
    noun: str = "setting"
    name: Callable[[str], str] = str


def sentence(verdict: Verdict, words: Words) -> str:
    """The answer, with its interval and n, and who is not ranked."""
    if not verdict.aside:
        return _answer(verdict, words)
    told = [f"{words.name(name)} ({why})" for name, why in verdict.aside[:ALL]]
    more = [f"{len(verdict.aside) - ALL} others"] if len(verdict.aside) > ALL else []
    return f"{_answer(verdict, words)} Not ranked: {_listing([*told, *more])}."


def _answer(verdict: Verdict, words: Words) -> str:
    if not verdict.best:
        return "No run came to its end, so nothing can be compared."
    name, n = words.name(verdict.best), verdict.interval.n
    value = words.interval(verdict.interval.estimate, verdict.interval.low, verdict.interval.high)
    lost = f" ({_count(verdict.diverged, 'more run')} diverged)" if verdict.diverged else ""
    found = f"{value}, n = {n}{lost}"
    most, worse = ("highest", "lower") if words.higher else ("lowest", "higher")
    if verdict.settings == 1:
        if n == 1:
            return f"{name} reached a {words.measure} of {value} in its one run{lost}; how far seeds differ is unknown."
        return f"{name} reaches a {words.measure} of {found}."
    among = _count(verdict.settings, words.noun)
    if not verdict.enough:
        return (
            f"{_count(verdict.seeds, 'seed')} cannot rank {among}: {verdict.least} or more are needed, and about "
            f"{verdict.advisable} to show one that wins three times in four. "
            f"{name} has the {most} {words.measure} so far: {found}."
        )
    if not verdict.behind and not verdict.ahead:
        return f"No difference in {words.measure} is shown between {among}; {name} reaches the {most}: {found}."
    said = [f"{name} reaches the {most} {words.measure}: {found}."]
    if verdict.level:
        said.append(f"No difference from {_some(verdict.level, words)} is shown.")
    if len(verdict.behind) == verdict.settings - 1:
        others = "the other is" if verdict.settings == 2 else f"each of the other {verdict.settings - 1} is shown to be"
        said = [f"{said[0][:-1]}; {others} {worse}."]
    elif verdict.behind:
        said.append(f"{_some(verdict.behind, words)} {_are(verdict.behind)} {worse}.")
    if verdict.ahead:
        said.append(f"Yet seed by seed {_some(verdict.ahead, words)} {_are(verdict.ahead)} ahead of it.")
    if verdict.alike:
        said.append(_alike(verdict, words))
    return " ".join(said)


def headline(verdict: Verdict, words: Words) -> str:
    """The same in the few words of a page's title."""
    if not verdict.best:
        return "No run came to its end"
    name = words.name(verdict.best)
    value = words.interval(verdict.interval.estimate, verdict.interval.low, verdict.interval.high)
    if verdict.settings == 1:
        return f"{name} ends with a {words.measure} of {value}"
    among = _count(verdict.settings, words.noun)
    if not verdict.enough:
        return f"{_count(verdict.seeds, 'seed')} cannot rank {among} by {words.measure}"
    if not verdict.behind and not verdict.ahead:
        return f"No difference in {words.measure} is shown between {among}"
    doubtful = verdict.level + verdict.ahead
    doubt = f", not shown to be ahead of {_some(doubtful, words, 3)}" if doubtful else f", {value}"
    return f"{name} has the {'highest' if words.higher else 'lowest'} {words.measure}{doubt}"


def _alike(verdict: Verdict, words: Words) -> str:
    """What is not shown among the settings behind the best: said, lest a reader take their order for a result."""
    pairs = len(verdict.behind) * (len(verdict.behind) - 1) // 2
    if len(verdict.alike) == pairs:
        return f"No difference is shown between {_some(verdict.behind, words)}."
    if len(verdict.alike) > 2:
        return f"{len(verdict.alike)} of the {pairs} pairs among them are not shown to differ."
    told = [_listing([words.name(one) for one in pair]) for pair in verdict.alike]
    return f"No difference is shown between {', nor between '.join(told)}."


def _are(settings: tuple[str, ...]) -> str:
    return "is" if len(settings) == 1 else "are"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _some(settings: tuple[str, ...], words: Words, most: int = ALL) -> str:
    names = [words.name(one) for one in settings]
    return _listing(names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} others"])


def _listing(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
