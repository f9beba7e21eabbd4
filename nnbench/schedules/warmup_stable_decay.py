"""Linear warm-up, a constant learning rate, then linear decay: a trapezoid."""

from dataclasses import dataclass

from nnbench.core.constraints import Fraction, Portion
from nnbench.schedules.base import Schedule, warmup


@dataclass(kw_only=True)
class WarmupStableDecay(Schedule):
    """Rise to 1 during the fraction `warmup` of the budget; 1; and a linear fall to `final` during the last `decay` of it.

    Before the fall, only the length of the warm-up depends on the budget. Hu et al. 2024 (MiniCPM); the linear
    fall of a fifth is that of Hägele et al., NeurIPS 2024.
    """

    warmup: Fraction = 0.05
    decay: Portion = 0.2
    final: Portion = 0.0

    def __post_init__(self) -> None:
        if self.warmup + self.decay > 1:
            raise ValueError(f"warmup={self.warmup:g} and decay={self.decay:g} must be at most 1 together")

    def multiplier(self, step: int, steps: int) -> float:
        rise = round(self.warmup * steps)
        fall = min(round(self.decay * steps), steps - rise)
        if step < rise:
            return warmup(step, rise)
        fallen = step - (steps - fall)
        return 1.0 - (1.0 - self.final) * fallen / fall if fallen > 0 else 1.0
