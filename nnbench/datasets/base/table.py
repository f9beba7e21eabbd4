"""Base class of finite tables: a fixed number of points, which are divided into splits by seed."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Lt

from nnbench.core.random import Streams
from nnbench.datasets.base.dataset import Dataset
from nnbench.datasets.base.partition import partition
from nnbench.datasets.base.points import Points, Splits

Share = Annotated[float, Ge(0), Lt(1)]
CACHE_SIZE = 16  # tables cached by a process for its runs

_loaded: dict[tuple[type["Table"], str], Points] = {}


@dataclass(kw_only=True)
class Table(Dataset):
    """Table of points. Subclasses define `load`, and add fields, each with its range.

    The splits are disjoint. A point is a distinct row of features: equal rows are in the same split, whatever their labels.
    In a classification, each split has the shares of the classes of the table, to within two points per class. The seed
    determines the points of each split.

    Features, and the targets of a regression, are standardised: the mean of the training points is subtracted, and the
    remainder is divided by their standard deviation, of all splits by the same numbers. A constant feature is only shifted.
    A subclass with `STANDARDISED = False` keeps its numbers as they are.

    Attributes
    ----------
    val_share : float
        Share of the points in the validation split, 0 for none.
    test_share : float
        Share of the points in the test split, 0 for none.
    with_test : bool
        Whether the test split is measured. Otherwise its points are left out of the run: the other splits do not change.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from nnbench import Points, Table, train
    >>> from nnbench.optimizers.adam import Adam
    >>> @dataclass(kw_only=True)
    ... class Corners(Table):
    ...     def load(self):
    ...         x = np.indices((20, 20)).reshape(2, -1).T
    ...         return Points(x=x, labels=(x >= 10).sum(axis=1))
    >>> history = train(Adam(learning_rate=0.05), Corners(), epochs=101)
    >>> history.test_accuracy > 0.8
    True
    """

    VALIDATION: ClassVar[str | None] = "val_share"
    WITHOUT_TEST: ClassVar[Mapping[str, object]] = {"with_test": False}
    STANDARDISED: ClassVar[bool] = True

    val_share: Share = 0.2
    test_share: Share = 0.2
    with_test: bool = True

    def __post_init__(self) -> None:
        if self.val_share + self.test_share >= 1:
            raise ValueError(f"val_share={self.val_share} + test_share={self.test_share}: must be < 1 together")

    @abstractmethod
    def load(self) -> Points:
        """Return all points of the table, as they are; called once a process for the same options."""

    @property
    def features(self) -> int:
        return len(self._points().x.T)

    @property
    def outputs(self) -> int:
        points = self._points()
        return int(points.labels.max()) + 1 if self.loss == "cross_entropy" else len(points.targets.T)

    def split(self, streams: Streams) -> Splits:
        """Return the points of a run, see `Dataset.split`.

        Raises:
            ValueError: the shares leave no point to train on, the table holds a number that is not finite, or its
                targets are all equal.
        """
        points = self._points()
        strata = points.labels if self.loss == "cross_entropy" else np.zeros(len(points), np.int64)
        parts = partition(points.x, strata, self.val_share, self.test_share, streams.data)
        train, val, test = (points.take(part) for part in parts)
        x = _Scale(train.x)
        y = None if self.loss == "cross_entropy" else _Scale(train.targets)

        def standardised(part: Points) -> Points:
            if not self.STANDARDISED:
                return part
            return Points(x=x(part.x), labels=part.labels) if y is None else Points(x=x(part.x), targets=y(part.targets))

        return Splits(
            train=standardised(train),
            val=standardised(val) if len(val) else None,
            test=standardised(test) if len(test) and self.with_test else None,
        )

    def largest(self) -> tuple[int, str]:
        return len(self._points()), "all of the table"

    def _points(self) -> Points:
        own = [field.name for field in fields(self) if field.name not in Table.__dataclass_fields__]
        key = type(self), repr([(name, getattr(self, name)) for name in own])
        if key not in _loaded:
            points = self.load()
            if not len(points) or not (np.isfinite(points.x).all() and np.isfinite(points.y).all()):
                raise ValueError(f"{type(self).__qualname__}.load must return points with finite numbers")
            if self.loss == "mean_squared_error" and (points.targets == points.targets[0]).all():
                raise ValueError(f"{type(self).__qualname__}.load must return targets that are not all equal")
            for array in (points.x, points.y):
                array.setflags(write=False)
            while len(_loaded) >= CACHE_SIZE:
                del _loaded[next(iter(_loaded))]
            _loaded[key] = points
        return _loaded[key]


class _Scale:
    """Standardisation of columns by the mean and the standard deviation of some rows, as scikit-learn's."""

    def __init__(self, rows: npt.NDArray[np.float64]) -> None:
        self.mean = rows.mean(axis=0)
        deviation = rows.std(axis=0)
        # Of a constant column, rounding may leave a deviation of some units in the last place.
        constant = deviation <= 10 * np.finfo(np.float64).eps * np.abs(rows).max(axis=0)
        self.deviation = np.where(constant, 1.0, deviation)

    def __call__(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        scaled: npt.NDArray[np.float64] = (rows - self.mean) / self.deviation
        return scaled
