"""What a dataset is: a distribution that labelled points are drawn from, as many and as often as asked."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nnbench.ranges import Count, Index
from nnbench.seeding import Normal


@dataclass(frozen=True, kw_only=True)
class Points:
    """Labelled points.

    Attributes:
        x: shape (n, features), float64, a point a row.
        labels: shape (n,), int64, from 0.
    """

    x: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]


@dataclass(kw_only=True)
class Dataset(ABC):
    """A problem in classification. Its fields are its settings, each with its range; subclasses add their own.

    Attributes:
        samples: points of each class in the training split.
        val_samples: points of each class in the validation split, 0 for none.
        test_samples: points of each class in the test split, 0 for none; looked at once, so more cost little.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False, "strict": True}

    samples: Count = 100
    val_samples: Index = 100
    test_samples: Index = 1000

    @property
    @abstractmethod
    def features(self) -> int:
        """The number of features of a point."""

    @property
    @abstractmethod
    def classes(self) -> int:
        """The number of classes."""

    @abstractmethod
    def draw(self, rng: Normal, samples: int) -> Points:
        """Draw `samples` points of each class."""
