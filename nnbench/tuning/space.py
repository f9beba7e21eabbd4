"""Search space of an optimizer's hyperparameters, and the samplers that draw settings from it.

A space has an axis for each hyperparameter. Every sampler draws points of the unit cube, which the axes map to values; so
optimizers with the same number of axes get settings from the same points.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from nnbench.core.errors import UserError

Setting = dict[str, Any]
Sampler = Literal["halton", "random", "grid"]
Side = Literal["low", "high"]
# Raises `UserError` where a value of a hyperparameter is not allowed.
Check = Callable[[str, Any], object]

KEYS = {"log": ("low", "high"), "linear": ("low", "high"), "choice": ("values",)}
DIGITS = 4  # significant; more would have no effect and make settings hard to read
RIM = 0.05  # fraction of an axis next to its bound that counts as the bound: 32 samples leave gaps of 0.03
STEP = 1 / 3  # fraction of its length by which an axis is widened
PATIENCE = 64  # points drawn for each requested config before the space is reported to hold too few


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers from `low` to `high`, both included, uniform on a linear or a logarithmic scale."""

    low: float
    high: float
    log: bool

    @property
    def kind(self) -> str:
        """The kind as a YAML file declares it."""
        return "log" if self.log else "linear"

    def at(self, share: float) -> float:
        """The value at the fraction `share` from `low` to `high`, rounded to `DIGITS` significant digits."""
        return self.rounded(self._value(share))

    def rounded(self, value: float) -> float:
        """Round to `DIGITS` significant digits, within the bounds."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def share(self, value: float) -> float:
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

    def _value(self, share: float) -> float:
        low, high = self._scaled(self.low), self._scaled(self.high)
        value = low + share * (high - low)
        return math.exp(value) if self.log else value

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A choice of unordered values: it has no edge, and cannot be widened."""

    values: tuple[Any, ...]
    kind: Literal["choice"] = "choice"

    def at(self, share: float) -> Any:
        """The value at the fraction `share`, each value having an equal part of the unit interval."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

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
    return {str(key): _axis(f"space.{key}", str(key), axis, check) for key, axis in tree.items()}


def _axis(name: str, key: str, tree: Any, check: Check) -> Range | Choice:
    if not isinstance(tree, Mapping) or tree.get("kind") not in KEYS:
        given = f"{name}.kind={tree.get('kind')}" if isinstance(tree, Mapping) else f"{name}={tree}"
        raise UserError(f"{given}: must be one of log, linear (with low and high), choice (with values)")
    kind = tree["kind"]
    wanted = ("kind", *KEYS[kind])
    for given in tree:
        if given not in wanted:
            near = get_close_matches(str(given), wanted, n=1)
            hint = f"did you mean {name}.{near[0]}?" if near else f"kind {kind} has the keys {', '.join(wanted[1:])}"
            raise UserError(f"{name}.{given}: no such key; {hint}")
    for needed in wanted:
        if needed not in tree:
            raise UserError(f"{name}.{needed}: is missing")
    return _choice(name, key, tree["values"], check) if kind == "choice" else _range(name, key, tree, check)


def _choice(name: str, key: str, values: Any, check: Check) -> Choice:
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise UserError(f"{name}.values={values}: must be a list of at least 1")
    if len(set(map(repr, values))) < len(values):
        raise UserError(f"{name}.values={values}: must all be different")
    for value in values:
        _checked(f"{name}.values", key, value, check)
    return Choice(values=tuple(values))


def _range(name: str, key: str, tree: Mapping[str, Any], check: Check) -> Range:
    for bound in ("low", "high"):
        value = tree[bound]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UserError(f"{name}.{bound}={value}: must be a number")
    low, high, log = float(tree["low"]), float(tree["high"]), tree["kind"] == "log"
    if log and low <= 0:
        raise UserError(f"{name}.low={low:g}: must be > 0 on a log axis")
    if low >= high:
        raise UserError(f"{name}.low={low:g}: must be < {name}.high={high:g}")
    for bound, value in (("low", low), ("high", high)):
        _checked(f"{name}.{bound}", key, value, check)
    return Range(low=low, high=high, log=log)


def _checked(name: str, key: str, value: Any, check: Check) -> None:
    try:
        check(key, value)
    except UserError as error:
        raise UserError(f"{name}={value}: {error}") from None


def sample(space: Space, sampler: Sampler, configs: int, seed: int) -> list[Setting]:
    """Draw `configs` different settings, the same ones for the same seed.

    `halton` covers the space more evenly than `random` (scrambled: Owen, 2017, "A randomized Halton algorithm in R"). With
    both, a smaller number of configs gives the first ones of a larger number. `grid` is a full factorial design with the
    most values on the first axes.

    Raises:
        UserError: the space holds fewer settings, or no grid of it has exactly so many.
    """
    if sampler == "grid":
        return [_setting(space, point) for point in _grid(space, configs)]
    found: dict[str, Setting] = {}
    for shares in _draw(sampler, len(space), configs * PATIENCE if _is_discrete(space) else 2 * configs, seed):
        setting = _setting(space, shares.tolist())
        found.setdefault(repr(setting), setting)
        if len(found) == configs:
            return list(found.values())
    raise UserError(f"tuning.configs={configs}: the space holds only {len(found)} different ones")


def _draw(sampler: Sampler, axes: int, points: int, seed: int) -> npt.NDArray[np.float64]:
    """Points of the unit cube, shape (points, axes)."""
    if sampler == "random":
        return np.random.default_rng(seed).random((points, axes))
    return qmc.Halton(axes, rng=seed).random(points)


def _setting(space: Space, shares: Sequence[float]) -> Setting:
    return {key: axis.at(share) for (key, axis), share in zip(space.items(), shares, strict=True)}


def _is_discrete(space: Space) -> bool:
    return all(isinstance(axis, Choice) for axis in space.values())


def _grid(space: Space, configs: int) -> list[tuple[float, ...]]:
    """Points of the most even grid: the numbers of values on the axes differ least, the first axes having more."""
    divisors = [count for count in range(1, configs + 1) if configs % count == 0]
    counts = [[count for count in divisors if isinstance(axis, Range) or count <= len(axis.values)] for axis in space.values()]
    designs = [design for design in product(*counts) if math.prod(design) == configs]
    if not designs:
        sizes = [range(1, len(axis.values) + 1) for axis in space.values() if isinstance(axis, Choice)]
        known = sorted({math.prod(size) for size in product(*sizes)})
        raise UserError(f"tuning.configs={configs}: a grid of this space can have {', '.join(map(str, known))}")
    best = min(designs, key=lambda design: (sum(design), [-count for count in design]))
    axes = zip(space.values(), best, strict=True)
    return list(product(*(_ticks(count, inner=isinstance(axis, Choice)) for axis, count in axes)))


def _ticks(count: int, *, inner: bool) -> list[float]:
    """`count` evenly spaced fractions: from 0 to 1, or (`inner`) the midpoints of equal parts."""
    return [(place + 0.5) / count if inner or count == 1 else place / (count - 1) for place in range(count)]


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
        share = axis.share(best[key])
        is_near: dict[Side, bool] = {"low": share <= RIM, "high": share >= 1 - RIM}
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
