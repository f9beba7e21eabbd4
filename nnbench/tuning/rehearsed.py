"""Settings of a search that are rehearsed before it: some of a sampled list, or bounds and corners of a space."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice, product
from typing import Any

from nnbench.config.schema import Config
from nnbench.core.errors import UserError
from nnbench.sweep.rehearsal import MOST, SHIPPED
from nnbench.tuning.selection import Contender, Tuning
from nnbench.tuning.space import Choice, Range, Setting, Space

FEW = 8  # settings of a sampled list


def rehearsed(tuning: Tuning, sampled: Callable[[Contender], list[Setting]] | None = None) -> Iterator[Config]:
    """Yield the configs whose equal runs are to be compared before the search starts.

    Args:
        tuning: the search.
        sampled: the settings that a contender will be run with; None where the search itself chooses them.
    """
    for each in tuning.contenders:
        yield each.default
    for each in tuning.contenders:
        if each.default.optimizer.algorithm in SHIPPED:
            continue
        settings = spread(sampled(each)) if sampled else list(islice(corners(each.space), MOST))
        for setting in settings:
            with suppress(UserError):  # values that may not go together, of which the search itself will tell
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


def _ends(axis: Range | Choice) -> tuple[Any, ...]:
    return axis.values if isinstance(axis, Choice) else (axis.low, axis.high)
