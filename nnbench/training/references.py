"""What simple methods reach on a run's points, and the best that is possible: reference values beside the run's own.

Those of all datasets are computed here: the most frequent class, nearest neighbours and the Bayes classifier for a
classification, the mean of the targets and least squares for a regression. A dataset adds its own, see `Dataset.references`.

They draw no random numbers, so they do not affect the run; as they depend only on the points, they are cached for the runs
of a process that share points.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.datasets.base import Dataset, Points, Splits

MAX_NEIGHBOURS = 7  # largest k
MAX_TEST_POINTS = 20_000  # test points on which a reference is measured, evenly spaced in the split
MAX_OPERATIONS = 150_000_000  # multiplications and comparisons for the neighbours: less than half a second
MIN_TEST_POINTS = 100  # test points below which the accuracy of the neighbours is too uncertain, and is omitted
CHUNK_SIZE = 2**16  # distances computed at a time, so that they fit in the processor's cache
# Names of the references that a dataset may declare; `records.measures` describes them.
DECLARED = (
    "least_train_loss",
    "shares_train_loss",
    "bayes_loss",
    "bayes_accuracy",
    "bayes_r2",
    "best_known_accuracy",
    "best_known_r2",
)
CACHE_SIZE = 4096  # sets of points whose references a process caches

_cache: dict[tuple[type[Dataset], str, bytes], Mapping[str, float]] = {}


def references(dataset: Dataset, splits: Splits) -> Mapping[str, float]:
    """Return the references of a run's points, by name, without those that cannot be computed.

    Args:
        dataset: its `posterior`, if any, defines the Bayes classifier, and its `references` add to those here.
        splits: the training points, and the test points on which all but the last two are measured; at most
            `MAX_TEST_POINTS` of them.

    Returns:
        `chance_accuracy`: of always predicting the most frequent class of the training points.
        `neighbours_accuracy`: of a vote of the k nearest training points by Euclidean distance, k from 1 to `MAX_NEIGHBOURS`
            being the one with the best leave-one-out accuracy on the training points. It is measured on as many test points
            as `MAX_OPERATIONS` allows, and omitted if that is fewer than `MIN_TEST_POINTS` of a larger split.
        `bayes_accuracy`, `bayes_loss`: of the posterior: the share of points whose most probable class is theirs, and the
            mean negative logarithm of the probability of their class, in nats.
        Of a regression, instead of these: `mean_r2`, of the mean of the training targets, and `linear_r2`, of least squares
            with an intercept on the training points; left out where the test targets are constant.
        `linear_train_loss`: mean squared error of least squares on the training points themselves, of a regression.
        And what the dataset declares, such as `least_train_loss`.

    Raises:
        ValueError: the dataset's posterior does not return a probability of each class for each point, or its `references`
            have another name than those of `DECLARED` or a value that is not a finite number.
    """
    digest = blake2b(digest_size=16)
    for points in (splits.train, splits.val, splits.test):
        for array in () if points is None else (points.x, points.y):
            digest.update(np.ascontiguousarray(array).data)
    key = type(dataset), repr(dataset), digest.digest()
    if key not in _cache:
        while len(_cache) >= CACHE_SIZE:
            del _cache[next(iter(_cache))]
        with np.errstate(all="ignore"):  # points may be infinite; such a run diverges
            common = _regression if dataset.loss == "mean_squared_error" else _classification
            _cache[key] = common(dataset, splits) | _declared(dataset, splits)
    return _cache[key]


def _declared(dataset: Dataset, splits: Splits) -> dict[str, float]:
    """Return the references that the dataset declares, after checking their names and values."""
    found = {name: float(value) for name, value in dataset.references(splits).items()}
    for name, value in found.items():
        if name not in DECLARED or not np.isfinite(value):
            raise ValueError(
                f"{type(dataset).__qualname__}.references must return finite numbers by the names {', '.join(DECLARED)}, "
                f"and returns {name}: {value}"
            )
    return found


def _regression(dataset: Dataset, splits: Splits) -> dict[str, float]:
    """Return R² of the mean of the training targets and of least squares, and the training loss of the latter."""
    train, test = splits.train, splits.test
    if not (np.isfinite(train.x).all() and np.isfinite(train.targets).all()):
        return {}
    mean, center = train.targets.mean(axis=0), train.x.mean(axis=0)
    coefficients = np.linalg.lstsq(train.x - center, train.targets - mean, rcond=None)[0]
    residuals = train.targets - (train.x - center) @ coefficients - mean
    found = {"linear_train_loss": float(np.square(residuals).mean())}
    deviations = 0.0 if test is None or not len(test) else np.square(test.targets - test.targets.mean(axis=0)).sum()
    if test is None or not deviations:
        return found
    predictions = {"mean_r2": np.broadcast_to(mean, test.targets.shape), "linear_r2": (test.x - center) @ coefficients + mean}
    return found | {name: float(1 - np.square(test.targets - y).sum() / deviations) for name, y in predictions.items()}


def _classification(dataset: Dataset, splits: Splits) -> dict[str, float]:
    train, test = splits.train, splits.test
    if test is None or not len(test):
        return {}
    guess = np.bincount(train.labels).argmax()
    judged = test.subsample(min(MAX_TEST_POINTS, 2**22 // dataset.outputs))
    found = {"chance_accuracy": float((test.labels == guess).mean())}
    cost = len(train.labels) * (2 * train.x.shape[1] + 10)
    affordable = MAX_OPERATIONS // (2 * cost)  # test points, and as many training points to choose k by
    if affordable >= min(MIN_TEST_POINTS, len(test.labels)) and len(train.labels) > 1:
        left_out = np.linspace(0, len(train.labels) - 1, min(len(train.labels), affordable)).round().astype(np.int64)
        found["neighbours_accuracy"] = _neighbours(train, test.subsample(affordable), left_out)
    shares = dataset.posterior(judged.x)
    if shares is not None:
        own = _checked(shares, judged, dataset)[np.arange(len(judged.labels)), judged.labels]
        hits = shares.argmax(axis=1) == judged.labels
        found |= {"bayes_accuracy": float(hits.mean()), "bayes_loss": float(-np.log(own).mean())}
    return found


def _checked(shares: FloatArray, points: Points, dataset: Dataset) -> FloatArray:
    """Return a user's posterior, after checking its shape and sums."""
    name, shape = type(dataset).__qualname__, (len(points.labels), dataset.outputs)
    if shares.shape != shape or not np.allclose(shares.sum(axis=1), 1.0) or not (shares >= 0).all():
        raise ValueError(f"{name}.posterior must return probabilities of shape {shape} whose rows sum to 1")
    return shares


