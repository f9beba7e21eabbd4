"""A verdict as sentences, which claim only what the tests show.

Where runs of a named setting diverged, the sentence gives their number and says that the value excludes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnbench.core.formatting import count, listing
from nnbench.stats.verdict import Verdict

ALL = 7  # settings that a sentence names one by one, as many as stand beside the best where four are tuned
FEW = 3  # pairs


@dataclass(frozen=True, kw_only=True)
class Phrasing:
    """The names that sentences use.

    Attributes:
        measure: such as `test accuracy after the last epoch`.
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

    @property
    def most(self) -> str:
        """Adjective of the best value."""
        return "highest" if self.higher else "lowest"

    @property
    def worse(self) -> str:
        """Adjective of the other values."""
        return "lower" if self.higher else "higher"


def sentence(verdict: Verdict, phrasing: Phrasing) -> str:
    """State the result with interval and n, and the settings that are not ranked."""
    if not verdict.aside:
        return _answer(verdict, phrasing)
    phrases = [f"{phrasing.name(name)} ({why})" for name, why in verdict.aside[:ALL]]
    more = [f"{len(verdict.aside) - ALL} others"] if len(verdict.aside) > ALL else []
    return f"{_answer(verdict, phrasing)} Not ranked: {listing([*phrases, *more])}."


def _answer(verdict: Verdict, phrasing: Phrasing) -> str:
    among = count(verdict.settings, phrasing.noun)
    if verdict.claim == "nothing":
        return "No run was completed, so nothing can be compared."
    if verdict.claim == "alone":
        return _alone(verdict, phrasing)
    if verdict.claim == "few_seeds":
        return (
            f"{count(verdict.seeds, 'seed')} cannot rank {among}: {verdict.least} or more are needed, and about "
            f"{verdict.advisable} to show one that wins three times in four. {_leads(verdict, phrasing, so_far=True)}"
        )
    if verdict.claim == "no_difference":
        return f"No difference in {phrasing.measure} is shown between {among}; {_leads(verdict, phrasing, again=True)}"
    leads = _leads(verdict, phrasing)
    others = len(verdict.behind)
    if verdict.claim == "first" and others == verdict.settings - 1 and not _any_lost(verdict, verdict.behind):
        others_are = "the other is" if others == 1 else f"each of the other {others} is shown to be"
        return " ".join(
            [f"{leads[:-1]}; {others_are} {phrasing.worse}.", *([_alike(verdict, phrasing)] if verdict.alike else [])]
        )
    return " ".join([leads, *_over_whom(verdict, phrasing)])


def _alone(verdict: Verdict, phrasing: Phrasing) -> str:
    name, value = phrasing.name(verdict.best), _value(verdict, phrasing)
    if verdict.interval.n == 1:
        runs = "its one run" if verdict.seeds == 1 else f"the one of its {verdict.seeds} runs that did not diverge"
        return f"{name} reached a {phrasing.measure} of {value} in {runs}; the spread over seeds is unknown."
    return f"{name} reaches a {phrasing.measure} of {_found(verdict, phrasing)}."


def _leads(verdict: Verdict, phrasing: Phrasing, *, so_far: bool = False, again: bool = False) -> str:
    """Name the setting with the best interquartile mean; none where it is infinite. `again` leaves out the measure."""
    until, measure = "So far " if so_far else "", "" if again else f" {phrasing.measure}"
    if _most_diverged(verdict):
        lost = "lost the smallest share, and " if _smallest_share(verdict) else ""
        return (
            f"More than a quarter of the runs of every {_ranked(verdict, phrasing)} diverged, so that none has the "
            f"{phrasing.most} {phrasing.measure}; {phrasing.name(verdict.best)} {lost}reaches {_found(verdict, phrasing)}."
        )
    if verdict.tied:
        group = next((group for group in verdict.same if verdict.best in group), ())
        where = " on every seed" if set(group) == {verdict.best, *verdict.tied} else ""
        names = _some((verdict.best, *verdict.tied), verdict, phrasing)
        return f"{until}{names} have the same{measure}{where}, the {phrasing.most}: {_found(verdict, phrasing)}."
    verb = "has" if so_far or again else "reaches"
    return f"{until}{phrasing.name(verdict.best)} {verb} the {phrasing.most}{measure}: {_found(verdict, phrasing)}."


def _over_whom(verdict: Verdict, phrasing: Phrasing) -> list[str]:
    """Which of the others are shown to be behind the first, and which to differ from each other."""
    said = []
    level = tuple(name for name in verdict.level if name not in verdict.tied)
    if level:
        said.append(f"No difference from {_some(level, verdict, phrasing)} is shown.")
    if verdict.behind:
        said.append(f"{_some(verdict.behind, verdict, phrasing)} {_are(verdict.behind)} {phrasing.worse}.")
    if verdict.ahead:
        said.append(f"Yet seed by seed {_some(verdict.ahead, verdict, phrasing)} {_are(verdict.ahead)} ahead of it.")
    rest = {verdict.best, *verdict.behind}
    among = [pair for pair in verdict.shown if not rest & set(pair)]
    if not verdict.behind and not verdict.ahead:
        among = [pair for pair in verdict.shown if verdict.best not in pair]
    if among:
        said.append(_pairs(among, phrasing))
    if verdict.alike:
        said.append(_alike(verdict, phrasing))
    return said


