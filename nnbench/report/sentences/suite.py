"""Findings over several problems as sentences, which claim only what the tests show.

The unit of a statement across problems is the problem: from one problem, nothing is said about other ones.
"""

from collections import Counter

import numpy as np

from nnbench.core.formatting import count, fixed, listing
from nnbench.report.findings.references import UNLEARNT, references
from nnbench.report.findings.scale import BEST_POSSIBLE
from nnbench.report.findings.suite import Suite
from nnbench.report.sentences.wording import short_name
from nnbench.stats.mean_ranks import LEAST_UNITS

_NAMED = 4  # settings or problems that a sentence names one by one


def answer(suite: Suite) -> str:
    """What the study shows on its problems, and across them."""
    return " ".join(filter(None, [within(suite), across_problems(suite), at_equal_budget(suite)]))


def compared(suite: Suite) -> str:
    """What the tests within a problem compare: tuned optimizers if they are over searches, else the settings that were run."""
    if suite.over_searches:
        return "tuned optimizer"
    return "chosen setting" if suite.tuned else suite.noun


def tests_within(suite: Suite) -> str:
    """The tests within a problem, for captions."""
    return "ranks over searches and seeds" if suite.over_searches else "ranks within seeds"


def within(suite: Suite) -> str:
    """On how many problems differences are shown, and on which none is."""
    if not suite.problems:
        return "No problem has been run."
    within = {label: suite.within[label] for label in suite.problems}
    problems, compared_ones = len(within), f"{compared(suite)}s"
    lacking = "complete seeds or searches" if suite.over_searches else "complete seeds"
    some = [label for label, one in within.items() if one.differing]
    few = [label for label, one in within.items() if not one.can_claim]
    pairs = sum(len(one.pairs) for one in within.values() if one.can_claim)
    if len(few) == problems:
        return f"On none of {count(problems, 'problem')} are there enough {lacking} to compare the {compared_ones}."
    shown = f"{sum(len(one.differing) for one in within.values())} of {count(pairs, 'pair')}"
    if not some:
        return f"On none of {count(problems, 'problem')} is a difference between the {compared_ones} shown."
    by = "" if suite.over_searches else ", by mean ranks"
    sentence = f"On {len(some)} of {count(problems, 'problem')} some {compared_ones} are shown to differ ({shown}{by})"
    none = [label for label in within if label not in some and label not in few]
    phrases = [f"none on {_names(none)}"] if none else []
    phrases += [f"too few {lacking} on {_names(few)}"] if few else []
    return f"{'; '.join([sentence, *phrases])}."


def across_problems(suite: Suite) -> str:
    """Which settings are shown to differ across the problems."""
    found = suite.across
    if len(found.ranks) < 2:
        return f"No two {suite.noun}s are ranked on every problem, so none are compared across problems."
    best = short_name(str(found.ranks.index[0]))
    mean = f"mean rank {fixed(float(found.ranks.iloc[0]), 1)} of {len(found.ranks)}"
    if suite.common_configs:
        return f"Across problems no difference is tested, as they share configurations; the best {mean} is that of {best}."
    if not found.can_claim:
        return (
            f"Across problems no difference can be shown with fewer than {LEAST_UNITS} of them; so far the best {mean} is "
            f"that of {best}."
        )
    if not found.differing:
        return f"Across the {found.units} problems no difference is shown; the best {mean} is that of {best}."
    worse = Counter(better for better, _ in found.differing)
    first = [other for better, other in found.differing if better == found.ranks.index[0]]
    rest = len(found.differing) - len(first)
    sentence = f"Across the {found.units} problems the best {mean} is that of {best}"
    if first:
        sentence += f", shown to rank before {_names(first)}"
    if not rest:
        return f"{sentence}."
    others = f"{rest} {'other ' if first else ''}{'pair is' if rest == 1 else 'pairs are'} shown to differ"
    if not first and len(worse) == 1:
        (better,) = worse
        others = f"{short_name(better)} is shown to rank before {_names([other for _, other in found.differing])}"
    return f"{sentence}; {others}."


