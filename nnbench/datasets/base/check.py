"""Check of the splits that a dataset's class returns."""

from nnbench.core.random import Streams
from nnbench.datasets.base.dataset import Dataset
from nnbench.datasets.base.points import Splits


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
