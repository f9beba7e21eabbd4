"""Exponential decay: the learning rate falls by the same factor in every step."""

from dataclasses import dataclass

from nnbench.core.constraints import Share
from nnbench.schedules.base import Schedule


@dataclass(kw_only=True)
class Exponential(Schedule):
    """final^(step / steps), which would be `final` after the last step. PyTorch's ExponentialLR."""

    final: Share = 0.01

    def multiplier(self, step: int, steps: int) -> float:
        return float(self.final ** (step / steps))
