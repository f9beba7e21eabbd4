"""Checks of the splits and groups that a dataset's class returns."""

import re
from collections.abc import Mapping

import numpy as np

from nnbench.core.arrays import IntArray
from nnbench.core.random import Streams
from nnbench.datasets.base.dataset import Dataset
from nnbench.datasets.base.points import Points, Splits

GROUP_NAME = re.compile(r"\w[\w .-]{0,59}")  # a part of the names of files and metrics


def checked_split(dataset: Dataset, streams: Streams) -> Splits:
    """Return the splits of a dataset, after checking that they agree with its declarations.

    Raises:
        ValueError: they do not agree, there is no training point, or R² of a split is not defined.
    """
    splits, name = dataset.split(streams), type(dataset).__qualname__
    if not len(splits.train):
        raise ValueError(f"{name} has no training point")
    for split, points in (("training", splits.train), ("validation", splits.val), ("test", splits.test)):
        if points is None:
            continue
        if points.x.shape[1] != dataset.features:
            raise ValueError(f"{name} has features={dataset.features}, and points with {points.x.shape[1]}")
        if dataset.loss == "mean_squared_error":
            if points.targets.shape[1] != dataset.outputs:
                raise ValueError(f"{name} has outputs={dataset.outputs}, and points with {points.targets.shape[1]} targets")
            if (points.targets == points.targets[:1]).all():
                raise ValueError(f"{name} has {len(points)} {split} points with equal targets, for which R² is not defined")
        elif len(points) and (largest := int(points.labels.max())) >= dataset.outputs:
            raise ValueError(f"{name} has outputs={dataset.outputs}, and a point with the label {largest}, counted from 0")
    return splits


def checked_groups(dataset: Dataset, train: Points) -> Mapping[str, IntArray]:
    """Return the groups of training points that a dataset declares, after checking their names and positions.

    Raises:
        ValueError: a name has other characters than letters, digits, spaces, dots, hyphens and underscores or more than 60
            of them, a group has no point, or a position is no position of a training point.
    """
    groups, name = dataset.groups(train), type(dataset).__qualname__
    for group, members in groups.items():
        positions = np.asarray(members)
        if not GROUP_NAME.fullmatch(group):
            raise ValueError(f"{name}.groups has the name {group!r}: must be 1 to 60 letters, digits, spaces, dots, - and _")
        if positions.ndim != 1 or positions.dtype.kind not in "iu" or not len(positions):
            raise ValueError(f"{name}.groups must have the positions of at least one training point as {group!r}")
        if positions.min() < 0 or positions.max() >= len(train):
            raise ValueError(f"{name}.groups has a position in {group!r} that none of the {len(train)} training points has")
    return groups
