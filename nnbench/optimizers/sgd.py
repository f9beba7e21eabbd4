"""Stochastic gradient descent with classical momentum."""

from dataclasses import dataclass

import numpy as np
from numpy import add, multiply, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class SGD(Optimizer):
    """v = momentum * v - rate * g;  w += v, where rate = learning_rate / (1 + decay * iteration).

    The rate is inside the velocity, so a decayed rate leaves past velocities as they were (torch and Keras differ:
    torch multiplies the whole velocity by the present rate). Polyak 1964; Sutskever et al., ICML 2013.
    """

    learning_rate: Positive = 1.0
    decay: NonNegative = 0.0
    momentum: Fraction = 0.0

    def allocate(self, parameters: FloatArray) -> None:
        self.velocity = np.zeros_like(parameters)
        self.momentum_array = np.array(self.momentum, parameters.dtype)
        self.rate = np.zeros((), parameters.dtype)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        velocity = self.velocity
        self.rate[()] = self.learning_rate / (1.0 + self.decay * iteration)
        multiply(velocity, self.momentum_array, velocity)
        multiply(gradients, self.rate, gradients)
        subtract(velocity, gradients, velocity)
        add(parameters, velocity, parameters)
