"""Adam: moving averages of gradients and squared gradients, with bias correction."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, NonNegative, Positive
from nnbench.optimizers.base import Optimizer

# Equations of `formula`, also of its variants.
MOMENTS = r"m \leftarrow \beta_1\,m + (1 - \beta_1)\,g", r"v \leftarrow \beta_2\,v + (1 - \beta_2)\,g^2"
CORRECTED = r"\hat{m} = m / (1 - \beta_1^t)", r"\hat{v} = v / (1 - \beta_2^t)"


@dataclass(kw_only=True)
class Adam(Optimizer):
    """m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;  w -= rate * m^ / (sqrt(v^) + epsilon).

    m^ = m / (1 - beta_1^t) and v^ = v / (1 - beta_2^t) with t = iteration + 1; rate = learning_rate / (1 + decay *
    iteration). Kingma and Ba, ICLR 2015, algorithm 1.

    The update consists of three methods, of which its variants replace one: `set_factors`, `average`, `descend`.
    """

    learning_rate: Positive = 0.001
    decay: NonNegative = 0.0
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7

    def formula(self) -> tuple[str, ...]:
        return (*MOMENTS, *CORRECTED, r"w \leftarrow w - \eta_t\,\hat{m} / (\sqrt{\hat{v}} + \epsilon)")

    def allocate(self, parameters: FloatArray) -> None:
        # The factors (1 - beta) of the moments are merged with the bias corrections into two scalars: ten passes, not 14.
        self.first, self.second = np.zeros_like(parameters), np.zeros_like(parameters)
        self.beta_1_array, self.beta_2_array = np.array(self.beta_1, parameters.dtype), np.array(self.beta_2, parameters.dtype)
        self.rate, self.scaled_epsilon = np.zeros((), parameters.dtype), np.zeros((), parameters.dtype)
        unit = 1.0 / math.sqrt(1.0 - self.beta_2)
        self.rate_unit, self.epsilon_unit = unit * (1.0 - self.beta_1), unit * self.epsilon

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        self.set_factors(iteration)
        self.average(gradients)
        self.descend(parameters, self.first, self.second, gradients)

    def set_factors(self, iteration: int) -> None:
        """Compute `rate` and `scaled_epsilon`, which include the bias corrections, for the moments as `average` keeps them."""
        t = iteration + 1
        root = math.sqrt(1.0 - self.beta_2**t)
        self.rate[()] = (
            root * (self.rate_unit * self.learning_rate) / ((1.0 - self.beta_1**t) * (1.0 + self.decay * iteration))
        )
        self.scaled_epsilon[()] = root * self.epsilon_unit

    def average(self, gradients: FloatArray) -> None:
        """Add to the moments, `first` = m / (1 - beta_1) and `second` = v / (1 - beta_2); overwrites the gradients."""
        multiply(self.first, self.beta_1_array, self.first)
        add(self.first, gradients, self.first)
        self.average_squares(gradients)

    def average_squares(self, gradients: FloatArray) -> None:
        """Add to `second` alone; overwrites the gradients."""
        second = self.second
        multiply(second, self.beta_2_array, second)
        multiply(gradients, gradients, gradients)
        add(second, gradients, second)

    def descend(self, parameters: FloatArray, direction: FloatArray, squares: FloatArray, scratch: FloatArray) -> None:
        """w -= rate * direction / (sqrt(squares) + scaled_epsilon); overwrites `scratch`."""
        sqrt(squares, scratch)
        add(scratch, self.scaled_epsilon, scratch)
        divide(direction, scratch, scratch)
        multiply(scratch, self.rate, scratch)
        subtract(parameters, scratch, parameters)
