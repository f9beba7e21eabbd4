"""Linear warm-up of the learning rate, then cosine decay."""

from dataclasses import dataclass

from nnbench.core.constraints import Fraction, Portion
from nnbench.schedules.base import Schedule, between, warmup


@dataclass(kw_only=True)
class WarmupCosine(Schedule):
    """Rise in equal steps to 1 during the fraction `warmup` of the budget, then half a cosine to `final`.

    The schedule of most language models (Touvron et al. 2023, with final = 0.1). PyTorch's LinearLR followed by its
    CosineAnnealingLR.
    """

    warmup: Fraction = 0.1
    final: Portion = 0.0

    def multiplier(self, step: int, steps: int) -> float:
        length = round(self.warmup * steps)
        if step < length:
            return warmup(step, length)
        return between(1.0, self.final, (step - length) / (steps - length))
