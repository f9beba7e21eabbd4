"""MARS: AdamW on gradients corrected by their change since the last step."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, copyto, multiply, subtract, vdot

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, NonNegative, Positive
from nnbench.optimizers.adam import CORRECTED
from nnbench.optimizers.adamw import AdamW


@dataclass(kw_only=True)
class MARS(AdamW):
    """AdamW on c / max(1, |c|) in place of g, with c = g + gamma * beta_1 / (1 - beta_1) * (g - g of the last step).

    |c| is the Euclidean norm over all parameters. Yuan et al., "MARS: Unleashing the Power of Variance Reduction for Training
    Large Models", 2024, arXiv:2411.10438, algorithm 2 (MARS-AdamW) with the last step's own gradient in place of the present
    batch's at the last parameters, which its authors' code does too (`is_approx`); with the full batch, they are the same. In
    the first step, c = g. Their code clips each tensor on its own, has c = g + gamma * beta_1 / (1 - beta_1) * g in the first
    step, and gives vectors to AdamW.

    Not where the norm of the gradients is far above 1 all the time: all are then scaled to 1, and their sizes lost.
    """

    indivisible = True

    learning_rate: Positive = 0.003
    beta_1: Fraction = 0.95
    beta_2: Fraction = 0.99
    weight_decay: NonNegative = 0.0
    gamma: NonNegative = 0.025

    def formula(self) -> tuple[str, ...]:
        return (
            r"c = g + \gamma\,\beta_1 / (1 - \beta_1)\,(g - g_{t-1})",
            r"c \leftarrow c / \max(1, \Vert c\Vert_2)",
            r"m \leftarrow \beta_1\,m + (1 - \beta_1)\,c",
            r"v \leftarrow \beta_2\,v + (1 - \beta_2)\,c^2",
            *CORRECTED,
            r"w \leftarrow (1 - \eta_t\,\lambda)\,w - \eta_t\,\hat{m} / (\sqrt{\hat{v}} + \epsilon)",
        )

    def allocate(self, parameters: FloatArray) -> None:
        super().allocate(parameters)
        self.previous, self.scratch = np.zeros_like(parameters), np.zeros_like(parameters)

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        previous, scratch = self.previous, self.scratch
        if not iteration:
            copyto(previous, gradients)
        subtract(gradients, previous, scratch)
        copyto(previous, gradients)
        multiply(scratch, self.gamma * self.beta_1 / (1.0 - self.beta_1), scratch)
        add(gradients, scratch, gradients)
        if (norm := math.sqrt(float(vdot(gradients, gradients)))) > 1.0:
            multiply(gradients, 1.0 / norm, gradients)
        super().update(parameters, gradients, iteration)
