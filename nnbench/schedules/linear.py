"""Linear decay of the learning rate."""

from dataclasses import dataclass

from nnbench.core.constraints import Portion
from nnbench.schedules.base import Schedule


@dataclass(kw_only=True)
class Linear(Schedule):
    """1 - (1 - final) * step / steps, which would be `final` after the last step.

    To zero, the best known schedule for a convex loss (Defazio et al. 2023, arXiv:2310.07831). PyTorch's LinearLR.
    """

    final: Portion = 0.0

    def multiplier(self, step: int, steps: int) -> float:
        return 1.0 - (1.0 - self.final) * step / steps
