"""Schedule-Free AdamW: gradients at an interpolation between fast weights and their running average."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, divide, multiply, sqrt, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, Index, NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class ScheduleFreeAdamW(Optimizer):
    """Gradients are taken at y = (1 - beta_1) z + beta_1 x; the network is judged by x, an average of the z.

        v = beta_2 v + (1 - beta_2) g^2;  z -= rate * (g / (sqrt(v) + epsilon) + weight_decay * y)
        x += c (z - x), where c is this step's share of the sum of all rates squared

    rate = learning_rate * sqrt(1 - beta_2^t) * min(1, t / warmup_steps) with t = iteration + 1. Defazio et al., "The Road
    Less Scheduled", NeurIPS 2024, algorithm 1; learning rate and other defaults are those of the authors' package, in which
    the class of this form is AdamWScheduleFreePaper.

    Not together with a decreasing schedule, whose work the average does; nor for a comparison of training losses: these are
    measured at y, validation and test at x.
    """

    parameters_from_state = True

    learning_rate: Positive = 0.0025
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.0
    warmup_steps: Index = 0

    def formula(self) -> tuple[str, ...]:
        warmup = r"\,\min(1, t / T)" if self.warmup_steps else ""
        return (
            r"v \leftarrow \beta_2\,v + (1 - \beta_2)\,g^2",
            rf"q = \eta_t\,\sqrt{{1 - \beta_2^t}}{warmup}",
            r"z \leftarrow z - q\,(g / (\sqrt{v} + \epsilon) + \lambda\,y)",
            r"s \leftarrow s + q^2",
            r"x \leftarrow x + q^2 / s\,(z - x)",
            r"y \leftarrow (1 - \beta_1)\,z + \beta_1\,x",
        )

    def allocate(self, parameters: FloatArray) -> None:
        self.average, self.fast = parameters.copy(), parameters.copy()
        self.squares, self.scratch = np.zeros_like(parameters), np.zeros_like(parameters)
        self.weight = self.weight_sum = 0.0

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        average, fast, squares, scratch = self.average, self.fast, self.squares, self.scratch
        t = iteration + 1
        rate = self.learning_rate * math.sqrt(1.0 - self.beta_2**t) * min(1.0, t / max(1, self.warmup_steps))
        multiply(squares, self.beta_2, squares)
        multiply(gradients, gradients, scratch)
        multiply(scratch, 1.0 - self.beta_2, scratch)
        add(squares, scratch, squares)
        sqrt(squares, scratch)
        add(scratch, self.epsilon, scratch)
        divide(gradients, scratch, gradients)
        if self.weight_decay:
            multiply(parameters, self.weight_decay, scratch)
            add(gradients, scratch, gradients)
        multiply(gradients, rate, gradients)
        subtract(fast, gradients, fast)
        self.weight_sum += rate * rate
        self.weight = rate * rate / self.weight_sum if self.weight_sum else 0.0  # a schedule may begin with zero
        subtract(fast, average, scratch)
        multiply(scratch, self.weight, scratch)
        add(average, scratch, average)
        multiply(average, self.beta_1, parameters)
        multiply(fast, 1.0 - self.beta_1, scratch)
        add(parameters, scratch, parameters)

    def evaluation_parameters(self, parameters: FloatArray) -> FloatArray:
        return self.average

    def diagnostics(self) -> dict[str, float]:
        """Return `average_weight`, the share c of the newest weights in the average."""
        return {"average_weight": self.weight}
