"""Labels with heavy-tailed frequencies, independent of the features, a problem of optimization alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from nnbench.core.arrays import IntArray
from nnbench.core.random import Streams
from nnbench.datasets.base import Dataset, Points, Splits


class Size(NamedTuple):
    """Numbers of a difficulty: with m groups, the largest class has 2^(m - 1) times as many points as the smallest."""

    groups: int
    features: int


SIZES = {"easy": Size(6, 64), "medium": Size(7, 64), "hard": Size(8, 64)}


@dataclass(kw_only=True)
class HeavyTailed(Dataset):
    """Points without structure, in m groups of classes: group i = 0, ..., m - 1 has 2^i classes of 2^(m - i) points each.

    All groups have the same number of points, 2^m; there are 2^m - 1 classes and m 2^m points. Most of the points belong
    to classes that are rare. Classes are numbered from the most frequent on.

    The features are independent of the labels, so that there is nothing to learn beyond the training points, and the dataset
    has no validation and test points: it is judged by its training loss. Kunstner, Yadav, Milligan, Schmidt and Bietti,
    "Heavy-Tailed Class Imbalance and Why Adam Outperforms Gradient Descent on Language Models", NeurIPS 2024, arXiv
    2402.19449, with the sizes and the inputs of their code, but for the number of features: theirs is (m + 1) 2^m, with which
    every optimizer fits all points in a few hundred steps.

    Attributes
    ----------
    difficulty : {"easy", "medium", "hard"}
        Number of groups, see `SIZES`.
    inputs : {"uniform", "normal"}
        Features uniform on [0, 1), whose mean is not 0, or N(0, 1).
    """

    difficulty: Literal["easy", "medium", "hard"] = "medium"
    inputs: Literal["uniform", "normal"] = "uniform"

    @property
    def features(self) -> int:
        return SIZES[self.difficulty].features

    @property
    def outputs(self) -> int:
        return int(2 ** SIZES[self.difficulty].groups - 1)

    def split(self, streams: Streams) -> Splits:
        groups = SIZES[self.difficulty].groups
        points = np.concatenate([np.full(2**group, 2 ** (groups - group)) for group in range(groups)])
        labels = np.repeat(np.arange(self.outputs), points)
        draw = streams.data.random if self.inputs == "uniform" else streams.data.standard_normal
        return Splits(train=Points(x=draw((len(labels), self.features)), labels=labels))

    def groups(self, train: Points) -> Mapping[str, IntArray]:
        """Return the points of equally frequent classes, by the number of points of a class, the most frequent first."""
        frequency = np.bincount(train.labels, minlength=self.outputs)[train.labels]
        return {f"{number} points a class": np.flatnonzero(frequency == number) for number in np.unique(frequency)[::-1]}

    def references(self, splits: Splits) -> Mapping[str, float]:
        """Return the entropy of the labels, the only reference without test points: (m - 1) / 2 ln 2 + ln m of m groups."""
        shares = np.bincount(splits.train.labels) / len(splits.train)
        return {"shares_train_loss": float(-shares @ np.log(shares))}

    def largest(self) -> tuple[int, str]:
        groups = SIZES[self.difficulty].groups
        return groups * 2**groups, f"dataset.difficulty={self.difficulty}"
