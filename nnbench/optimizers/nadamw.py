"""NAdamW: AdamW with Nesterov's momentum."""

from dataclasses import dataclass

import numpy as np
from numpy import add, multiply

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import NonNegative, Positive
from nnbench.optimizers.adam import CORRECTED, MOMENTS
from nnbench.optimizers.adamw import AdamW


@dataclass(kw_only=True)
class NAdamW(AdamW):
    """AdamW in whose step a part of the next momentum replaces m^; mu_t is the momentum of step t, P_t = mu_1 ... mu_t.

        mu_t = beta_1 (1 - 0.96^(t momentum_decay) / 2);  m = mu_t m + (1 - mu_t) g
        m^ = mu_(t+1) m / (1 - P_(t+1)) + (1 - mu_t) g / (1 - P_t)

    Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, algorithm 2, without its factor beta_2 of v^,
    which all implementations omit; the learning rate and `momentum_decay` are PyTorch's, whose m has beta_1 in place of mu_t.
    A large `momentum_decay` makes mu_t = beta_1 at once, as in optax.

    Not where steps are already too long for the noise: it follows the newest gradient more than AdamW does.
    """

    learning_rate: Positive = 0.002
    momentum_decay: NonNegative = 0.004

    def formula(self) -> tuple[str, ...]:
        return (
            r"\mu_t = \beta_1\,(1 - 0.96^{t\,\psi} / 2)",
            r"P \leftarrow \mu_t\,P",
            r"m \leftarrow \mu_t\,m + (1 - \mu_t)\,g",
            MOMENTS[1],
            r"\hat{m} = \mu_{t+1}\,m / (1 - \mu_{t+1}\,P) + (1 - \mu_t)\,g / (1 - P)",
            CORRECTED[1],
            r"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,\hat{m} / (\sqrt{\hat{v}} + \epsilon)",
        )

    def allocate(self, parameters: FloatArray) -> None:
        super().allocate(parameters)
        self.direction, self.scratch = np.zeros_like(parameters), np.zeros_like(parameters)
        self.product = 1.0

    def momentum(self, t: int) -> float:
        """Return mu_t, for t from 1 on."""
        return self.beta_1 * (1.0 - 0.5 * float(0.96 ** (t * self.momentum_decay)))

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        first, direction, scratch, t = self.first, self.direction, self.scratch, iteration + 1
        now, after = self.momentum(t), self.momentum(t + 1)
        self.product *= now
        self.shrink(parameters, iteration)
        self.set_factors(iteration)
        multiply(self.rate, (1.0 - self.beta_1**t) / (1.0 - self.beta_1), self.rate)  # m^ has corrections of its own
        multiply(gradients, 1.0 - now, scratch)
        multiply(first, now, first)
        add(first, scratch, first)
        multiply(first, after / (1.0 - self.product * after), direction)
        multiply(scratch, 1.0 / (1.0 - self.product), scratch)
        add(direction, scratch, direction)
        self.average_squares(gradients)
        self.descend(parameters, direction, self.second, gradients)
