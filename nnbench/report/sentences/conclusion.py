"""A conclusion as sentences, which claim only what the tests show.

No sentence or title begins with the name of a setting, which keeps its small letters. Where runs of a named setting diverged,
the sentence gives their number and says that the value excludes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nnbench.core.formatting import count, listing
from nnbench.stats.conclusion import Conclusion
from nnbench.stats.mean_ranks import LEAST_UNITS

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


def sentence(conclusion: Conclusion, phrasing: Phrasing) -> str:
    """State the result with interval and n, and the settings that are not ranked."""
    answer = _answer(conclusion, phrasing)
    if conclusion.against_default:
        answer += " The defaults are compared with their own tuned settings alone."
    if not conclusion.not_ranked:
        return answer
    reasons = [f"{phrasing.name(name)} ({reason})" for name, reason in conclusion.not_ranked]
    return f"{answer} Not ranked: {listing(_shortened(reasons, ALL + 1))}."


def _answer(conclusion: Conclusion, phrasing: Phrasing) -> str:
    among, best = count(conclusion.settings, phrasing.noun), phrasing.name(conclusion.best)
    match conclusion.claim:
        case "nothing":
            return "No run was completed, so nothing can be compared."
        case "alone" if conclusion.interval.n == 1:
            diverged = "" if conclusion.seeds == 1 else f", the only one of {conclusion.seeds} that did not diverge"
            value = f"{_value(conclusion, phrasing)} in one run{diverged}"
            return f"With {best}, {phrasing.measure} is {value}; the spread over seeds is unknown."
        case "alone":
            return f"With {best}, {phrasing.measure} is {_value_with_n(conclusion, phrasing)}."
        case "few_seeds":
            first = _first(conclusion, phrasing, "So far the")
            return f"{count(conclusion.seeds, 'seed')} cannot rank {among}{_needed(conclusion)}. {first}"
        case "no_difference":
            first = _first(conclusion, phrasing, "the", measured=False)
            return f"No difference in {phrasing.measure} is shown between {among}; {first}"
    first, others = _first(conclusion, phrasing, "The"), len(conclusion.worse)
    any_lost = any(_lost(conclusion, name) for name in conclusion.worse)
    if conclusion.claim == "first" and others == conclusion.settings - 1 and not any_lost:
        rest = "the other is" if others == 1 else f"each of the other {others} is shown to be"
        return " ".join([f"{first[:-1]}; {rest} {phrasing.worse}.", *_among_worse(conclusion, phrasing)])
    return " ".join([first, *_differences(conclusion, phrasing)])


def _needed(conclusion: Conclusion) -> str:
    """How many seeds the tests need; where tests of mean ranks have enough, on other pages, also that these are others."""
    least = f"{conclusion.required_seeds} or more are needed"
    if conclusion.searches > 1:
        return f": {least}"
    more = f"{least}, and about {conclusion.recommended_seeds} to show one that wins three times in four"
    if conclusion.seeds < LEAST_UNITS:
        return f": {more}"
    return f" by signed-rank tests of all pairs, for which {more}; tests of mean ranks need {LEAST_UNITS}"


def _first(conclusion: Conclusion, phrasing: Phrasing, article: str, *, measured: bool = True) -> str:
    """Name the setting with the best interquartile mean, `measured` with the measure; none where the mean is infinite."""
    value = _value_with_n(conclusion, phrasing)
    if _most_diverged(conclusion):
        share = "lost the smallest share, and " if _smallest_share(conclusion) else ""
        return (
            f"More than a quarter of the runs of every {_ranked(conclusion, phrasing)} diverged, so that none has the "
            f"{phrasing.most} {phrasing.measure}; {phrasing.name(conclusion.best)} {share}reaches {value}."
        )
    highest = f"{article} {phrasing.most}{f' {phrasing.measure}' if measured else ''} is"
    if not conclusion.tied:
        return f"{highest} that of {phrasing.name(conclusion.best)}: {value}."
    equal = (conclusion.best, *conclusion.tied)
    everywhere = " on every seed" if any(set(group) == set(equal) for group in conclusion.identical) else ""
    return f"{highest} the same for {_names(equal, conclusion, phrasing)}{everywhere}: {value}."


def _differences(conclusion: Conclusion, phrasing: Phrasing) -> list[str]:
    """Say which of the others are distinguished from the first, and which from each other."""
    undecided = tuple(name for name in conclusion.not_distinguished if name not in conclusion.tied)
    sentences = [f"No difference from {_names(undecided, conclusion, phrasing)} is shown."] if undecided else []
    shown = []
    if conclusion.worse:
        shown.append(f"{_names(conclusion.worse, conclusion, phrasing)} to be {phrasing.worse}")
    if conclusion.better_by_seed:
        by = "seed by seed" if conclusion.searches == 1 else "by ranks"
        shown.append(f"{_names(conclusion.better_by_seed, conclusion, phrasing)} to be better {by}")
    first_named = {conclusion.best, *conclusion.worse} if shown else {conclusion.best}
    pairs = [pair for pair in conclusion.differing if not first_named & set(pair)]
    if len(pairs) <= FEW:
        for better in dict.fromkeys(better for better, _ in pairs):
            others = [phrasing.name(other) for first, other in pairs if first == better]
            shown.append(f"{phrasing.name(better)} to be ahead of {listing(others)}")
    if shown:
        test = "paired test" if conclusion.searches == 1 else "test over searches and seeds"
        sentences.append(f"The {test} shows {', and '.join(shown)}.")
    if len(pairs) > FEW:
        sentences.append(f"Of the pairs without it {len(pairs)} are shown to differ.")
    return sentences + _among_worse(conclusion, phrasing)


def _among_worse(conclusion: Conclusion, phrasing: Phrasing) -> list[str]:
    """Name the pairs of worse settings without a significant difference, so that their order is not read as a result."""
    undecided, worse = conclusion.worse_not_distinguished, conclusion.worse
    pairs = len(worse) * (len(worse) - 1) // 2
    if not undecided:
        return []
    if len(undecided) == pairs:
        return [f"No difference is shown between {_names(worse, conclusion, phrasing)}."]
    if len(undecided) > 2:
        return [f"{len(undecided)} of the {pairs} pairs among them are not shown to differ."]
    phrases = [listing([phrasing.name(name) for name in pair]) for pair in undecided]
    return [f"No difference is shown between {', nor between '.join(phrases)}."]


def headline(conclusion: Conclusion, phrasing: Phrasing) -> str:
    """State the result in a page title."""
    among, best = count(conclusion.settings, phrasing.noun), phrasing.name(conclusion.best)
    value = f"{_value(conclusion, phrasing)}{_of_runs(conclusion)}" if conclusion.best else ""
    match conclusion.claim:
        case "nothing":
            return "No run was completed"
        case "alone":
            return f"With {best}, {phrasing.measure} is {value}"
        case "few_seeds":
            return f"{count(conclusion.seeds, 'seed')} cannot rank {among} by {phrasing.measure}"
        case "most_diverged":
            every = _ranked(conclusion, phrasing)
            return (
                f"More than a quarter of the runs of every {every} diverged: none has the {phrasing.most} {phrasing.measure}"
            )
        case "no_difference":
            return f"No difference in {phrasing.measure} is shown between {among}"
    highest = f"{phrasing.most.capitalize()} {phrasing.measure}"
    if conclusion.claim == "tied":
        return f"{highest}: the same for {_names((conclusion.best, *conclusion.tied), conclusion, phrasing, 3)}"
    undecided = conclusion.not_distinguished + conclusion.better_by_seed
    if not undecided:
        return f"{highest}: {best}, {value}"
    value = f", {value}" if _lost(conclusion, conclusion.best) else ""
    return f"{highest}: {best}{value}, not shown to be ahead of {_names(undecided, conclusion, phrasing, 3)}"


def _most_diverged(conclusion: Conclusion) -> bool:
    """Whether more than a quarter of the runs of the best diverged, and so of every setting that is ranked."""
    lost, runs = _lost(conclusion, conclusion.best) or (0, 1)
    return conclusion.settings > 1 and 4 * lost > runs


def _smallest_share(conclusion: Conclusion) -> bool:
    """Whether the best lost a smaller share of its runs than every other setting that is ranked."""
    not_ranked = dict(conclusion.not_ranked)
    shares = {name: lost / runs for name, lost, runs in conclusion.diverged if name not in not_ranked}
    return all(shares[conclusion.best] < share for name, share in shares.items() if name != conclusion.best)


def _ranked(conclusion: Conclusion, phrasing: Phrasing) -> str:
    return f"ranked {phrasing.noun}" if conclusion.not_ranked else phrasing.noun


def _value(conclusion: Conclusion, phrasing: Phrasing) -> str:
    return phrasing.interval(conclusion.interval.estimate, conclusion.interval.low, conclusion.interval.high)


def _value_with_n(conclusion: Conclusion, phrasing: Phrasing) -> str:
    """The estimate with its interval and n; where runs diverged, of how many it is."""
    interval = conclusion.interval
    n = f"{interval.n} ({interval.searches} searches)" if interval.searches > 1 else str(interval.n)
    return f"{_value(conclusion, phrasing)}{_of_runs(conclusion) or f', n = {n}'}"


def _of_runs(conclusion: Conclusion) -> str:
    lost = _lost(conclusion, conclusion.best)
    return f" over the {conclusion.interval.n} of its {lost[1]} runs that did not diverge" if lost else ""


def _lost(conclusion: Conclusion, setting: str) -> tuple[int, int] | None:
    return next(((lost, runs) for name, lost, runs in conclusion.diverged if name == setting), None)


def _names(settings: Sequence[str], conclusion: Conclusion, phrasing: Phrasing, most: int = ALL) -> str:
    """List the settings, each with the number of its diverged runs."""
    lost = {name: f" ({number} of {runs} runs diverged)" for name, number, runs in conclusion.diverged}
    return listing(_shortened([f"{phrasing.name(name)}{lost.get(name, '')}" for name in settings], most))


def _shortened(phrases: list[str], most: int) -> list[str]:
    return phrases if len(phrases) <= most else [*phrases[: most - 1], f"{len(phrases) - most + 1} others"]
