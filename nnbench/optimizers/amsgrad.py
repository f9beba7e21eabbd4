"""AMSGrad: Adam with the largest average of squared gradients so far."""

from dataclasses import dataclass

import numpy as np
from numpy import maximum

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Positive
from nnbench.optimizers.adam import CORRECTED, MOMENTS, Adam


@dataclass(kw_only=True)
class AMSGrad(Adam):
    """Adam with max(v_1, ..., v_t) in place of v, so that the rate of a parameter never rises.

    With `bias_correction`, m and the maximum are divided by 1 - beta^t, as in PyTorch; without, as in Reddi, Kale and Kumar,
    "On the Convergence of Adam and Beyond", ICLR 2018, arXiv:1904.09237, algorithm 2, they are not, and the first steps are
    longer. The maximum is of v itself: of v^, it would keep the first squared gradients for ever.

    Not where gradients are large at the beginning and small later: their squares hold the rate down to the end.
    """

    epsilon: Positive = 1e-8
    bias_correction: bool = True

    def formula(self) -> tuple[str, ...]:
        largest = r"u \leftarrow \max(u, v)"
        if not self.bias_correction:
            return (*MOMENTS, largest, r"w \leftarrow w - \eta_t\,m / (\sqrt{u} + \epsilon)")
        corrected = CORRECTED[0], r"\hat{u} = u / (1 - \beta_2^t)"
        return (*MOMENTS, largest, *corrected, r"w \leftarrow w - \eta_t\,\hat{m} / (\sqrt{\hat{u}} + \epsilon)")

    def allocate(self, parameters: FloatArray) -> None:
        super().allocate(parameters)
        self.largest = np.zeros_like(parameters)

    def set_factors(self, iteration: int) -> None:
        if self.bias_correction:
            super().set_factors(iteration)
        else:
            self.rate[()] = self.rate_unit * self.learning_rate / (1.0 + self.decay * iteration)
            self.scaled_epsilon[()] = self.epsilon_unit

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        self.set_factors(iteration)
        self.average(gradients)
        maximum(self.largest, self.second, out=self.largest)
        self.descend(parameters, self.first, self.largest, gradients)
