"""Prodigy: AdamW that estimates its learning rate from the distance to the initial parameters."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract, vdot

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class Prodigy(Optimizer):
    """A lower bound d of the distance from the initial parameters w_0 to a solution multiplies the rate; it only grows.

        m = beta_1 m + (1 - beta_1) d g;  v = beta_2 v + (1 - beta_2) d^2 g^2
        r = b r + d rate <g, w_0 - w>;  s = b s + d rate g, with b = sqrt(beta_2) and rate = learning_rate * d
        w -= rate * (m / (sqrt(v) + d epsilon) + weight_decay * w);  then d = max(d, d_coefficient * r / |s|_1)

    Mishchenko and Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", ICML 2024, arXiv:2306.06101, algorithm
    4; its authors' code adds the new d times epsilon. `bias_correction` multiplies the rate by Adam's corrections, and
    `safeguard_warmup` omits learning_rate in s, for schedules with a warm-up; both are options of that code.

    Its authors leave `learning_rate` at 1 and use a cosine schedule. Not unobserved: d, the metric `log10_d`, may stay at d_0,
    or grow beyond what the network bears. On the default spiral, the loss is 0.84 after 3,000 steps, and 0.40
    with `d_coefficient` 0.1 (means of two seeds).
    """

    indivisible = True

    learning_rate: Positive = 1.0
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.0
    d_0: Positive = 1e-6
    d_coefficient: Positive = 1.0
    bias_correction: bool = False
    safeguard_warmup: bool = False

    def formula(self) -> tuple[str, ...]:
        corrected = r"\,\sqrt{1 - \beta_2^t} / (1 - \beta_1^t)" if self.bias_correction else ""
        summed = "d^2" if self.safeguard_warmup else r"d\,q"
        return (
            rf"q = \eta_t\,d{corrected}",
            r"r \leftarrow \sqrt{\beta_2}\,r + d\,q\,\langle g, w_0 - w\rangle",
            rf"s \leftarrow \sqrt{{\beta_2}}\,s + {summed}\,g",
            r"m \leftarrow \beta_1\,m + (1 - \beta_1)\,d\,g",
            r"v \leftarrow \beta_2\,v + (1 - \beta_2)\,d^2\,g^2",
            r"w \leftarrow (1 - q\,\lambda)\,w - q\,m / (\sqrt{v} + d\,\epsilon)",
            r"d \leftarrow \max(d, \kappa\,r / \Vert s\Vert_1)",
        )

    def allocate(self, parameters: FloatArray) -> None:
        # All of the state is divided by d_0, or v by its square, which keeps small gradients from underflow.
        self.start = parameters.copy()
        self.first, self.second, self.sum, self.scratch = (np.zeros_like(parameters) for _ in range(4))
        self.growth, self.product = 1.0, 0.0  # d / d_0, r

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        first, second, scratch, growth = self.first, self.second, self.scratch, self.growth
        beta_3, distance, t = math.sqrt(self.beta_2), self.d_0 * growth, iteration + 1
        rate = self.learning_rate * distance
        if self.bias_correction:
            rate *= math.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        subtract(self.start, parameters, scratch)
        self.product = beta_3 * self.product + growth * rate * float(vdot(gradients, scratch))
        multiply(self.sum, beta_3, self.sum)
        multiply(gradients, growth * (distance if self.safeguard_warmup else rate), scratch)
        add(self.sum, scratch, self.sum)

        multiply(gradients, growth, gradients)
        multiply(first, self.beta_1, first)
        multiply(gradients, 1.0 - self.beta_1, scratch)
        add(first, scratch, first)
        multiply(second, self.beta_2, second)
        multiply(gradients, gradients, gradients)
        multiply(gradients, 1.0 - self.beta_2, gradients)
        add(second, gradients, second)

        if self.weight_decay:
            multiply(parameters, 1.0 - self.weight_decay * rate, parameters)
        sqrt(second, gradients)
        add(gradients, growth * self.epsilon, gradients)
        divide(first, gradients, gradients)
        multiply(gradients, rate, gradients)
        subtract(parameters, gradients, parameters)
        if size := float(np.abs(self.sum, scratch).sum()):
            self.growth = max(growth, self.d_coefficient * self.product / (size * self.d_0))

    def diagnostics(self) -> dict[str, float]:
        """Return `log10_d`, the decimal logarithm of d."""
        return {"log10_d": math.log10(self.d_0 * self.growth)}
