"""SOAP: Adam in the eigenbases of Shampoo's matrices, for weights; AdamW for biases."""

import math
from dataclasses import dataclass

import numpy as np
from numpy import add, divide, matmul, multiply, sqrt, subtract

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.core.constraints import Count, Fraction, NonNegative, Positive
from nnbench.optimizers.adamw import AdamW
from nnbench.optimizers.base import Block, Optimizer


@dataclass(kw_only=True)
class SOAP(Optimizer):
    """Adam on Q_L^T G Q_R, where Q_L and Q_R are eigenvectors of averages L of G G^T and R of G^T G.

        m = beta_1 m + (1 - beta_1) G;  v = beta_2 v + (1 - beta_2) (Q_L^T G Q_R)^2
        W -= rate * Q_L ((Q_L^T m Q_R) / (sqrt(v) + epsilon)) Q_R^T, rate with Adam's bias corrections
        L = beta_2 L + (1 - beta_2) G G^T;  R = beta_2 R + (1 - beta_2) G^T G

    The first gradient only makes L, R and their eigenvectors. Every `frequency` steps, Q becomes the orthogonal factor of L Q,
    columns in the order of their eigenvalues, and v moves with its columns. Vyas et al., "SOAP: Improving and Stabilizing
    Shampoo using Adam", ICLR 2025, arXiv:2409.11321, algorithm 3; the bias corrections and the place of epsilon are those of
    its authors' code. Weight decay is decoupled. Biases are AdamW's, with the same hyperparameters.

    Not for wide layers: a step has eight products of matrices, and the new bases cost the cubes of the sides of a matrix.
    """

    learning_rate: Positive = 0.003
    beta_1: Fraction = 0.95
    beta_2: Fraction = 0.95
    epsilon: Positive = 1e-8
    weight_decay: NonNegative = 0.01
    frequency: Count = 10

    def formula(self) -> tuple[str, ...]:
        return (
            r"M \leftarrow \beta_1\,M + (1 - \beta_1)\,G",
            r"V \leftarrow \beta_2\,V + (1 - \beta_2)\,(Q_L^T\,G\,Q_R)^2",
            r"c_t = \sqrt{1 - \beta_2^{t-1}} / (1 - \beta_1^{t-1})",
            r"W \leftarrow W - \eta_t\,c_t\,Q_L\,(Q_L^T\,M\,Q_R / (\sqrt{V} + \epsilon))\,Q_R^T",
            r"W \leftarrow (1 - \eta_t\,\lambda)\,W",
            r"L \leftarrow \beta_2\,L + (1 - \beta_2)\,G\,G^T,\ \ R \leftarrow \beta_2\,R + (1 - \beta_2)\,G^T\,G",
            r"Q_L,\ Q_R:\ \mathrm{eigenvectors\ of}\ L,\ R",
        )

    def takes(self, block: Block) -> bool:
        return block.kind == "weights"

    def rest(self) -> AdamW:
        return AdamW(
            learning_rate=self.learning_rate,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
        )

    def allocate(self, parameters: FloatArray) -> None:
        self.first, self.second = np.zeros_like(parameters), np.zeros_like(parameters)
        self.rotated, self.product = np.zeros_like(parameters), np.zeros_like(parameters)
        squares = [np.zeros((side, side), parameters.dtype) for side in parameters.shape for _ in range(3)]
        self.left, self.left_basis, self.left_scratch, self.right, self.right_basis, self.right_scratch = squares

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        first, second, rotated, product = self.first, self.second, self.rotated, self.product
        if not iteration:
            self._average_products(gradients)
            self.left_basis[...] = np.linalg.eigh(self.left)[1][:, ::-1]
            self.right_basis[...] = np.linalg.eigh(self.right)[1][:, ::-1]
            return
        self._rotate(gradients, rotated)
        multiply(rotated, rotated, rotated)
        multiply(rotated, 1.0 - self.beta_2, rotated)
        multiply(second, self.beta_2, second)
        add(second, rotated, second)
        multiply(gradients, 1.0 - self.beta_1, rotated)
        multiply(first, self.beta_1, first)
        add(first, rotated, first)

        self._rotate(first, rotated)
        sqrt(second, product)
        add(product, self.epsilon, product)
        divide(rotated, product, rotated)
        matmul(self.left_basis, rotated, product)
        matmul(product, self.right_basis.T, rotated)
        root = math.sqrt(1.0 - self.beta_2**iteration)  # one less than the steps, as the first has not averaged anything
        multiply(rotated, self.learning_rate * root / (1.0 - self.beta_1**iteration), rotated)
        subtract(parameters, rotated, parameters)
        if self.weight_decay:
            multiply(parameters, 1.0 - self.learning_rate * self.weight_decay, parameters)

        self._average_products(gradients)
        if iteration % self.frequency == 0:
            rows = _refresh(self.left, self.left_basis)
            columns = _refresh(self.right, self.right_basis)
            second[...] = second[rows][:, columns]

    def _rotate(self, matrix: FloatArray, out: FloatArray) -> None:
        """out = Q_L^T matrix Q_R."""
        matmul(self.left_basis.T, matrix, self.product)
        matmul(self.product, self.right_basis, out)

    def _average_products(self, gradients: FloatArray) -> None:
        """Add G G^T and G^T G to their averages."""
        scaled = multiply(gradients, 1.0 - self.beta_2, self.product)
        matmul(scaled, gradients.T, self.left_scratch)
        matmul(scaled.T, gradients, self.right_scratch)
        for average, scratch in ((self.left, self.left_scratch), (self.right, self.right_scratch)):
            multiply(average, self.beta_2, average)
            add(average, scratch, average)


def _refresh(matrix: FloatArray, basis: FloatArray) -> IntArray:
    """Make one step of orthogonal iteration, in place; returns the order into which the columns have been brought."""
    powers = matrix @ basis
    order: IntArray = np.argsort(-(basis * powers).sum(axis=0), kind="stable")
    basis[...] = np.linalg.qr(powers[:, order])[0]
    return order
