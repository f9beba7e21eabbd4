"""Linear teacher with given singular values, to be learned by a product of linear layers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from nnbench.core.constraints import Count, Index
from nnbench.core.random import orthonormal_columns
from nnbench.datasets.base import LinearModel, LinearRegression
from nnbench.datasets.base.linear_regression import Dimensions

# Difficulty -> ratio of the largest to the smallest singular value of the teacher, before the factor that is drawn.
RATIO = {"easy": 3.0, "medium": 10.0, "hard": 30.0}


@dataclass(kw_only=True)
class DeepLinear(LinearRegression):
    """Targets that are a matrix times the features, of mean zero and covariance exactly I on the training points.

    The matrix has random singular vectors. Its singular values are spaced evenly on a logarithmic axis from 1 down to
    1 / ratio, where the ratio is that of the difficulty times a factor drawn from U(0.8, 1.25). There is no noise, and the
    minimum of the loss is zero.

    A network of linear layers (`network.activation=identity`) that starts from small weights learns the singular vectors one
    after another: the loss stays on a plateau until a time inversely proportional to the singular value, and then falls.
    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    ICLR 2014.
    """

    exact: ClassVar[bool] = True

    samples: Count = 100
    val_samples: Index = 100
    test_samples: Index = 2000
    dimensions: Dimensions = 8

    @property
    def outputs(self) -> int:
        return self.dimensions

    def model(self, rng: Generator) -> LinearModel:
        ratio = RATIO[self.difficulty] * rng.uniform(0.8, 1.25)
        values = np.geomspace(1.0, 1.0 / ratio, self.dimensions)
        left, right = (orthonormal_columns(rng, self.dimensions, self.dimensions) for _ in range(2))
        return LinearModel(factor=np.eye(self.dimensions), coefficients=left * values @ right.T)
