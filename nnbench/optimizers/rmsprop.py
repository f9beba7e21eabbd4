"""RMSProp: learning rates per parameter from a moving average of its squared gradients."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class RMSProp(Optimizer):
    """v = rho * v + (1 - rho) * g^2;  w -= rate * g / (sqrt(v) + epsilon), rate = learning_rate / (1 + decay * iteration).

    Epsilon is outside the root, as in torch (optax's default has it inside). The average starts at zero and is not
    corrected for it, so the first steps are long where rho is near 1. Tieleman and Hinton, Coursera lecture 6.5, 2012.
    """

    learning_rate: Positive = 0.001
    decay: NonNegative = 1e-4
    rho: Fraction = 0.9
    epsilon: Positive = 1e-7

    def formula(self) -> tuple[str, ...]:
        return r"v \leftarrow \rho\,v + (1 - \rho)\,g^2", r"w \leftarrow w - \eta_t\,g / (\sqrt{v} + \epsilon)"

    def allocate(self, parameters: FloatArray) -> None:
        # The factor (1 - rho) of the average is moved out of the root into two scalars, which saves a pass.
        self.squares, self.scratch = np.zeros_like(parameters), np.zeros_like(parameters)
        self.rho_array = np.array(self.rho, parameters.dtype)
        self.rate_unit = 1.0 / math.sqrt(1.0 - self.rho)
        self.scaled_epsilon = np.array(self.rate_unit * self.epsilon, parameters.dtype)
        self.rate = np.zeros((), parameters.dtype)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        squares, scratch = self.squares, self.scratch
        self.rate[()] = self.rate_unit * self.learning_rate / (1.0 + self.decay * iteration)
        multiply(squares, self.rho_array, squares)
        multiply(gradients, gradients, scratch)
        add(squares, scratch, squares)
        sqrt(squares, scratch)
        add(scratch, self.scaled_epsilon, scratch)
        divide(gradients, scratch, gradients)
        multiply(gradients, self.rate, gradients)
        subtract(parameters, gradients, parameters)
