"""Noisy quadratic model: a linear regression with the Hessian of a deep network, for mini-batches."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from nnbench.core.constraints import Count, Index
from nnbench.core.random import orthonormal_columns
from nnbench.datasets.base import LinearModel, LinearRegression
from nnbench.datasets.base.linear_regression import Dimensions

# Difficulty -> standard deviation of the noise of the targets.
NOISE = {"easy": 0.25, "medium": 1.0, "hard": 4.0}
LARGEST = 60.0  # upper bound of the eigenvalues before they are divided by it


@dataclass(kw_only=True)
class Quadratic(LinearRegression):
    """Linear regression on normal features whose training loss has a Hessian with few large eigenvalues.

    Of the eigenvalues, 90 % are drawn from U(0, 1) and 10 % from U(30, 60), and all are divided by 60, so that learning rates
    near 1 are the largest that are stable. The eigenvectors are a random rotation of the axes, and the coefficients of the
    targets are N(0, 1). The standard deviation of the noise is drawn from U(0.8, 1.2) times that of the difficulty.

    The gradient of a mini-batch of B points has, at the minimum, a covariance proportional to the Hessian and to noise^2 / B.
    That is the noisy quadratic model of Zhang et al., "Which Algorithmic Choices Matter at Which Batch Sizes?", NeurIPS 2019;
    elsewhere the errors of the prediction add to the noise. Eigenvalues as in the problem `quadratic_deep` of DeepOBS
    (Schneider et al., ICLR 2019), after Chaudhari et al., "Entropy-SGD", ICLR 2017.
    """

    samples: Count = 1000
    val_samples: Index = 1000
    test_samples: Index = 2000
    dimensions: Dimensions = 100

    def model(self, rng: Generator) -> LinearModel:
        large = max(1, round(self.dimensions / 10))
        eigenvalues = np.concatenate([rng.uniform(30, LARGEST, large), rng.uniform(0, 1, self.dimensions - large)]) / LARGEST
        rotation = orthonormal_columns(rng, self.dimensions, self.dimensions)
        return LinearModel(
            factor=np.sqrt(eigenvalues / 2)[:, None] * rotation,  # the Hessian is twice the covariance
            coefficients=rng.standard_normal((self.dimensions, 1)),
            noise=rng.uniform(0.8, 1.2) * NOISE[self.difficulty],
        )
