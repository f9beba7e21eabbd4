"""The measures by which a study could be judged, and where another of them orders its settings otherwise.

Which setting is best may depend on what is measured and when: accuracy counts points, cross-entropy also how sure the network
is of them; after the last epoch it has overfitted, at its best validation epoch it has not yet. All are declared here, before
anything runs; the study is judged by the first.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank
from nnbench.report.findings.findings import Comparison, Findings

Kind = Literal[
    "reversed",  # differences that the judging measure shows are shown the other way round
    "other_first",  # another setting is first, and one of the two measures shows that its first is ahead
    "nothing_shown",  # none of the differences that the judging measure shows, nor any other, is shown
    "shown_here",  # differences are shown where the judging measure shows none
]


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A measure by which the settings rank in another order than by the one that judges them.

    Attributes:
        metric: which.
        kind: how they disagree, the gravest where several hold.
        first: its best setting.
        tau: Kendall's of the two orders, 1 where they are the same and -1 where one is the other reversed.
        reversed: the pairs shown by both, in opposite ways; the better by the judging measure first.
        shown: how many pairs this measure shows to differ.
    """

    metric: Measure
    kind: Kind
    first: str
    tau: float
    reversed: tuple[tuple[str, str], ...]
    shown: int


def declared(findings: Findings) -> list[Measure]:
    """The ranked measures on the split that judges the study, of which it has values; the first is the one that judges it."""
    judging = findings.primary
    others = [one for one in by_rank() if one.split == judging.split and one != judging]
    return [one for one in (judging, *others) if findings.known(one.column)]


def disagreements(findings: Findings) -> list[Disagreement]:
    """The measures that order the settings otherwise, in the order of their declaration.

    Only on evidence: where neither measure shows a difference, two orders are two draws of chance. A measure of which a ranked
    setting has no values is not asked.
    """
    found = (_disagreement(findings, one) for one in declared(findings)[1:])
    return [one for one in found if one is not None]


def tau(findings: Findings, by: Measure) -> float:
    """Kendall's tau (b, for ties) between the order by this measure and by the one that judges; NaN under two settings."""
    scores = [
        found.ranking.set_index("setting")["score"].reindex(sorted(map(str, found.scores))) * (1 if metric.higher else -1)
        for metric in (findings.primary, by)
        for found in [findings.by(metric)]
    ]
    first, second = (one.rank() for one in scores)  # ranks, for a score may be infinite
    if list(first.index) != list(second.index) or len(first) < 2:
        return float("nan")
    return float(stats.kendalltau(first, second).statistic)


def _disagreement(findings: Findings, by: Measure) -> Disagreement | None:
    judging, other = findings.by(findings.primary), findings.by(by)
    kind, turned = _kind(judging, other)
    if kind is None:
        return None
    verdict = other.verdict
    return Disagreement(
        metric=by, kind=kind, first=verdict.best, tau=tau(findings, by), reversed=turned, shown=len(verdict.shown)
    )


def _kind(judging: Comparison, other: Comparison) -> tuple[Kind | None, tuple[tuple[str, str], ...]]:
    one, two = judging.verdict, other.verdict
    if not (one.enough and two.enough) or set(judging.scores) != set(other.scores):
        return None, ()
    theirs = set(two.shown)
    if turned := tuple((better, worse) for better, worse in one.shown if (worse, better) in theirs):
        return "reversed", turned
    if not one.shown:
        return ("shown_here" if two.shown else None), ()
    if not two.shown:
        return "nothing_shown", ()
    firsts = {one.best, *one.tied} & {two.best, *two.tied}
    led = np.isfinite(judging.ranking["score"].iloc[0]) and np.isfinite(other.ranking["score"].iloc[0])
    return ("other_first" if led and not firsts and (one.behind or two.behind) else None), ()
