"""Designs: samplers that draw all settings before the first run.

Each draws points of the unit cube, which the axes of a space map to values. So optimizers whose spaces have the same number
of axes get settings from the same points.

SciPy has the Halton sequence and NumPy the random points; Optuna's samplers of these names are not used. `QMCSampler` is
experimental, draws its first setting apart from the sequence and would give existing studies other settings; `GridSampler`
takes the values of each axis, whose numbers are what `grid` is about.
"""

import math
from collections.abc import Sequence
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from nnbench.core.errors import UserError
from nnbench.tuning.space import Choice, Range, Setting, Space

Design = Literal["halton", "random", "grid"]

MAX_DRAWS = 64  # points drawn for each requested config before the space is reported to hold too few


def sample(space: Space, design: Design, configs: int, seed: int) -> list[Setting]:
    """Draw `configs` different settings, the same ones for the same seed.

    `halton` covers the space more evenly than `random` (scrambled: Owen, 2017, "A randomized Halton algorithm in R"). With
    both, a smaller number of configs gives the first ones of a larger number. `grid` is a full factorial design with the
    most values on the first axes.

    Raises:
        UserError: the space holds fewer settings, or no grid of it has exactly so many.
    """
    if design == "grid":
        return [_setting(space, point) for point in _grid(space, configs)]
    found: dict[str, Setting] = {}
    for point in _draw(design, len(space), configs * MAX_DRAWS if _is_discrete(space) else 2 * configs, seed):
        setting = _setting(space, point.tolist())
        found.setdefault(repr(setting), setting)
        if len(found) == configs:
            return list(found.values())
    raise UserError(f"tuning.configs={configs}: the space holds only {len(found)} different ones")


def _draw(design: Design, axes: int, points: int, seed: int) -> npt.NDArray[np.float64]:
    """Points of the unit cube, shape (points, axes)."""
    if design == "random":
        return np.random.default_rng(seed).random((points, axes))
    return qmc.Halton(axes, rng=seed).random(points)


def _setting(space: Space, point: Sequence[float]) -> Setting:
    return {key: axis.at(fraction) for (key, axis), fraction in zip(space.items(), point, strict=True)}


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
