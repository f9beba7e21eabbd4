"""Base classes of datasets that draw as many points as their options say: `Sampled`, and `Distribution`."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from nnbench.core.constraints import Count, Index
from nnbench.core.random import Normal, Streams
from nnbench.datasets.base.dataset import Dataset
from nnbench.datasets.base.points import Points, Splits


@dataclass(kw_only=True)
class Sampled(Dataset):
    """Dataset that draws its splits, with new points for each seed.

    Attributes
    ----------
    samples : int
        Points of each class in the training split; for a regression, all its points.
    val_samples : int
        The same for the validation split, 0 for none.
    test_samples : int
        The same for the test split, 0 for none; scored once per run, so more cost little. They add a binomial deviation to a
        run's accuracy: 0.005 with three classes of 2,000 points.
    """

    VALIDATION: ClassVar[str | None] = "val_samples"
    WITHOUT_TEST: ClassVar[Mapping[str, object]] = {"test_samples": 0}

    samples: Count = 100
    val_samples: Index = 100
    test_samples: Index = 2000

    def largest(self) -> tuple[int, str]:
        name = max(("samples", "val_samples", "test_samples"), key=lambda part: int(getattr(self, part)))
        number = int(getattr(self, name))
        if self.loss == "cross_entropy":
            return number * self.outputs, f"dataset.{name}={number} a class"
        return number, f"dataset.{name}={number}"


@dataclass(kw_only=True)
class Distribution(Sampled):
    """Distribution from which the points of each split are drawn. Subclasses add fields, each with its range.

    The fields `samples`, `val_samples` and `test_samples` are those of `Sampled`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from nnbench import Distribution, Points, train
    >>> from nnbench.optimizers.adam import Adam
    >>> @dataclass(kw_only=True)
    ... class TwoClouds(Distribution):
    ...     features = 2
    ...     outputs = 2
    ...
    ...     def draw(self, rng, samples):
    ...         labels = np.repeat([0, 1], samples)
    ...         return Points(x=rng.standard_normal((2 * samples, 2)) + 3 * labels[:, None], labels=labels)
    >>> history = train(Adam(learning_rate=0.05), TwoClouds(), epochs=101)
    >>> history.test_accuracy > 0.9
    True
    """

    @abstractmethod
    def draw(self, rng: Normal, samples: int) -> Points:
        """Draw `samples` points of each class or, for a regression, `samples` points."""

    def split(self, streams: Streams) -> Splits:
        return Splits(
            train=self.draw(streams.data, self.samples),
            val=self.draw(streams.val, self.val_samples) if self.val_samples else None,
            test=self.draw(streams.test, self.test_samples) if self.test_samples else None,
        )