def _neighbours(train: Points, test: Points, left_out: IntArray) -> float:
    """Return the accuracy of the nearest neighbours on test points.

    Args:
        left_out: positions of the training points on which k is chosen, each without itself among its neighbours.
    """
    classes = int(max(train.labels.max(), test.labels.max())) + 1
    most = min(MAX_NEIGHBOURS, len(train.labels) - 1)
    own = _vote(train, train.x[left_out], train.labels[left_out], classes, range(1, most + 1), left_out)
    return float(_vote(train, test.x, test.labels, classes, [int(own.argmax()) + 1])[0])


def _vote(
    train: Points, x: FloatArray, labels: IntArray, classes: int, numbers: Sequence[int], own: IntArray | None = None
) -> FloatArray:
    """Return the accuracy of the vote of k neighbours for each k of `numbers`, on points `x` with these `labels`.

    Ties between classes go to the class of the nearest neighbour, ties of distance to the first of the training points.

    Args:
        own: index of each point among the training points, so that it is not its own neighbour.
    """
    each = np.arange(len(x))
    votes = np.zeros((len(x), classes))
    found = {}
    for k, neighbours in enumerate(_nearest(train.x, x, max(numbers), own), 1):
        # The bonus of a neighbour exceeds the sum of those of all farther ones, and all together are less than a vote.
        votes[each, train.labels[neighbours]] += 1 + 0.5**k
        if k in numbers:
            found[k] = np.count_nonzero(votes.argmax(axis=1) == labels) / len(x)
    return np.array([found[k] for k in numbers])


def _nearest(points: FloatArray, x: FloatArray, number: int, own: IntArray | None) -> IntArray:
    """Return the indices of the nearest `points` of each row of `x`, the nearest first, shape (number, len(x))."""
    found = np.empty((number, len(x)), np.intp)
    rows = max(1, CHUNK_SIZE // len(points))
    # The squared distance without the term that is the same for all neighbours of a point, as one matrix product.
    coordinates = np.column_stack([x, np.ones(len(x))])
    terms = np.vstack([-2 * points.T, np.einsum("ij,ij->i", points, points)])
    buffer = np.empty((min(rows, len(x)), len(points)))
    flat, all_starts = buffer.reshape(-1), np.arange(0, buffer.size, len(points))
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        chunk = coordinates[part]
        distances, starts = np.matmul(chunk, terms, out=buffer[: len(chunk)]), all_starts[: len(chunk)]
        taken = None if own is None else own[part]
        # A minimum for each neighbour takes less time than one partition of the distances.
        for nearest in found[:, part]:
            if taken is not None:
                flat[starts + taken] = np.inf
            taken = distances.argmin(axis=1, out=nearest)
    return found
