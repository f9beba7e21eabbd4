"""Deep linear networks against the exact solutions of Saxe et al. (2014), for two layers."""

import numpy as np
import pytest
from scipy.stats import linregress

from nnbench.core.arrays import FloatArray
from nnbench.core.random import streams
from nnbench.datasets.deep_linear import RATIO, DeepLinear
from nnbench.nn import Network
from nnbench.optimizers.sgd import SGD
from nnbench.records.history import History
from nnbench.training.loop import train

DATASET = DeepLinear()
COEFFICIENTS = DATASET.model(streams(0).data).coefficients
LEFT, VALUES, RIGHT = np.linalg.svd(COEFFICIENTS)


def _train(weights: tuple[FloatArray, FloatArray], rate: float, epochs: int, every: int) -> History:
    """Train two linear layers from these weights by gradient descent, in steps that are small enough for gradient flow."""
    points = DATASET.split(streams(0)).train
    network = Network(8, [weights[0].shape[1]], 8, batch=len(points), activation="identity", dtype=np.float64)
    for layer, start in zip(network.weights, weights, strict=True):
        layer[:-1], layer[-1] = start, 0.0
    return train(
        network,
        SGD(learning_rate=rate),
        points,
        None,
        None,
        epochs=epochs,
        loss="mean_squared_error",
        checkpoints=range(0, epochs, every),
    )


def _strengths(history: History) -> FloatArray:
    """Return how much of each singular vector the network has learned, shape (checkpoints, 8)."""
    products = [first[:-1] @ second[:-1] for first, second in history.checkpoints.values()]
    return np.array([np.diagonal(LEFT.T @ product @ RIGHT.T) for product in products])


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_the_teacher_has_the_declared_singular_values(difficulty: str) -> None:
    dataset = DeepLinear(difficulty=difficulty)  # type: ignore[arg-type]  # a text
    values = np.linalg.svd(dataset.model(streams(4).data).coefficients, compute_uv=False)
    ratio = values[0] / values[-1]
    np.testing.assert_allclose(values, np.geomspace(1, 1 / ratio, 8))
    assert 0.8 <= ratio / RATIO[difficulty] <= 1.25
    points = dataset.split(streams(4)).train
    np.testing.assert_allclose(np.cov(points.x.T, bias=True), np.eye(8), atol=1e-12)


def test_decoupled_weights_follow_the_sigmoid_of_gradient_flow() -> None:
    """From W1 = sqrt(u) LEFT and W2 = sqrt(u) RIGHT, each strength solves u' = (4/8) u (s - u); eq. 8 of the paper."""
    start, rate = 0.001, 0.02
    history = _train((np.sqrt(start) * LEFT, np.sqrt(start) * RIGHT), rate, 6001, 500)
    for epoch, strengths in zip(history.checkpoints, _strengths(history), strict=True):
        growth = np.exp(0.5 * rate * epoch * VALUES)
        expected = VALUES * growth / (growth - 1 + VALUES / start)
        np.testing.assert_allclose(strengths, expected, rtol=0.02)
        assert history.train_loss[epoch] == pytest.approx(np.square(expected - VALUES).mean(), rel=0.05, abs=1e-9)


def test_the_time_to_learn_a_mode_is_inversely_proportional_to_its_singular_value() -> None:
    """From small normal weights, which are not decoupled."""
    rng = np.random.default_rng(0)
    history = _train((1e-6 * rng.standard_normal((8, 32)), 1e-6 * rng.standard_normal((32, 8))), 0.4, 2001, 5)
    halves = (_strengths(history) >= VALUES / 2).argmax(axis=0)
    assert (halves > 0).all()
    slope = linregress(np.log(VALUES), np.log(halves)).slope
    assert slope == pytest.approx(-1.0, abs=0.1)
