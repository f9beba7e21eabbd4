"""Lion: the sign of an interpolation between momentum and gradient."""

from dataclasses import dataclass

import numpy as np
from numpy import add, multiply, sign, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class Lion(Optimizer):
    """w -= learning_rate * (sign(beta_1 m + (1 - beta_1) g) + weight_decay * w);  m = beta_2 m + (1 - beta_2) g.

    Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023, arXiv:2302.06675, algorithm 2. Its authors
    recommend a learning rate 3 to 10 times smaller than AdamW's, and a weight decay larger by the same factor.

    Not for small batches, where the sign of a gradient is mostly that of its noise; nor with a constant rate to the end:
    every parameter that has a gradient moves by the whole learning rate in every step, so the steps never shrink by
    themselves.
    """

    learning_rate: Positive = 1e-4
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.99
    weight_decay: NonNegative = 0.0

    def formula(self) -> tuple[str, ...]:
        return (
            r"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,\mathrm{sign}(\beta_1\,m + (1 - \beta_1)\,g)",
            r"m \leftarrow \beta_2\,m + (1 - \beta_2)\,g",
        )

    def allocate(self, parameters: FloatArray) -> None:
        self.average, self.scratch = np.zeros_like(parameters), np.zeros_like(parameters)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        average, scratch = self.average, self.scratch
        if self.weight_decay:
            multiply(parameters, 1.0 - self.learning_rate * self.weight_decay, parameters)
        # With beta_1 m + (1 - beta_1) g up to a positive factor, as only its sign counts.
        multiply(average, self.beta_1 / (1.0 - self.beta_1), scratch)
        add(scratch, gradients, scratch)
        multiply(average, self.beta_2, average)
        multiply(gradients, 1.0 - self.beta_2, gradients)
        add(average, gradients, average)
        sign(scratch, gradients)  # in place, it takes several times as long
        multiply(gradients, self.learning_rate, gradients)
        subtract(parameters, gradients, parameters)
