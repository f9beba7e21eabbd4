"""One setting's change in one measure, in numbers and as it is printed."""

from dataclasses import dataclass

from nnbench.report import numbers


@dataclass(frozen=True, kw_only=True)
class Change:
    """A row of `stats.shift.shifts`.

    Attributes:
        setting: whose.
        n: pairs of runs.
        before, after: interquartile means.
        estimate, low, high: their difference and its 95 % interval.
        sign: 1 where the values rose, -1 where they fell.
        p, p_holm: of the signed-rank test, without and with Holm's correction.
        differ: whether a change is shown.
        better: 1 where it is shown to be for the better, -1 for the worse, else 0.
    """

    setting: str
    n: int
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
        """Before and after, in as many digits as their difference bears out."""
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
        """`[0.008, 0.016]`; nothing where there is no interval."""
        return numbers.bounds(self.low, self.high)

    @property
    def words(self) -> str:
        """`+0.012 [0.008, 0.016]`."""
        return f"{self.signed} {self.bounds}".rstrip()
