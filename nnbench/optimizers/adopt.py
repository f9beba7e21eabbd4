"""ADOPT: momentum of gradients divided by the root of past squared gradients alone."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, clip, divide, maximum, multiply, sqrt, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class ADOPT(Optimizer):
    """The gradient is divided before it is averaged, by a v that does not include it.

        n = clipped(g / max(sqrt(v), epsilon), t^(1/4));  m = beta_1 m + (1 - beta_1) n
        w -= learning_rate * m;  v = beta_2 v + (1 - beta_2) g^2

    The first gradient only makes v = g^2, and changes no parameter but by weight decay, which is decoupled; t counts from 1
    in the second. Without `clipping`, n is not clipped to [-t^(1/4), t^(1/4)]. Taniguchi et al., "ADOPT: Modified Adam Can
    Converge with Any beta_2 with the Optimal Rate", NeurIPS 2024, arXiv:2411.02853, algorithm 2.

    Not where the first gradient is far smaller than those to come, without clipping: the second step divides by it.
    """

    learning_rate: Positive = 0.001
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.9999
    epsilon: Positive = 1e-6
    weight_decay: NonNegative = 0.0
    clipping: bool = True

    def formula(self) -> tuple[str, ...]:
        scaled = r"g / \max(\sqrt{v}, \epsilon)"
        return (
            r"\mathrm{if}\ t = 1:\ \mathrm{only}\ v \leftarrow g^2,\ w \leftarrow (1 - \eta_t\,\lambda)\,w",
            rf"n = \mathrm{{clip}}({scaled}, (t - 1)^{{1/4}})" if self.clipping else rf"n = {scaled}",
            r"m \leftarrow \beta_1\,m + (1 - \beta_1)\,n",
            r"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,m",
            r"v \leftarrow \beta_2\,v + (1 - \beta_2)\,g^2",
        )

    def allocate(self, parameters: FloatArray) -> None:
        # Kept are m and v without their factors (1 - beta), which are in the scalars below: two passes less.
        self.first, self.second = np.zeros_like(parameters), np.zeros_like(parameters)
        self.scratch = np.zeros_like(parameters)
        self.unit = math.sqrt(1.0 - self.beta_2)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        first, second, scratch, unit = self.first, self.second, self.scratch, self.unit
        if self.weight_decay:
            multiply(parameters, 1.0 - self.learning_rate * self.weight_decay, parameters)
        if not iteration:
            multiply(gradients, gradients, second)
            multiply(second, 1.0 / (1.0 - self.beta_2), second)
            return
        sqrt(second, scratch)
        maximum(scratch, self.epsilon / unit, out=scratch)
        divide(gradients, scratch, scratch)
        multiply(second, self.beta_2, second)
        multiply(gradients, gradients, gradients)
        add(second, gradients, second)
        if self.clipping:
            bound = unit * float(iteration**0.25)
            clip(scratch, -bound, bound, out=gradients)
            scratch = gradients
        multiply(first, self.beta_1, first)
        add(first, scratch, first)
        multiply(first, self.learning_rate * (1.0 - self.beta_1) / unit, scratch)
        subtract(parameters, scratch, parameters)
