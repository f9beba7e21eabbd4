"""Signum: the sign of the momentum."""

from dataclasses import dataclass

import numpy as np
from numpy import add, multiply, sign, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class Signum(Optimizer):
    """m = momentum * m + (1 - momentum) * g;  w -= learning_rate * sign(m).

    Bernstein et al., "signSGD: Compressed Optimisation for Non-Convex Problems", ICML 2018, arXiv:1802.04434, algorithm 1;
    without momentum it is signSGD. The learning rate is that of its experiments on ImageNet.

    Not for small batches, where the sign of a gradient is mostly that of its noise; nor with a constant rate to the end, as
    all parameters move by the whole learning rate in every step.
    """

    learning_rate: Positive = 1e-4
    momentum: Fraction = 0.9

    def formula(self) -> tuple[str, ...]:
        return r"m \leftarrow \mu\,m + (1 - \mu)\,g", r"w \leftarrow w - \eta_t\,\mathrm{sign}(m)"

    def allocate(self, parameters: FloatArray) -> None:
        self.velocity = np.zeros_like(parameters)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        velocity = self.velocity
        multiply(velocity, self.momentum, velocity)  # of m / (1 - momentum), which has the same sign
        add(velocity, gradients, velocity)
        sign(velocity, gradients)
        multiply(gradients, self.learning_rate, gradients)
        subtract(parameters, gradients, parameters)
