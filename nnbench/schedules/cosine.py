"""Cosine decay of the learning rate."""

from dataclasses import dataclass

from nnbench.core.constraints import Portion
from nnbench.schedules.base import Schedule, between


@dataclass(kw_only=True)
class Cosine(Schedule):
    """Half a cosine from 1 to `final`, which would be reached after the last step.

    Loshchilov and Hutter, ICLR 2017, without restarts. PyTorch's CosineAnnealingLR.
    """

    final: Portion = 0.0

    def multiplier(self, step: int, steps: int) -> float:
        return between(1.0, self.final, step / steps)
