"""Constant learning rate."""

from dataclasses import dataclass

from nnbench.schedules.base import Schedule


@dataclass(kw_only=True)
class Constant(Schedule):
    """1 in every step."""

    def multiplier(self, step: int, steps: int) -> float:
        return 1.0
