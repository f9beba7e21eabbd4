"""Disagreements between the primary measure and the others by which settings can be ranked.

Which setting is best may depend on what is measured and when: accuracy counts points, cross-entropy also takes the predicted
probabilities into account; after the last epoch the network may have overfitted, at its best validation epoch it has not. All
measures are declared in `records.measures`, before anything runs.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank
from nnbench.report.findings.comparison import Comparison
from nnbench.report.findings.findings import Findings

Kind = Literal[
    "reversed",  # significant differences by the primary measure are significant the other way round
    "other_first",  # another setting is first, and one of the two measures distinguishes its first from others
    "nothing_shown",  # no difference is significant, but some are by the primary measure
    "shown_here",  # differences are significant, but none is by the primary measure
]


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A measure by which the conclusion differs from that of the primary measure.

    Attributes:
        metric: the measure.
        kind: the kind of disagreement, the first of `Kind` that applies.
        first: its best setting.
        tau: Kendall's tau of the two orders, 1 if they are the same and -1 if one is the reverse of the other.
        reversed: pairs that both distinguish, in opposite directions; the better by the primary measure first.
        differing: number of pairs that this measure distinguishes.
    """

    metric: Measure
    kind: Kind
    first: str
    tau: float
    reversed: tuple[tuple[str, str], ...]
    differing: int


def declared(findings: Findings) -> list[Measure]:
    """The primary measure and those that might have been declared instead: on its own points or, if known, on test points.

    RMSE is left out unless it is the primary measure, since it has the order of the loss.
    """
    primary = findings.primary
    splits = {primary.split, "test" if findings.known(findings.score("test").column) else primary.split}
    others = [one for one in by_rank() if one.split in splits and one != primary and one.quantity != "RMSE"]
    return [primary, *(one for one in others if findings.known(one.column))]


def disagreements(findings: Findings) -> list[Disagreement]:
    """The measures that disagree with the primary one, in the order of their declaration.

    Only significant differences count: without them, two orders may differ by chance. A measure of which a ranked setting has
    no values is skipped.
    """
    results = (_disagreement(findings, one) for one in declared(findings)[1:])
    return [one for one in results if one is not None]


def tau(findings: Findings, by: Measure) -> float:
    """Kendall's tau-b between the orders by this measure and by the primary one; NaN for fewer than two settings."""
    scores = [
        one.ranking.set_index("setting")["score"].reindex(sorted(map(str, one.scores))) * (1 if metric.higher else -1)
        for metric in (findings.primary, by)
        for one in [findings.by(metric)]
    ]
    first, second = (one.rank() for one in scores)  # ranks, for a score may be infinite
    if list(first.index) != list(second.index) or len(first) < 2:
        return float("nan")
    return float(stats.kendalltau(first, second).statistic)


def _disagreement(findings: Findings, by: Measure) -> Disagreement | None:
    primary, other = findings.by(findings.primary), findings.by(by)
    kind, reversed_pairs = _kind(primary, other)
    if kind is None:
        return None
    conclusion = other.conclusion
    return Disagreement(
        metric=by,
        kind=kind,
        first=conclusion.best,
        tau=tau(findings, by),
        reversed=reversed_pairs,
        differing=len(conclusion.differing),
    )


def _kind(primary: Comparison, other: Comparison) -> tuple[Kind | None, tuple[tuple[str, str], ...]]:
    one, two = primary.conclusion, other.conclusion
    if not (one.can_rank and two.can_rank) or set(primary.scores) != set(other.scores):
        return None, ()
    reverse = set(two.differing)
    if reversed_pairs := tuple((better, worse) for better, worse in one.differing if (worse, better) in reverse):
        return "reversed", reversed_pairs
    if not one.differing:
        return ("shown_here" if two.differing else None), ()
    if not two.differing:
        return "nothing_shown", ()
    firsts = {one.best, *one.tied} & {two.best, *two.tied}
    finite = np.isfinite(primary.ranking["score"].iloc[0]) and np.isfinite(other.ranking["score"].iloc[0])
    return ("other_first" if finite and not firsts and (one.worse or two.worse) else None), ()
