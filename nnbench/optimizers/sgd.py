"""Stochastic gradient descent with momentum: classical or Nesterov's, in the two forms that are in use."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy import add, multiply, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, Needs, NonNegative, Positive
from nnbench.optimizers.base import Optimizer


@dataclass(kw_only=True)
class SGD(Optimizer):
    """Gradient descent with a velocity v that keeps the fraction `momentum` of itself; rate = learning_rate / (1 + decay k).

    Two forms, by what the rate multiplies:

    - rate_scales="gradient": v = momentum * v - rate * g;  w += v. The notebook's and Keras's; Sutskever et al., ICML 2013.
      A change of the rate leaves past velocities as they were.
    - rate_scales="velocity": v = momentum * v - g;  w += rate * v. PyTorch's, with the opposite sign of v; Polyak 1964.
      A change of the rate acts on the whole velocity at once.

    They are equal while the rate is constant, and differ under `decay` and under any schedule. With `nesterov`, the step is
    momentum * v - rate * g in the first form and rate * (momentum * v - g) in the second, with the new v: Nesterov 1983, as
    written by Sutskever et al.

    Not for gradients whose scale differs much between layers or over time: there is one rate for all.
    """

    learning_rate: Positive = 1.0
    decay: NonNegative = 0.0
    momentum: Fraction = 0.0
    nesterov: Annotated[bool, Needs("momentum")] = False
    rate_scales: Annotated[Literal["gradient", "velocity"], Needs("momentum")] = "gradient"

    def formula(self) -> tuple[str, ...]:
        if not self.momentum:
            return (r"w \leftarrow w - \eta_t\,g",)
        if self.rate_scales == "gradient":
            step = r"\mu\,v - \eta_t\,g" if self.nesterov else "v"
            return r"v \leftarrow \mu\,v - \eta_t\,g", rf"w \leftarrow w + {step}"
        step = r"(\mu\,v - g)" if self.nesterov else "v"
        return r"v \leftarrow \mu\,v - g", rf"w \leftarrow w + \eta_t\,{step}"

    def allocate(self, parameters: FloatArray) -> None:
        self.velocity = np.zeros_like(parameters)
        self.momentum_array = np.array(self.momentum, parameters.dtype)
        self.rate = np.zeros((), parameters.dtype)
        self.step = np.zeros_like(parameters) if self.nesterov else self.velocity

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        velocity, step = self.velocity, self.step
        self.rate[()] = self.learning_rate / (1.0 + self.decay * iteration)
        inside = self.rate_scales == "gradient"
        multiply(velocity, self.momentum_array, velocity)
        if inside:
            multiply(gradients, self.rate, gradients)
        subtract(velocity, gradients, velocity)
        if self.nesterov:
            multiply(velocity, self.momentum_array, step)
            subtract(step, gradients, step)
        if not inside:
            step = multiply(step, self.rate, gradients)
        add(parameters, step, parameters)
