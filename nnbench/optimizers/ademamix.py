"""AdEMAMix: AdamW with a second, slow average of the gradients."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, multiply

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, Index, NonNegative
from nnbench.optimizers.adam import CORRECTED, MOMENTS
from nnbench.optimizers.adamw import AdamW


@dataclass(kw_only=True)
class AdEMAMix(AdamW):
    """n = beta_3 n + (1 - beta_3) g, and AdamW with m^ + alpha * n in place of m^.

    Over the first `warmup_steps` steps, alpha rises linearly from 0, and 1 / log(beta_3) goes linearly from 1 / log(beta_1)
    to its value, so that the length of the average grows evenly. Pagliardini, Ablin and Grangier, "The AdEMAMix Optimizer:
    Better, Faster, Older", ICLR 2025, arXiv:2409.03137, algorithm 1. Its authors set `warmup_steps` to the number of all
    steps, and alpha to between 4 and 10.

    Not for runs of fewer than about 1 / (1 - beta_3) steps: the slow average then holds little but the first gradients. Not
    with a learning rate chosen for AdamW and no warm-up, as steps are up to 1 + alpha times as long.
    """

    weight_decay: NonNegative = 0.0
    beta_3: Fraction = 0.9999
    alpha: NonNegative = 5.0
    warmup_steps: Index = 0

    def formula(self) -> tuple[str, ...]:
        beta, alpha = (r"\beta_{3,t}", r"\alpha_t") if self.warmup_steps else (r"\beta_3", r"\alpha")
        return (
            *MOMENTS,
            rf"n \leftarrow {beta}\,n + (1 - {beta})\,g",
            *CORRECTED,
            rf"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,(\hat{{m}} + {alpha}\,n) / (\sqrt{{\hat{{v}}}} + \epsilon)",
        )

    def allocate(self, parameters: FloatArray) -> None:
        super().allocate(parameters)
        self.slow, self.scratch = np.zeros_like(parameters), np.zeros_like(parameters)

    def slow_beta(self, share: float) -> float:
        """Return beta_3 after a share of the warm-up, from 0 to 1."""
        if share == 1.0:
            return self.beta_3
        inverse = (1.0 - share) * _inverse_log(self.beta_1) + share * _inverse_log(self.beta_3)
        return min(math.exp(1.0 / inverse), self.beta_3) if inverse else 0.0

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        slow, scratch, t = self.slow, self.scratch, iteration + 1
        share = min(1.0, t / self.warmup_steps) if self.warmup_steps else 1.0
        beta = self.slow_beta(share)
        multiply(slow, beta, slow)
        multiply(gradients, 1.0 - beta, scratch)
        add(slow, scratch, slow)
        self.shrink(parameters, iteration)
        self.set_factors(iteration)
        self.average(gradients)
        # `rate` includes the correction of m^, which n does not have.
        multiply(slow, share * self.alpha * (1.0 - self.beta_1**t) / (1.0 - self.beta_1), scratch)
        add(scratch, self.first, scratch)
        self.descend(parameters, scratch, self.second, gradients)


def _inverse_log(beta: float) -> float:
    return 1.0 / math.log(beta) if beta else 0.0
