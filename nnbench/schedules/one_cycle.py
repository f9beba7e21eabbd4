"""One cycle of the learning rate: half a cosine up, half a cosine down."""

from dataclasses import dataclass

from nnbench.core.constraints import Portion, Share
from nnbench.schedules.base import Schedule, between


@dataclass(kw_only=True)
class OneCycle(Schedule):
    """From `initial` to 1 at the fraction `rise` of the budget, then to `final` in the last step, each along half a cosine.

    Smith and Topin 2019 (super-convergence), in the form and with the defaults of PyTorch's OneCycleLR: the rise ends at
    step rise * steps - 1, which may lie between two steps. The momentum does not change; PyTorch varies it in the opposite
    direction unless `cycle_momentum=False`.
    """

    rise: Share = 0.3
    initial: Portion = 0.04
    final: Portion = 4e-6

    def multiplier(self, step: int, steps: int) -> float:
        peak, last = max(0.0, self.rise * steps - 1), steps - 1
        if step < peak:
            return between(self.initial, 1.0, step / peak)
        return between(1.0, self.final, (step - peak) / (last - peak)) if last > peak else 1.0
