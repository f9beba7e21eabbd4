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
        # The moments without their factors (1 - beta), which join the corrections in two scalars: ten passes, not 14.
        self.first = np.zeros_like(parameters)
        self.second = np.zeros_like(parameters)
        self.scratch = np.empty_like(parameters)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        t = iteration + 1
        first, second, scratch = self.first, self.second, self.scratch
        rate = self.learning_rate / (1.0 + self.decay * iteration)
        correction_1 = (1.0 - self.beta_1) / (1.0 - self.beta_1**t)
        correction_2 = sqrt((1.0 - self.beta_2**t) / (1.0 - self.beta_2))
        np.multiply(first, self.beta_1, first)
        np.add(first, gradients, first)
        np.multiply(second, self.beta_2, second)
        np.multiply(gradients, gradients, scratch)
        np.add(second, scratch, second)
        np.sqrt(second, scratch)
        np.add(scratch, self.epsilon * correction_2, scratch)
        np.divide(first, scratch, scratch)
        np.multiply(scratch, rate * correction_1 * correction_2, scratch)
        np.subtract(parameters, scratch, parameters)
