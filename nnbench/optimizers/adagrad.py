"""AdaGrad: learning rates per parameter, decreasing with the sum of its squared gradients."""

from dataclasses import dataclass

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class AdaGrad(Optimizer):
    """G += g^2;  w -= rate * g / (sqrt(G) + epsilon), where rate = learning_rate / (1 + decay * iteration).

    Duchi, Hazan and Singer, JMLR 12, 2011.
    """

    learning_rate: Positive = 1.0
    decay: NonNegative = 1e-4
    epsilon: Positive = 1e-7

    def formula(self) -> tuple[str, ...]:
        return r"s \leftarrow s + g^2", r"w \leftarrow w - \eta_t\,g / (\sqrt{s} + \epsilon)"

    def allocate(self, parameters: FloatArray) -> None:
        self.squares, self.scratch = np.zeros_like(parameters), np.zeros_like(parameters)
        self.epsilon_array = np.array(self.epsilon, parameters.dtype)
        self.rate = np.zeros((), parameters.dtype)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        squares, scratch = self.squares, self.scratch
        self.rate[()] = self.learning_rate / (1.0 + self.decay * iteration)
        multiply(gradients, gradients, scratch)
        add(squares, scratch, squares)
        sqrt(squares, scratch)
        add(scratch, self.epsilon_array, scratch)
        divide(gradients, scratch, gradients)
        multiply(gradients, self.rate, gradients)
        subtract(parameters, gradients, parameters)