def at_equal_budget(suite: Suite) -> str:
    """On how many problems the setting with the best mean rank needs less of the reference's budget for the same loss.

    Empty where nothing can be said; `caveats` has the reason.
    """
    known = [one for one in suite.equal_budget.values() if not isinstance(one, str)]
    pairs = {(one.settings[0].setting, one.reference) for one in known}
    if len(pairs) != 1 or suite.across.ranks.empty:
        return ""
    ((setting, reference),) = pairs
    shares = [one.settings[0].ahead for one in known]
    less = [one.estimate for one in shares if one.high < 1]
    more = [one for one in shares if one.low > 1]
    phrases = [f"with more on {len(more)}"] if more else []
    if open_ := len(shares) - len(less) - len(more):
        phrases.append(f"with neither shown on {open_}")
    if missing := len(suite.equal_budget) - len(known):
        phrases.append(f"not compared on {missing}")
    ends = dict.fromkeys(fixed(end, 2) for end in (min(less), max(less))) if less else {}
    between = f" (median {'share' if len(ends) == 1 else 'shares'} {' to '.join(ends)})" if ends else ""
    words = (
        f"{short_name(setting)} reaches {short_name(reference)}'s final training loss with less than its budget on "
        f"{len(less)} of {count(len(suite.equal_budget), 'problem')}{between}"
    )
    return f"{'; '.join([words, *phrases])}."


def _no_equal_budget(suite: Suite) -> str:
    """Why settings are not compared at equal budget across problems; empty where they are."""
    if len(suite.across.ranks) < 2 or at_equal_budget(suite):
        return ""
    known = {one.reference for one in suite.equal_budget.values() if not isinstance(one, str)}
    if len(known) > 1:
        return "Budgets are not compared across problems: the study has no sgd, and report.reference names no other reference."
    reasons = dict.fromkeys(one for one in suite.equal_budget.values() if isinstance(one, str))
    return f"Budgets are not compared across problems: {listing(list(reasons)[:2])}."


def caveats(suite: Suite) -> list[str]:
    """Limitations of the answer."""
    found = [
        f"Settings are ranked within a problem only. Across problems, the unit is the problem: {suite.across.units} of "
        f"them, whatever the number of seeds, and a claim is about problems like these."
    ]
    measures = Counter(one.primary.full for one in suite.problems.values())
    if len(measures) > 1:
        phrases = [f"{name} on {count(number, 'problem')}" for name, number in measures.items()]
        found.append(f"Problems are judged by different measures: {listing(phrases)}.")
    common = len(suite.across.ranks)
    if common and (missing := [name for name in suite.settings if name not in suite.across.ranks.index]):
        found.append(f"Not ranked on every problem, and so not compared across them: {_names(missing)}.")
    if suite.tuned and not suite.over_searches:
        found.append(
            "Where each optimizer had one search, differences within a problem are between the settings that it chose: "
            "another may choose others."
        )
    if suite.tuned and len(suite.problems) > 1:
        found.append(
            "Tests within a problem are corrected for its pairs, not for the number of problems: without any difference, one "
            "problem in twenty may show one."
        )
    if suite.common_configs:
        found.append(
            "The searches of an optimizer tried the same configurations on several problems. If they are good by luck, they "
            "are so on all of these problems. So nothing is tested across problems: a difference might be that luck."
        )
    if reason := _no_equal_budget(suite):
        found.append(reason)
    if below := _below(suite):
        found.append(f"The best setting is no better than a plain reference: {listing(below)}.")
    return found


def _below(suite: Suite) -> list[str]:
    """`digits (nearest neighbours 0.975)`: the problems whose best setting is below a reference that learns."""
    phrases = []
    for label, one in suite.problems.items():
        by, known = one.primary, references(one.runs)
        if by.split != "test" or by.quantity != known.score_name:
            continue
        best = one.by(by).ranking["score"].replace([np.inf, -np.inf], np.nan).max()
        plain = {
            name: value for name, value in known.scores.items() if name not in (*UNLEARNT, *BEST_POSSIBLE) and value >= best
        }
        if plain:
            name, value = list(plain.items())[-1]
            phrases.append(f"{label} ({fixed(float(best))}, {name} {fixed(value)})")
    return phrases


def _names(names: list[str]) -> str:
    short = [short_name(name) for name in names]
    return listing(short if len(short) <= _NAMED else [*short[: _NAMED - 1], f"{len(short) - _NAMED + 1} others"])
