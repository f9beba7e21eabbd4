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
    return f"{within(suite)} {across_problems(suite)}"


def within(suite: Suite) -> str:
    """On how many problems differences are shown, and on which none is."""
    if not suite.problems:
        return "No problem has been run."
    within = {label: suite.within[label] for label in suite.problems}
    problems = len(within)
    some = [label for label, one in within.items() if one.differing]
    few = [label for label, one in within.items() if not one.can_claim]
    pairs = sum(len(one.pairs) for one in within.values() if one.can_claim)
    if len(few) == problems:
        return f"On none of {count(problems, 'problem')} are there enough complete seeds to compare the {suite.noun}s."
    shown = f"{sum(len(one.differing) for one in within.values())} of {count(pairs, 'pair')}"
    if not some:
        return f"On none of {count(problems, 'problem')} is a difference between the {suite.noun}s shown."
    sentence = f"On {len(some)} of {count(problems, 'problem')} some {suite.noun}s are shown to differ ({shown})"
    none = [label for label in within if label not in some and label not in few]
    phrases = [f"none on {_names(none)}"] if none else []
    phrases += [f"too few complete seeds on {_names(few)}"] if few else []
    return f"{'; '.join([sentence, *phrases])}."


def across_problems(suite: Suite) -> str:
    """Which settings are shown to differ across the problems."""
    found = suite.across
    if len(found.ranks) < 2:
        return f"No two {suite.noun}s are ranked on every problem, so none are compared across problems."
    best = short_name(str(found.ranks.index[0]))
    mean = f"mean rank {fixed(float(found.ranks.iloc[0]), 1)} of {len(found.ranks)}"
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
