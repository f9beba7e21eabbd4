"""MNIST-1D: ten short signals, padded, stretched, shifted and disturbed, a classification that needs depth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nnbench.core.constraints import Count, Index
from nnbench.core.random import Normal
from nnbench.datasets.base import Distribution, Points, Splits

FloatRows = npt.NDArray[np.float64]


class Level(NamedTuple):
    """Numbers of a difficulty. The last two standardise the signals; they are those of 100,000 points of each class."""

    translation: int  # largest shift of a signal plus 1, of LENGTH positions
    correlated: float  # standard deviation of the noise around a signal, before it is smoothed
    independent: float  # standard deviation of the noise at every position
    mean: float
    deviation: float


LEVELS = {
    "easy": Level(12, 0.25, 0.02, -0.0061, 0.1546),
    "medium": Level(48, 0.25, 0.02, -0.0061, 0.1546),  # the published dataset
    "hard": Level(48, 0.3, 0.04, -0.0061, 0.1673),
}

# The digits 0 to 9, drawn with a pen that moves to the left and to the right of 5.
TEMPLATES = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)
PADDING = (36, 60)  # smallest and largest number of zeros after a template: the more, the shorter the stretched signal
LENGTH = TEMPLATES.shape[1] + PADDING[1]  # of a signal before it is sampled
FEATURES = 40
SCALE, SHEAR = 0.4, 0.75  # width of the uniform distribution of the amplitude around 1, and of the slope around 0
SMOOTHING = 2.0  # standard deviation, in positions, of the normal kernel that correlates the noise


class Deviates(NamedTuple):
    """Random numbers of n signals.

    Attributes:
        padding, amplitude, slope: uniform on [0, 1), shape (n,).
        shift: positions, shape (n,).
        correlated, independent: standard normal, shape (n, LENGTH).
    """

    padding: FloatRows
    amplitude: FloatRows
    shift: npt.NDArray[np.int64]
    correlated: FloatRows
    independent: FloatRows
    slope: FloatRows


@dataclass(kw_only=True)
class MNIST1D(Distribution):
    """Signals of 40 numbers: one of ten templates of 12, padded, stretched, scaled, shifted, with noise, sheared, sampled.

    The generator of the package `mnist1d`, for new points in every split; Greydanus and Kobak, "Scaling Down Deep Learning
    with MNIST-1D", ICML 2024, arXiv 2011.14439. Its published test accuracies, with 4,000 training points: logistic
    regression 32 %, two hidden layers 68 %, a convolutional network 94 %, people 96 %. The published dataset is standardised
    by its own mean and deviation, and this one by those of the distribution.

    Attributes
    ----------
    difficulty : {"easy", "medium", "hard"}
        Amount of shifts and noise, see `LEVELS`.
    """

    samples: Count = 400
    test_samples: Index = 500
    difficulty: Literal["easy", "medium", "hard"] = "medium"

    @property
    def features(self) -> int:
        return FEATURES

    @property
    def outputs(self) -> int:
        return len(TEMPLATES)

    def draw(self, rng: Normal, samples: int) -> Points:
        level, labels = LEVELS[self.difficulty], np.repeat(np.arange(self.outputs), samples)
        size = len(labels), LENGTH
        deviates = Deviates(
            padding=rng.random(len(labels)),
            amplitude=rng.random(len(labels)),
            shift=(level.translation * rng.random(len(labels))).astype(np.int64),
            correlated=rng.standard_normal(size),
            independent=rng.standard_normal(size),
            slope=rng.random(len(labels)),
        )
        return Points(x=(signals(labels, deviates, level) - level.mean) / level.deviation, labels=labels)

    def references(self, splits: Splits) -> Mapping[str, float]:
        """Return the published accuracy of a convolutional network, for the published difficulty."""
        return {"best_known_accuracy": 0.94} if self.difficulty == "medium" and self.samples == 400 else {}


def signals(labels: npt.NDArray[np.int64], deviates: Deviates, level: Level) -> FloatRows:
    """Return the signals of these classes, shape (n, FEATURES), before they are standardised."""
    templates = TEMPLATES - TEMPLATES.mean(axis=1, keepdims=True)
    templates /= templates.std(axis=1, keepdims=True)
    templates = (templates - templates[:, :1]) / 6 + 1e-8  # starts at almost 0: exact zeros are the padding
    padding = PADDING[0] + (deviates.padding * (PADDING[1] - PADDING[0] + 1)).astype(np.int64)
    x = np.empty((len(labels), LENGTH))
    for number in np.unique(padding):
        chosen = padding == number
        x[chosen] = _resample(np.pad(templates, ((0, 0), (0, number))), LENGTH)[labels[chosen]]
    x *= 1 + SCALE * (deviates.amplitude[:, None] - 0.5)
    x = np.take_along_axis(x, (np.arange(LENGTH) - deviates.shift[:, None]) % LENGTH, axis=1)
    x = np.where(x == 0, level.correlated * deviates.correlated @ _smoothing(), x)
    x += level.independent * deviates.independent
    x -= SHEAR * (deviates.slope[:, None] - 0.5) * np.linspace(-0.5, 0.5, LENGTH)
    return _resample(x, FEATURES)


def _resample(x: FloatRows, size: int) -> FloatRows:
    """Return rows at `size` evenly spaced positions from the first to the last, by linear interpolation."""
    positions, wanted = np.linspace(0, 1, x.shape[1]), np.linspace(0, 1, size)
    right = np.searchsorted(positions, wanted).clip(1)
    left = right - 1
    slope = (x[:, right] - x[:, left]) / (positions[right] - positions[left])
    sampled: FloatRows = slope * (wanted - positions[left]) + x[:, left]
    return sampled


def _smoothing() -> FloatRows:
    """Return the matrix that smooths a row of LENGTH numbers with a normal kernel; beyond its ends a row is reflected."""
    reach = int(4 * SMOOTHING + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SMOOTHING) ** 2)
    reflected = np.pad(np.eye(LENGTH), ((0, 0), (reach, reach)), mode="symmetric")
    return np.array([reflected[:, start : start + len(kernel)] @ (kernel / kernel.sum()) for start in range(LENGTH)]).T
