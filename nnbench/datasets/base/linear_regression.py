"""Base class of regressions whose targets are linear in the features; the linear model itself is drawn with the seed."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from nnbench.core.arrays import FloatArray
from nnbench.core.random import Streams
from nnbench.datasets.base.distribution import Sampled
from nnbench.datasets.base.points import Points, Splits

Dimensions = Annotated[int, Ge(2), Le(1000)]
Difficulty = Literal["easy", "medium", "hard"]


@dataclass(frozen=True, kw_only=True)
class LinearModel:
    """Linear model of normal features: x = z @ factor with z ~ N(0, I), targets = x @ coefficients + noise * N(0, 1).

    Attributes:
        factor: shape (features, features); the covariance of the features is factor.T @ factor.
        coefficients: shape (features, outputs); the intercept is zero.
        noise: standard deviation of the noise of the targets.
    """

    factor: FloatArray
    coefficients: FloatArray
    noise: float = 0.0

    def draw(self, rng: Generator, samples: int, *, exact: bool = False) -> Points:
        """Draw points.

        Args:
            rng: of the features, then of the noise.
            samples: the number of points.
            exact: make the mean of these features exactly zero and their covariance exactly that of the model, up to
                rounding; needs more points than features.
        """
        z = rng.standard_normal((samples, len(self.factor)))
        if exact:
            z = np.sqrt(samples) * np.linalg.qr(z - z.mean(axis=0))[0]
        x = z @ self.factor
        targets = x @ self.coefficients
        if self.noise:
            targets += self.noise * rng.standard_normal(targets.shape)
        return Points(x=x, targets=targets)

    def score(self, points: Points) -> tuple[float, float]:
        """Return the mean squared error and R² of the predictions by the coefficients, the best possible ones."""
        squares = np.square(points.targets - points.x @ self.coefficients)
        deviations = np.square(points.targets - points.targets.mean(axis=0))
        return float(squares.mean()), float(1 - squares.sum() / deviations.sum())


@dataclass(frozen=True, kw_only=True)
class LinearSplits(Splits):
    """Splits of points of a linear model, with the model."""

    model: LinearModel


@dataclass(kw_only=True)
class LinearRegression(Sampled):
    """Regression on points of a linear model that is drawn with the seed, so that an optimizer cannot be made for one model.

    Attributes
    ----------
    dimensions : int
        The number of features.
    difficulty : {"easy", "medium", "hard"}
        Names the numbers that make the problem easy or hard; each subclass has a table of them.
    exact : bool
        A class attribute: whether the training features have exactly the covariance of the model and the mean zero, so that
        the training loss is a known function of the weights, and that of the bias is separate from it.
    """

    loss = "mean_squared_error"
    exact: ClassVar[bool] = False

    dimensions: Dimensions = 50
    difficulty: Difficulty = "medium"

    @property
    def features(self) -> int:
        return self.dimensions

    @property
    def outputs(self) -> int:
        return 1

    def __post_init__(self) -> None:
        if self.exact and self.samples <= self.features:
            raise ValueError(f"samples={self.samples}: must be more than the {self.features} features")

    @abstractmethod
    def model(self, rng: Generator) -> LinearModel:
        """Draw the linear model of a run."""

    def split(self, streams: Streams) -> LinearSplits:
        model = self.model(streams.data)
        return LinearSplits(
            model=model,
            train=model.draw(streams.data, self.samples, exact=self.exact),
            val=model.draw(streams.val, self.val_samples) if self.val_samples else None,
            test=model.draw(streams.test, self.test_samples) if self.test_samples else None,
        )

    def references(self, splits: Splits) -> Mapping[str, float]:
        """Return the least training loss of a model without noise, and the results of the true coefficients on test points."""
        if not isinstance(splits, LinearSplits):  # of a subclass with points of its own
            return {}
        found = {} if splits.model.noise else {"least_train_loss": 0.0}
        if splits.test is not None:
            loss, r2 = splits.model.score(splits.test)
            found |= {"bayes_loss": loss, "bayes_r2": r2}
        return found