def headline(verdict: Verdict, phrasing: Phrasing) -> str:
    """State the result in a page title."""
    if verdict.claim == "nothing":
        return "No run was completed"
    if verdict.claim == "alone":
        value = f"{_value(verdict, phrasing)}{_of_those_left(verdict)}"
        return f"{phrasing.name(verdict.best)} ends with a {phrasing.measure} of {value}"
    among = count(verdict.settings, phrasing.noun)
    if verdict.claim == "few_seeds":
        return f"{count(verdict.seeds, 'seed')} cannot rank {among} by {phrasing.measure}"
    if verdict.claim == "most_diverged":
        every = _ranked(verdict, phrasing)
        return f"More than a quarter of the runs of every {every} diverged: none has the {phrasing.most} {phrasing.measure}"
    if verdict.claim == "no_difference":
        return f"No difference in {phrasing.measure} is shown between {among}"
    if verdict.claim == "tied":
        names = _some((verdict.best, *verdict.tied), verdict, phrasing, 3)
        return f"{names} have the same {phrasing.measure}, the {phrasing.most}"
    doubtful = verdict.level + verdict.ahead
    doubt = f", not shown to be ahead of {_some(doubtful, verdict, phrasing, 3)}" if doubtful else ""
    value = "" if doubt and not _lost(verdict, verdict.best) else f", {_value(verdict, phrasing)}{_of_those_left(verdict)}"
    return f"{phrasing.name(verdict.best)} has the {phrasing.most} {phrasing.measure}{value}{doubt}"


def _most_diverged(verdict: Verdict) -> bool:
    """Whether more than a quarter of the runs of the best diverged, and so of every setting that is ranked."""
    many, of = _lost(verdict, verdict.best) or (0, 1)
    return verdict.settings > 1 and 4 * many > of


def _smallest_share(verdict: Verdict) -> bool:
    """Whether the best lost a smaller share of its runs than every other setting that is ranked."""
    aside = {name for name, _ in verdict.aside}
    shares = {name: many / of for name, many, of in verdict.diverged if name not in aside}
    return all(shares[verdict.best] < share for name, share in shares.items() if name != verdict.best)


def _ranked(verdict: Verdict, phrasing: Phrasing) -> str:
    return f"ranked {phrasing.noun}" if verdict.aside else phrasing.noun


def _value(verdict: Verdict, phrasing: Phrasing) -> str:
    return phrasing.interval(verdict.interval.estimate, verdict.interval.low, verdict.interval.high)


def _found(verdict: Verdict, phrasing: Phrasing) -> str:
    """The estimate with its interval and n; where runs diverged, of how many it is."""
    left = _of_those_left(verdict)
    return f"{_value(verdict, phrasing)}{left}" if left else f"{_value(verdict, phrasing)}, n = {verdict.interval.n}"


def _of_those_left(verdict: Verdict) -> str:
    lost = _lost(verdict, verdict.best)
    return f" over the {verdict.interval.n} of its {lost[1]} runs that did not diverge" if lost else ""


def _lost(verdict: Verdict, setting: str) -> tuple[int, int] | None:
    return next(((many, of) for name, many, of in verdict.diverged if name == setting), None)


def _any_lost(verdict: Verdict, settings: Sequence[str]) -> bool:
    return any(_lost(verdict, name) for name in settings)


def _pairs(pairs: Sequence[tuple[str, str]], phrasing: Phrasing) -> str:
    """Name the pairs shown to differ that do not include the first of the ranking."""
    phrases = [f"{phrasing.name(better)} is shown to be ahead of {phrasing.name(other)}" for better, other in pairs]
    if len(phrases) > FEW:
        return f"Of the pairs without it {len(pairs)} are shown to differ."
    return f"{listing(phrases)}."


def _alike(verdict: Verdict, phrasing: Phrasing) -> str:
    """Name the pairs behind the best of which no difference is shown, so that their order is not read as a result."""
    pairs = len(verdict.behind) * (len(verdict.behind) - 1) // 2
    if len(verdict.alike) == pairs:
        return f"No difference is shown between {_some(verdict.behind, verdict, phrasing)}."
    if len(verdict.alike) > 2:
        return f"{len(verdict.alike)} of the {pairs} pairs among them are not shown to differ."
    phrases = [listing([phrasing.name(one) for one in pair]) for pair in verdict.alike]
    return f"No difference is shown between {', nor between '.join(phrases)}."


def _are(settings: tuple[str, ...]) -> str:
    return "is" if len(settings) == 1 else "are"


def _some(settings: tuple[str, ...], verdict: Verdict, phrasing: Phrasing, most: int = ALL) -> str:
    """List the settings, each with the number of its diverged runs."""
    names = []
    for one in settings:
        lost = _lost(verdict, one)
        names.append(f"{phrasing.name(one)} ({lost[0]} of {lost[1]} runs diverged)" if lost else phrasing.name(one))
    return listing(names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} others"])
