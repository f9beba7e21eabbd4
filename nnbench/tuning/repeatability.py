"""Settings that are checked for repeatability before a search: some of a design, or bounds and corners of a space."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, product
from typing import Any

from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.repeatability import MOST, is_checked
from nnbench.tuning.request import Tuning
from nnbench.tuning.space import Choice, Range, Setting, Space

FEW = 8  # settings of a design


def configs_to_check(tuning: Tuning) -> Iterator[Config]:
    """Yield the configs of which equal runs are to be compared before the search starts."""
    for each in tuning.first_searches:
        yield each.default
    for each in tuning.first_searches:
        if not is_checked(each.default):
            continue
        design = tuning.design(each)
        for setting in islice(corners(each.space), MOST) if design is None else spread(design):
            with suppress(UserError):  # values that do not go together: the search itself reports them
                yield each.job(0, setting, each.default.seed).config


def spread(settings: list[Setting]) -> list[Setting]:
    """Return at most `FEW` of the settings, evenly spread over the list."""
    return settings[:: -(-len(settings) // FEW)] if settings else []


def corners(space: Space) -> Iterator[Setting]:
    """Yield each bound or choice of each axis with the others at their defaults, then all corners of the space."""
    ends = {key: _ends(axis) for key, axis in space.items()}
    for key, values in ends.items():
        yield from ({key: value} for value in values)
    yield from (dict(zip(ends, corner, strict=True)) for corner in product(*ends.values()))


def _ends(axis: Range | Choice) -> list[Any]:
    return axis.values if isinstance(axis, Choice) else [axis.low, axis.high]
