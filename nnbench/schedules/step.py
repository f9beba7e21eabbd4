"""Step decay: the learning rate falls by a factor at regular intervals."""

from dataclasses import dataclass

from nnbench.core.constraints import Share
from nnbench.schedules.base import Schedule


@dataclass(kw_only=True)
class Step(Schedule):
    """factor^(step // interval), where interval = every * steps, rounded to whole steps and at least one.

    The defaults are those of ResNet's training (He et al., CVPR 2016): a tenth after each third of the budget.
    PyTorch's StepLR.
    """

    every: Share = 1 / 3
    factor: Share = 0.1

    def multiplier(self, step: int, steps: int) -> float:
        interval = max(1, round(self.every * steps))
        return float(self.factor ** (step // interval))
