"""RMSProp: AdaGrad that forgets."""

from dataclasses import dataclass

import numpy as np

from nnbench.history import FloatArray
from nnbench.optimizers.base import Optimizer
from nnbench.ranges import Fraction, NonNegative, Positive


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

    def allocate(self, parameters: FloatArray) -> None:
        self.squares = np.zeros_like(parameters)
        self.scratch = np.empty_like(parameters)
        self.change = np.empty_like(parameters)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        rate = self.learning_rate / (1.0 + self.decay * iteration)
        squares, scratch, change = self.squares, self.scratch, self.change
        np.multiply(squares, self.rho, squares)
        np.multiply(gradients, 1.0 - self.rho, scratch)
        np.multiply(scratch, gradients, scratch)
        np.add(squares, scratch, squares)
        np.sqrt(squares, scratch)
        np.add(scratch, self.epsilon, scratch)
        np.multiply(gradients, rate, change)
        np.divide(change, scratch, change)
        np.subtract(parameters, change, parameters)
