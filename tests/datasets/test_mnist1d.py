"""MNIST-1D against the package of its authors, and against their published scores."""

from typing import Literal

import numpy as np
import pytest

import nnbench
from nnbench.datasets.mnist1d import FEATURES, LENGTH, LEVELS, MNIST1D, Deviates, signals
from nnbench.optimizers.adam import Adam


def _in_the_order_of_the_package(rng: np.random.RandomState, signals: int, translation: int) -> Deviates:
    """Draw the random numbers of one signal after the other, as the package does."""
    rows = [
        (rng.rand(), rng.rand(), rng.choice(translation), rng.randn(LENGTH), rng.randn(LENGTH), rng.rand())
        for _ in range(signals)
    ]
    return Deviates(*(np.array(column) for column in zip(*rows, strict=True)))


@pytest.mark.heavy  # the package imports plotting
@pytest.mark.parametrize("difficulty", LEVELS)
def test_the_signals_are_those_of_the_package(difficulty: str) -> None:
    import mnist1d.data as mnist1d

    level, arguments = LEVELS[difficulty], mnist1d.get_dataset_args()
    arguments.num_samples, arguments.max_translation = 400, level.translation
    arguments.corr_noise_scale, arguments.iid_noise_scale = level.correlated, level.independent
    theirs = mnist1d.make_dataset(arguments)
    rng, labels = np.random.RandomState(arguments.seed), np.repeat(np.arange(10), 40)
    x = signals(labels, _in_the_order_of_the_package(rng, 400, level.translation), level)
    order = rng.permutation(400)
    x = ((x - x.mean()) / x.std())[order]
    np.testing.assert_array_equal(labels[order], np.concatenate([theirs["y"], theirs["y_test"]]))
    np.testing.assert_allclose(x, np.concatenate([theirs["x"], theirs["x_test"]]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("difficulty", LEVELS)
def test_the_points_are_standardised(difficulty: Literal["easy", "medium", "hard"]) -> None:
    points = MNIST1D(difficulty=difficulty).draw(np.random.default_rng(0), 1000)
    assert points.x.mean() == pytest.approx(0, abs=0.01)
    assert points.x.std() == pytest.approx(1, abs=0.01)
    assert points.x.shape == (10_000, FEATURES)


@pytest.mark.heavy
@pytest.mark.parametrize(("hidden", "published"), [((), 0.32), ((100, 100), 0.68)])
def test_the_published_scores_are_reproduced(hidden: tuple[int, ...], published: float) -> None:
    """Greydanus and Kobak, table 1, with their batches of 100, learning rate 0.01 and initial weights (Glorot's are close)."""
    adam = Adam(learning_rate=0.01, epsilon=1e-8)
    runs = [
        nnbench.train(adam, MNIST1D(), seed=seed, hidden=hidden, epochs=51, batch_size=100, initial="glorot")
        for seed in range(3)
    ]
    assert np.mean([run.test_accuracy for run in runs]) == pytest.approx(published, abs=0.04)
