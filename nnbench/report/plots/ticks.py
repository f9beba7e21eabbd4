"""Ticks of a logarithmic axis at round numbers, for ranges of many decades or a fraction of one."""

from collections.abc import Callable

import numpy as np
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

_MOST = 12  # powers of ten, between which labels have room
_LEAST = 1e-300  # smaller numbers have no logarithm that can be relied on
_STEPS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7))  # within a decade, from coarse to fine


def log_ticks(low: float, high: float, least: int = 3) -> list[float]:
    """The coarsest round numbers of which `least` are in the range; equal steps if it is too narrow.

    Args:
        low, high: positive, `low` less than `high`.
    """
    exponents = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    powers = 10.0 ** exponents[:: -(-len(exponents) // _MOST)]
    for steps in _STEPS:
        ticks = [float(f"{power * step:.3g}") for power in powers for step in steps]
        within = [tick for tick in ticks if low <= tick <= high]
        if len(within) >= least:
            return within
    return [float(tick) for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]


def positive(low: float, high: float) -> tuple[float, float]:
    """Replace an invalid range of a logarithmic axis by one that is positive, finite and not empty."""
    high = high if np.isfinite(high) and high > _LEAST else 1.0
    low = low if np.isfinite(low) and low > _LEAST else high / 10
    return (low, high) if low < high else (low / 2, low * 2)


def logarithmic(axis: Axis, low: float, high: float, label: Callable[[float], str], least: int = 3) -> None:
    """Make an axis logarithmic with `log_ticks`, formatted by `label`; an invalid range is replaced by `positive`."""
    low, high = positive(low, high)
    which = axis.axis_name  # type: ignore[attr-defined]
    getattr(axis.axes, f"set_{which}scale")("log")
    getattr(axis.axes, f"set_{which}lim")(low, high)
    axis.set_major_locator(FixedLocator(log_ticks(low, high, least)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: label(value)))
