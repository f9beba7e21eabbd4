"""Muon: momentum whose matrix is orthogonalised, for the hidden weights; AdamW for all other parameters."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy import add, divide, matmul, multiply, subtract

from nnbench.core.arrays import FloatArray
from nnbench.core.constraints import Fraction, Needs, NonNegative, Positive
from nnbench.optimizers.adamw import AdamW
from nnbench.optimizers.base import Block, Optimizer

# Keller Jordan's coefficients of Newton and Schulz's iteration. They are steep at zero and do not converge to 1: after five
# steps, singular values lie between about 0.5 and 1.5.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5
MINIMUM_NORM = 1e-7


@dataclass(kw_only=True)
class Muon(Optimizer):
    """m = momentum * m + (1 - momentum) * g;  w -= learning_rate * sqrt(max(1, outputs / inputs)) * orthogonalised(m).

    With `nesterov`, (1 - momentum) * g + momentum * m takes the place of m. Orthogonalised(M) is M = U S V^T with singular
    values near 1 in place of S, by five steps of Newton and Schulz's iteration in the precision of the weights. Keller
    Jordan et al. 2024, https://kellerjordan.github.io/posts/muon, with the defaults of its code, whose matrices have the
    shape (outputs, inputs).

    Attributes
    ----------
    matrices : str
        `hidden`: weights between hidden layers, as its authors recommend; a network with fewer than two hidden layers has
        none. `all`: the weights of every layer. Biases and all other weights are AdamW's.
    weight_decay : float
        Of both: w *= 1 - learning_rate * weight_decay, with the learning rate of each.

    Not for networks without matrices between hidden layers, where it is AdamW or, with `all`, untested by its authors; nor
    where the size of gradients matters: only their direction is kept, however small they are.
    """

    learning_rate: Positive = 0.02
    momentum: Fraction = 0.95
    nesterov: Annotated[bool, Needs("momentum")] = True
    weight_decay: NonNegative = 0.0
    matrices: Literal["hidden", "all"] = "hidden"
    adamw_learning_rate: Positive = 3e-4
    adamw_beta_1: Fraction = 0.9
    adamw_beta_2: Fraction = 0.95
    adamw_epsilon: Positive = 1e-10

    def formula(self) -> tuple[str, ...]:
        return (
            r"M \leftarrow \mu\,M + (1 - \mu)\,G",
            r"N = \mu\,M + (1 - \mu)\,G" if self.nesterov else "N = M",
            r"N = U\,S\,V^T,\ \ O \approx U\,V^T",
            r"W \leftarrow (1 - \eta_t\,\lambda)\,W - \eta_t\,\sqrt{\max(1, n_\mathrm{out} / n_\mathrm{in})}\,O",
        )

    def takes(self, block: Block) -> bool:
        return block.kind == "weights" and (self.matrices == "all" or block.role == "hidden")

    def rest(self) -> AdamW:
        return AdamW(
            learning_rate=self.adamw_learning_rate,
            beta_1=self.adamw_beta_1,
            beta_2=self.adamw_beta_2,
            epsilon=self.adamw_epsilon,
            weight_decay=self.weight_decay,
        )

    def allocate(self, parameters: FloatArray) -> None:
        inputs, outputs = parameters.shape
        self.scale = math.sqrt(max(1.0, outputs / inputs))
        self.average = np.zeros_like(parameters)
        # The iteration multiplies by a square matrix, which is small if the shorter side is first.
        self.transposed = inputs > outputs
        shape = (outputs, inputs) if self.transposed else (inputs, outputs)
        self.matrix, self.product = np.zeros(shape, parameters.dtype), np.zeros(shape, parameters.dtype)
        self.gram, self.polynomial = (np.zeros((shape[0], shape[0]), parameters.dtype) for _ in range(2))

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        average, matrix = self.average, self.matrix
        multiply(gradients, 1.0 - self.momentum, gradients)
        multiply(average, self.momentum, average)
        add(average, gradients, average)
        view = matrix.T if self.transposed else matrix
        view[...] = average
        if self.nesterov:
            multiply(view, self.momentum, view)
            add(view, gradients, view)
        self._orthogonalise()
        if self.weight_decay:
            multiply(parameters, 1.0 - self.learning_rate * self.weight_decay, parameters)
        multiply(matrix, self.learning_rate * self.scale, matrix)
        subtract(parameters, view, parameters)

    def _orthogonalise(self) -> None:
        """Replace `matrix` by the matrix with the same singular vectors and singular values near 1."""
        matrix, product, gram, polynomial = self.matrix, self.product, self.gram, self.polynomial
        a, b, c = COEFFICIENTS
        divide(matrix, math.sqrt(float(np.vdot(matrix, matrix))) + MINIMUM_NORM, matrix)
        for _ in range(NEWTON_SCHULZ_STEPS):
            matmul(matrix, matrix.T, gram)
            matmul(gram, gram, polynomial)
            multiply(polynomial, c, polynomial)
            multiply(gram, b, gram)
            add(polynomial, gram, polynomial)
            matmul(polynomial, matrix, product)
            multiply(matrix, a, matrix)
            add(matrix, product, matrix)
