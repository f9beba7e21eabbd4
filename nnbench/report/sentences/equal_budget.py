"""Sentences about equal budgets: how much of a reference's budget a setting needs."""

import math

from nnbench.core.formatting import MISSING, fixed
from nnbench.report.findings.equal_budget import Comparisons, EqualBudget
from nnbench.report.findings.findings import Findings
from nnbench.report.sentences.wording import short_name
from nnbench.stats.interquartile import Interval


def sentence(findings: Findings, one: EqualBudget, every: Comparisons) -> str:
    """Such as `adam reaches sgd's final training loss in 0.43 of its steps [0.38, 0.50], n = 20`, without a full stop."""
    setting, reference, of = short_name(one.setting), short_name(every.reference), findings.axis.plural
    if one.ahead.estimate == 0:
        return _at_once(setting, reference, one.ahead.n)
    if one.ahead.estimate == math.inf and one.behind.estimate == 0:
        return _at_once(reference, setting, one.behind.n)
    if math.isfinite(one.ahead.estimate):
        words = f"{setting} reaches {reference}'s final training loss in {share(one.ahead)} of its {of}{bounds(one.ahead)}"
        return words if differs(one.ahead) else f"{words}: not shown to differ from 1"
    if math.isfinite(one.behind.estimate):
        return (
            f"{setting} does not reach {reference}'s final training loss on half of the seeds; {reference} reaches that of "
            f"{setting} in {share(one.behind)} of its {of}{bounds(one.behind)}"
        )
    return f"{setting} and {reference} each reach the other's final training loss on half of the seeds, n = {one.ahead.n}"


def _at_once(setting: str, other: str, n: int) -> str:
    """Say that a share is 0, which is no speed: the other setting has reached nothing."""
    return (
        f"{other} diverges, or ends with no lower training loss than at the start, on half of the seeds or more, where "
        f"{setting} does not diverge, n = {n}"
    )


def share(found: Interval) -> str:
    """A share as printed: `0.43`; `never` if it is infinite."""
    if math.isnan(found.estimate):
        return MISSING
    return fixed(found.estimate, 2) if math.isfinite(found.estimate) else "never"


def differs(found: Interval) -> bool:
    """Whether the interval of a share leaves out 1, an equal budget; without an interval nothing is shown."""
    return found.high < 1 or found.low > 1


def bounds(found: Interval) -> str:
    """Interval and number of seeds, such as ` [0.38, 0.50], n = 20`; `∞` where the setting may never get there."""
    if math.isnan(found.low):
        return f", n = {found.n}"
    return f" {interval(found)}, n = {found.n}"


def interval(found: Interval) -> str:
    """The interval as printed; empty without one."""
    if math.isnan(found.low):
        return ""
    low, high = (fixed(end, 2) if math.isfinite(end) else "∞" for end in (found.low, found.high))
    return f"[{low}, {high}]"
