"""Inverse time decay: the learning rate falls as one over the step."""

from dataclasses import dataclass

from nnbench.core.constraints import NonNegative
from nnbench.schedules.base import Schedule


@dataclass(kw_only=True)
class InverseTime(Schedule):
    """1 / (1 + decay * step), whatever the budget. Robbins and Monro 1951.

    The same as the `decay` of SGD, AdaGrad, RMSProp and Adam, if their iterations count steps.
    """

    decay: NonNegative = 1e-3

    def multiplier(self, step: int, steps: int) -> float:
        return 1.0 / (1.0 + self.decay * step)
