"""Change of one setting in one measure, as numbers and as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from nnbench.core import formatting as numbers


@dataclass(frozen=True, kw_only=True)
class Change:
    """A row of `stats.shift.shifts`.

    Attributes:
        setting: its name.
        n: pairs of runs.
        ended: those of them in which neither run diverged.
        lost_before, lost_after: runs of the pairs that diverged.
        before, after: interquartile means over the pairs that ended.
        estimate, low, high: their difference and its 95 % interval.
        sign: 1 where the values rose, -1 where they fell.
        p, p_holm: p-values of the signed-rank test, without and with Holm's correction.
        differ: whether the change is significant.
        better: 1 if it is significantly better after the change, -1 if worse, else 0.
    """

    setting: str
    n: int
    ended: int
    lost_before: int
    lost_after: int
    before: float
    after: float
    estimate: float
    low: float
    high: float
    sign: int
    p: float
    p_holm: float
    differ: bool
    better: int

    @property
    def sides(self) -> tuple[str, str]:
        """Before and after, with as many digits as the interval of the difference justifies."""
        places = numbers.decimals(self.low, self.high)
        return numbers.fixed(self.before, places), numbers.fixed(self.after, places)

    @property
    def signed(self) -> str:
        """`+0.012`, `−0.03`, `0.000`."""
        places = numbers.decimals(self.low, self.high)
        rounded = round(self.estimate, places)
        return f"+{numbers.fixed(rounded, places)}" if rounded > 0 else numbers.fixed(rounded, places)

    @property
    def bounds(self) -> str:
        """`[0.008, 0.016]`; empty without an interval."""
        return numbers.bounds(self.low, self.high)

    @property
    def description(self) -> str:
        """`+0.012 [0.008, 0.016]`; where runs diverged, how many did and over how many seeds the figure is."""
        figure = f"{self.signed} {self.bounds}".rstrip()
        if not (lost := diverged([self])):
            return figure
        return f"{lost}; {figure} over the {numbers.count(self.ended, 'other seed')}" if self.ended else lost

    @property
    def description_with_n(self) -> str:
        """`description`, and the number of seeds."""
        return self.description if diverged([self]) else f"{self.description}, n = {self.n}"

    @property
    def seeds(self) -> str:
        """`20`; `11 of 20` where runs of the other nine diverged."""
        return str(self.n) if self.ended == self.n else f"{self.ended} of {self.n}"


def diverged(changes: Sequence[Change]) -> str:
    """`9 of 20 runs diverged after`, for one or several settings; empty if none did."""
    before, after = sum(change.lost_before for change in changes), sum(change.lost_after for change in changes)
    runs = numbers.count(sum(change.n for change in changes), "run")
    if before and after:
        return f"{before} of {runs} diverged before and {after} after"
    return f"{before or after} of {runs} diverged {'before' if before else 'after'}" if before or after else ""
