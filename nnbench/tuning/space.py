"""Search space of an optimizer: an axis for each hyperparameter that tuning varies, its reading from YAML, its widening.

The names of hyperparameters are those of `core.keys`: `learning_rate`, but `network.initial_scale`. In YAML the latter may
be written with its dot or nested.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from annotated_types import Len

from nnbench.config.check import check as check_section
from nnbench.config.choice import Section
from nnbench.core.errors import UserError
from nnbench.core.keys import GROUPS, hyperparameter, is_hyperparameter, key_of

Setting = dict[str, Any]
Side = Literal["low", "high"]
# Raises `UserError` where a value of a hyperparameter is not allowed.
Check = Callable[[str, Any], object]

DIGITS = 4  # significant; more would have no effect and make settings hard to read
EDGE = 0.05  # fraction of an axis next to its bound that counts as the bound: 32 samples leave gaps of 0.03
STEP = 1 / 3  # fraction of its length by which an axis is widened


@dataclass(frozen=True, kw_only=True)
class Range(Section):
    """Numbers from `low` to `high`, both included, uniform on a linear or a logarithmic scale."""

    kind: Literal["log", "linear"]
    low: float
    high: float

    def at(self, fraction: float) -> float:
        """The value at a fraction from `low` to `high`, rounded to `DIGITS` significant digits."""
        return self.rounded(self._value(fraction))

    def rounded(self, value: float) -> float:
        """Round to `DIGITS` significant digits, within the bounds."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def fraction(self, value: float) -> float:
        """The fraction from `low` to `high` at which a value lies; the inverse of `at`."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(value) - low) / (high - low)

    def widened(self, side: Side, allowed: Callable[[float], bool]) -> "Range | None":
        """Move one bound outward by `STEP` of the length, or less where that is not allowed; None if no further value is."""
        step = STEP
        while step > STEP / 32:
            bound = float(f"{self._value(-step if side == 'low' else 1 + step):.{DIGITS}g}")
            if allowed(bound) and not self.low <= bound <= self.high:
                return replace(self, low=bound) if side == "low" else replace(self, high=bound)
            step /= 2
        return None

    def _value(self, fraction: float) -> float:
        low, high = self._scaled(self.low), self._scaled(self.high)
        value = low + fraction * (high - low)
        return math.exp(value) if self.kind == "log" else value

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.kind == "log" else value


@dataclass(frozen=True, kw_only=True)
class Choice(Section):
    """A choice of unordered values: it has no edge, and cannot be widened."""

    values: Annotated[list[Any], Len(1)]
    kind: Literal["choice"] = "choice"

    def at(self, fraction: float) -> Any:
        """The value at a fraction, each value having an equal part of the unit interval."""
        return self.values[min(int(fraction * len(self.values)), len(self.values) - 1)]

    def rounded(self, value: Any) -> Any:
        """The value as it is."""
        return value


Space = dict[str, Range | Choice]


def read(tree: Any, check: Check) -> Space:
    """Read a space from its YAML, such as `learning_rate: {kind: log, low: 0.001, high: 0.1}`.

    Args:
        tree: the mapping under `space`.
        check: that of the optimizer; every bound and value must pass.

    Raises:
        UserError: an axis is not valid; the message is on the first one.
    """
    if not isinstance(tree, Mapping) or not tree:
        raise UserError(f"space={tree}: must have an axis for at least one hyperparameter")
    return {key: _axis(f"space.{key}", key, axis, check) for key, axis in _axes(tree)}


def _axes(tree: Mapping[Any, Any], section: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (key, declaration of the axis). A mapping of mappings is a section of the config."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value and all(isinstance(each, Mapping) for each in value.values()):
            yield from _axes(value, f"{section}{key}.")
        else:
            yield hyperparameter(f"{section}{key}"), value


KINDS = {"log": Range, "linear": Range, "choice": Choice}


def _axis(name: str, key: str, tree: Any, check: Check) -> Range | Choice:
    if not is_hyperparameter(key if "." in key else key_of(key)):
        raise UserError(f"{name}: cannot be tuned; must be a hyperparameter of {', '.join(group.name for group in GROUPS)}")
    kind = tree.get("kind") if isinstance(tree, Mapping) else None
    if kind not in KINDS:
        given = f"{name}.kind={kind}" if isinstance(tree, Mapping) else f"{name}={tree}"
        raise UserError(f"{given}: must be one of log, linear (with low and high), choice (with values)")
    axis: Range | Choice = check_section(KINDS[kind], tree, f"{name}.")
    if isinstance(axis, Choice):
        if len(set(map(repr, axis.values))) < len(axis.values):
            raise UserError(f"{name}.values={axis.values}: must all be different")
        limits = [("values", value) for value in axis.values]
    else:
        if axis.kind == "log" and axis.low <= 0:
            raise UserError(f"{name}.low={axis.low:g}: must be > 0 on a log axis")
        if axis.low >= axis.high:
            raise UserError(f"{name}.low={axis.low:g}: must be < {name}.high={axis.high:g}")
        limits = [("low", axis.low), ("high", axis.high)]
    for part, value in limits:
        try:
            check(key, value)
        except UserError as error:
            raise UserError(f"{name}.{part}={value}: {error}") from None
    return axis


def edges(space: Space, best: Setting, check: Check) -> dict[str, Side]:
    """Find the axes on whose edge a setting lies, where values beyond it are allowed.

    Args:
        space: the space that was sampled.
        best: a setting of it.
        check: that of the optimizer, whose own limits are no edges: a momentum below 0 cannot be tried.
    """
    found: dict[str, Side] = {}
    for key, axis in space.items():
        if isinstance(axis, Choice):
            continue
        fraction = axis.fraction(best[key])
        is_near: dict[Side, bool] = {"low": fraction <= EDGE, "high": fraction >= 1 - EDGE}
        for side, near in is_near.items():
            if near and axis.widened(side, _allows(key, check)):
                found[key] = side
    return found


def widened(space: Space, sides: Mapping[str, Side], check: Check) -> Space:
    """Return the space with some axes widened, each on the side that `edges` found."""
    wider = {key: _wider(space[key], side, _allows(key, check)) for key, side in sides.items()}
    return {**space, **wider}


def _wider(axis: Range | Choice, side: Side, allowed: Callable[[float], bool]) -> Range | Choice:
    return axis if isinstance(axis, Choice) else axis.widened(side, allowed) or axis


def _allows(key: str, check: Check) -> Callable[[float], bool]:
    def allowed(value: float) -> bool:
        try:
            check(key, value)
        except UserError:
            return False
        return True

    return allowed
