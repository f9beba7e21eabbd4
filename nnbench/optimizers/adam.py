"""Adam: RMSProp with momentum, both corrected for their start at zero."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from nnbench.history import FloatArray
from nnbench.optimizers.base import Optimizer
from nnbench.ranges import Fraction, NonNegative, Positive


@dataclass(kw_only=True)
class Adam(Optimizer):
    """m = beta_1 m + (1 - beta_1) g;  v = beta_2 v + (1 - beta_2) g^2;  w -= rate * m^ / (sqrt(v^) + epsilon).

    m^ = m / (1 - beta_1^t) and v^ = v / (1 - beta_2^t) with t = iteration + 1; rate = learning_rate / (1 + decay *
    iteration). Kingma and Ba, ICLR 2015, algorithm 1.
    """

    learning_rate: Positive = 0.001
    decay: NonNegative = 0.0
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-7

    def allocate(self, parameters: FloatArray) -> None:
        # The moments go without their factors (1 - beta); these join the corrections in two scalars. Ten passes, not 14.
        self.first, self.second = np.zeros_like(parameters), np.zeros_like(parameters)
        # Scalars as arrays of no dimension: a Python float costs half as much again, each time.
        self.keep_1, self.keep_2 = np.array(self.beta_1, parameters.dtype), np.array(self.beta_2, parameters.dtype)
        self.rate, self.shift = np.zeros((), parameters.dtype), np.zeros((), parameters.dtype)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        first, second, scratch = self.first, self.second, gradients
        unscaled = sqrt((1.0 - self.beta_2 ** (iteration + 1)) / (1.0 - self.beta_2))
        correction = unscaled * (1.0 - self.beta_1) / (1.0 - self.beta_1 ** (iteration + 1))
        self.rate[()] = correction * self.learning_rate / (1.0 + self.decay * iteration)
        self.shift[()] = unscaled * self.epsilon
        np.multiply(first, self.keep_1, first)
        np.add(first, gradients, first)
        np.multiply(second, self.keep_2, second)
        np.multiply(gradients, gradients, scratch)
        np.add(second, scratch, second)
        np.sqrt(second, scratch)
        np.add(scratch, self.shift, scratch)
        np.divide(first, scratch, scratch)
        np.multiply(scratch, self.rate, scratch)
        np.subtract(parameters, scratch, parameters)
