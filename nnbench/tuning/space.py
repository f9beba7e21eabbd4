"""The space that an optimizer's best setting is looked for in: declared before anything runs, and sampled by rule.

A space is a few axes, one a hyperparameter. Every sampler draws points of the unit cube and lets the axes map them, so
that optimizers are treated alike: as many configs each, from the same points wherever they have as many axes.
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
# Raises `UserError` where a hyperparameter may not have a value.
Check = Callable[[str, Any], object]

KEYS = {"log": ("low", "high"), "linear": ("low", "high"), "choice": ("values",)}
DIGITS = 4  # significant; more would say nothing, and make settings unreadable
RIM = 0.05  # share of an axis next to its bound that counts as the bound: 32 samples leave gaps of 0.03
STEP = 1 / 3  # share of an axis' length by which it is widened
PATIENCE = 64  # points drawn for each config that is wanted, before a space is told to hold too few


@dataclass(frozen=True, kw_only=True)
class Range:
    """Numbers from `low` to `high`, both included, evenly spread on a linear or a logarithmic scale."""

    low: float
    high: float
    log: bool

    @property
    def kind(self) -> str:
        """As it is declared."""
        return "log" if self.log else "linear"

    def at(self, share: float) -> float:
        """The value that lies `share` of the way from `low` to `high`, to a few significant digits."""
        return self.rounded(self._value(share))

    def rounded(self, value: float) -> float:
        """A value between the bounds to a few significant digits."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    def share(self, value: float) -> float:
        """How far along the way a value lies."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(value) - low) / (high - low)

    def widened(self, side: Side, allowed: Callable[[float], bool]) -> "Range | None":
        """With one bound a third of the length further out, or nearer where that is not allowed; None at a limit."""
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
    """One of some values, in no order: it has no edge, and cannot be widened."""

    values: tuple[Any, ...]
    kind: Literal["choice"] = "choice"

    def at(self, share: float) -> Any:
        """The value whose equal part of the way `share` lies in."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def rounded(self, value: Any) -> Any:
        """The value as it is."""
        return value


Space = dict[str, Range | Choice]


def read(tree: Any, check: Check) -> Space:
    """A space as its YAML declares it: `HYPERPARAMETER: {kind: log, low: 0.001, high: 0.1}` and the like.

    Args:
        tree: the mapping under `space`.
        check: of the optimizer that the space is for; every bound and value must pass.

    Raises:
        UserError: on the first axis that is not as it must be.
    """
    if not isinstance(tree, Mapping) or not tree:
        raise UserError(f"space={tree}: must give at least one hyperparameter an axis")
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
            hint = f"did you mean {name}.{near[0]}?" if near else f"an axis of kind {kind} knows {', '.join(wanted[1:])}"
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
    """So many different settings, the same for the same seed; of `halton` and `random`, more begin with the fewer.

    `halton` fills the space more evenly than `random` (scrambled: Owen, 2017, "A randomized Halton algorithm in R");
    `grid` is a full factorial design with the most values on the first axes.

    Raises:
        UserError: the space does not hold so many, or no grid of it has just so many.
    """
    if sampler == "grid":
        return [_setting(space, point) for point in _grid(space, configs)]
    found: dict[str, Setting] = {}
    for shares in _draw(sampler, len(space), configs * PATIENCE if _is_discrete(space) else 2 * configs, seed):
        setting = _setting(space, shares.tolist())
        found.setdefault(repr(setting), setting)
        if len(found) == configs:
            return list(found.values())
    raise UserError(f"tuning.configs={configs}: the space holds but {len(found)} different ones")


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
    """The points of the most even grid: as nearly as many values on each axis, and more of them on the first."""
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
    """Evenly spread: from bound to bound, or in the middle of equal parts."""
    return [(place + 0.5) / count if inner or count == 1 else place / (count - 1) for place in range(count)]


def edges(space: Space, best: Setting, check: Check) -> dict[str, Side]:
    """The axes on whose edge a setting lies, though something beyond it would be allowed.

    Args:
        space: that was sampled.
        best: a setting of it.
        check: of the optimizer, whose own limits are no edges: where momentum is 0, no less can be tried.
    """
    found: dict[str, Side] = {}
    for key, axis in space.items():
        if isinstance(axis, Choice):
            continue
        mine = axis.share(best[key])
        beside: dict[Side, bool] = {"low": mine <= RIM, "high": mine >= 1 - RIM}
        for side, lies in beside.items():
            if lies and axis.widened(side, _allows(key, check)):
                found[key] = side
    return found


def widened(space: Space, sides: Mapping[str, Side], check: Check) -> Space:
    """The space with the axes of `edges` a third longer on those sides."""
    longer = {key: _wider(space[key], side, _allows(key, check)) for key, side in sides.items()}
    return {**space, **longer}


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
