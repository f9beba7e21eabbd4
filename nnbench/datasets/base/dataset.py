"""Base class of all datasets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nnbench.core.arrays import IntArray
from nnbench.core.random import Streams
from nnbench.datasets.base.points import Points, Splits

Loss = Literal["cross_entropy", "mean_squared_error"]


@dataclass(kw_only=True)
class Dataset(ABC):
    """Classification or regression problem. Its fields are its options, each with its range.

    Subclass `Distribution` for points that are drawn, `Table` for a fixed number of points, and this class if neither fits.

    Attributes
    ----------
    loss : {"cross_entropy", "mean_squared_error"}
        The training loss: cross-entropy for a classification, the default, or mean squared error for a regression.
    features : int
        The number of features of a point.
    outputs : int
        The number of the network's outputs: the classes of a classification, the targets of a regression.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False, "strict": True}
    loss: ClassVar[Loss] = "cross_entropy"
    # The option that is 0 without validation points, and the options with which no test points are measured.
    VALIDATION: ClassVar[str | None] = None
    WITHOUT_TEST: ClassVar[Mapping[str, object]] = {}

    @property
    @abstractmethod
    def features(self) -> int:
        """The number of features of a point."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """The number of classes or, of a regression, of targets."""

    @abstractmethod
    def split(self, streams: Streams) -> Splits:
        """Return the points of a run. All random numbers come from `streams.data`, `streams.val` and `streams.test`."""

    def largest(self) -> tuple[int, str]:
        """Return the number of points of the largest split, and the option that decides it, for messages."""
        return 0, ""

    def posterior(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
        """Return the posterior probability of each class, for equally frequent classes.

        It gives the Bayes accuracy, the reference of the reports. A dataset with an unknown distribution does not
        override this method.

        Args:
            x: shape (n, features).

        Returns:
            shape (n, classes), each row sums to 1; None if it is not known.
        """
        return None

    def groups(self, train: Points) -> Mapping[str, IntArray]:
        """Return groups of training points whose mean loss is recorded beside that of all, such as those of rare classes.

        A page of the report draws these losses. They cost a pass over the training points at each evaluated epoch.

        Args:
            train: the training points of a run.

        Returns:
            By name, in the order of the report: the positions of the group's points, at least one. The names are those of
            the curves `group_loss/NAME`: letters, digits, spaces, dots, hyphens and underscores. By default no groups.
        """
        return {}

    def references(self, splits: Splits) -> Mapping[str, float]:
        """Return reference values of these points that only the dataset knows; reports show them beside the results.

        Chance, nearest neighbours, least squares and, with a `posterior`, the Bayes classifier are known of every dataset
        and need not be returned.

        Args:
            splits: the points of a run, as `split` returned them.

        Returns:
            Finite numbers by name, any of: `least_train_loss`, the smallest value that the training loss can have on these
            training points; `shares_train_loss`, the training loss of predicting the shares of the classes among them;
            `bayes_loss`, `bayes_accuracy` and `bayes_r2`, those of the best possible predictions on the test points;
            `best_known_accuracy` and `best_known_r2`, the best published results.
        """
        return {}
