"""Points with their labels or targets, and the splits of a run."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nnbench.core.arrays import IntArray


class Points:
    """Points of a classification with one label each, or of a regression with one or more targets each.

    Parameters
    ----------
    x : numpy.ndarray
        Shape (n, features), a point a row; kept as float64.
    labels : numpy.ndarray, optional
        Shape (n,), whole numbers from 0; kept as int64. Of a classification.
    targets : numpy.ndarray, optional
        Shape (n, outputs); kept as float64. Of a regression.

    Raises
    ------
    ValueError
        The shapes do not fit each other, or both labels and targets are given, or neither.

    Examples
    --------
    >>> import numpy as np
    >>> from nnbench import Points
    >>> points = Points(x=np.zeros((4, 2)), labels=np.array([0, 0, 1, 1]))
    >>> len(points), points.take(np.array([1, 3])).labels.tolist()
    (4, [0, 1])
    """

    def __init__(self, *, x: npt.ArrayLike, labels: npt.ArrayLike | None = None, targets: npt.ArrayLike | None = None) -> None:
        self.x = np.asarray(x, np.float64)
        if self.x.ndim != 2:
            raise ValueError(f"x must have the shape (points, features), and has {self.x.shape}")
        if (labels is None) == (targets is None):
            raise ValueError("points must have either labels (classification) or targets (regression)")
        self._labels = None if labels is None else _labels(np.asarray(labels), len(self.x))
        self._targets = None if targets is None else _targets(np.asarray(targets, np.float64), len(self.x))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def labels(self) -> IntArray:
        """The class of each point, shape (n,), int64.

        Raises:
            TypeError: the points are of a regression.
        """
        if self._labels is None:
            raise TypeError("points of a regression have targets and no labels")
        return self._labels

    @property
    def targets(self) -> npt.NDArray[np.float64]:
        """The targets of each point, shape (n, outputs), float64.

        Raises:
            TypeError: the points are of a classification.
        """
        if self._targets is None:
            raise TypeError("points of a classification have labels and no targets")
        return self._targets

    @property
    def y(self) -> IntArray | npt.NDArray[np.float64]:
        """The labels of a classification, or the targets of a regression."""
        return self.targets if self._labels is None else self._labels

    def take(self, which: IntArray) -> "Points":
        """Return the points at these positions, in this order."""
        if self._labels is None:
            return Points(x=self.x[which], targets=self.targets[which])
        return Points(x=self.x[which], labels=self._labels[which])

    def subsample(self, most: int) -> "Points":
        """Return at most `most` of the points, evenly spaced."""
        if len(self) <= most:
            return self
        return self.take(np.linspace(0, len(self) - 1, most).round().astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The points of a run.

    Attributes
    ----------
    train : Points
        Training points.
    val : Points or None
        Points by which settings are selected; None for none.
    test : Points or None
        Points on which a run is measured once; None for none.
    """

    train: Points
    val: Points | None = None
    test: Points | None = None


def _labels(labels: npt.NDArray[np.generic], points: int) -> IntArray:
    if labels.shape != (points,):
        raise ValueError(f"labels must have the shape ({points},), one a point, and have {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers, and are {labels.dtype}")
    if points and labels.min() < 0:
        raise ValueError("labels must count from 0, and one is negative")
    return labels.astype(np.int64, copy=False)


def _targets(targets: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.float64]:
    if targets.ndim != 2 or len(targets) != points:
        raise ValueError(f"targets must have the shape ({points}, outputs), and have {targets.shape}")
    return targets
