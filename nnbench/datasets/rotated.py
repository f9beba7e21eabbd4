"""Ill-conditioned linear regression in rotated coordinates, for full batches."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from nnbench.core.constraints import Count, Index
from nnbench.core.random import orthonormal_columns
from nnbench.datasets.base import LinearModel, LinearRegression

# Difficulty -> condition number of the Hessian, before the factor that is drawn.
CONDITION = {"easy": 1e2, "medium": 1e4, "hard": 1e6}


@dataclass(kw_only=True)
class Rotated(LinearRegression):
    """Linear regression without noise whose training loss has a Hessian with a given condition number.

    The eigenvalues of the Hessian are spaced evenly on a logarithmic axis, from 1 down to 1 / condition. The condition number
    is that of the difficulty times a factor drawn from 10^U(-0.5, 0.5). The eigenvectors are the axes, rotated at random
    unless `rotation` is false; in coordinates of the eigenvectors, the coefficients of the targets are N(0, 1). Both forms of
    a seed have the same eigenvalues, targets and loss, so an optimizer whose updates do not depend on the choice of axes, such
    as SGD, reaches the same losses on both, up to the initial weights.

    The training features have exactly this covariance, and the minimum of the loss is zero. Rotated axes as a test:
    Salomon, BioSystems 39, 1996.
    """

    exact: ClassVar[bool] = True

    samples: Count = 100
    val_samples: Index = 100
    test_samples: Index = 2000
    rotation: bool = True

    def model(self, rng: Generator) -> LinearModel:
        condition = CONDITION[self.difficulty] * 10 ** rng.uniform(-0.5, 0.5)
        eigenvalues = np.geomspace(1.0, 1.0 / condition, self.dimensions)
        coefficients = rng.standard_normal((self.dimensions, 1))
        rotation = orthonormal_columns(rng, self.dimensions, self.dimensions)  # drawn in any case: the points are the same
        if not self.rotation:
            rotation = np.eye(self.dimensions)
        return LinearModel(
            factor=np.sqrt(eigenvalues / 2)[:, None] * rotation,  # the Hessian is twice the covariance
            coefficients=rotation.T @ coefficients,
        )
