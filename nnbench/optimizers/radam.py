"""RAdam: Adam whose rate is reduced while few squared gradients are averaged."""

import math
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from numpy import multiply, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import NonNegative
from nnbench.optimizers.adam import CORRECTED, MOMENTS
from nnbench.optimizers.adamw import AdamW


@dataclass(kw_only=True)
class RAdam(AdamW):
    """AdamW with the rate times r_t once rho_t > threshold; before, w -= rate * m^, momentum alone.

        R = 2 / (1 - beta_2) - 1;  rho_t = R - 2 t beta_2^t / (1 - beta_2^t)
        r_t^2 = (rho_t - 4) (rho_t - 2) R / ((R - 4) (R - 2) rho_t)

    Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", ICLR 2020, arXiv:1908.03265, algorithm 2. The
    paper's threshold is 4; 5 is that of its authors' code and of PyTorch, whose epsilon, added to sqrt(v) before the
    correction, is used too.

    Not in place of a warm-up of more than about 2 / (1 - beta_2) steps; and with a large rate its first steps, which are not
    divided by the size of the gradient, are too long where gradients are large.
    """

    weight_decay: NonNegative = 0.0
    threshold: Annotated[float, Ge(4), Le(1e30)] = 5.0

    def formula(self) -> tuple[str, ...]:
        return (
            *MOMENTS,
            CORRECTED[0],
            r"R = 2 / (1 - \beta_2) - 1",
            r"\rho_t = R - 2\,t\,\beta_2^t / (1 - \beta_2^t)",
            r"r_t = \sqrt{(\rho_t - 4)\,(\rho_t - 2)\,R / ((R - 4)\,(R - 2)\,\rho_t)}",
            r"\mathrm{if}\ \rho_t > \tau:\ u = r_t\,\sqrt{1 - \beta_2^t}\,\hat{m} / (\sqrt{v} + \epsilon)",
            r"\mathrm{else}:\ u = \hat{m}",
            r"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,u",
        )

    def set_factors(self, iteration: int) -> None:
        t, limit = iteration + 1, 2.0 / (1.0 - self.beta_2) - 1.0
        power = self.beta_2**t
        length = limit - 2.0 * t * power / (1.0 - power)
        self.rectified = length > self.threshold
        if self.rectified:
            super().set_factors(iteration)
            self.scaled_epsilon[()] = self.epsilon_unit
            factor = (length - 4.0) * (length - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * length)
            multiply(self.rate, math.sqrt(factor), self.rate)
        else:
            unit = (1.0 - self.beta_1) / (1.0 - self.beta_1**t)
            self.rate[()] = unit * self.learning_rate / (1.0 + self.decay * iteration)

    def descend(self, parameters: FloatArray, direction: FloatArray, squares: FloatArray, scratch: FloatArray) -> None:
        if self.rectified:
            super().descend(parameters, direction, squares, scratch)
        else:
            multiply(direction, self.rate, scratch)
            subtract(parameters, scratch, parameters)
