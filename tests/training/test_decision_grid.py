"""Classes and confidences on a grid, compared with NumPy's `argmax`."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nnbench.nn import probabilities
from nnbench.nn.losses.cross_entropy import SoftmaxCrossEntropy
from nnbench.training.decision_grid import classify, grid

LOGITS = st.sampled_from([0.0, 1.0, -2.5, 7.0, float("nan"), 1e30])


def test_the_grid_is_that_of_meshgrid() -> None:
    across, up = np.linspace(-1.0, 2.0, 7), np.linspace(-3.0, 4.0, 7)
    assert np.array_equal(grid((-1.0, 2.0, -3.0, 4.0), 7), np.stack(np.meshgrid(across, up), axis=-1))


@given(st.integers(1, 5).flatmap(lambda classes: arrays(np.float64, (3, classes), elements=LOGITS)), st.integers(0, 2))
def test_the_class_is_the_first_of_the_largest_probabilities(weights: np.ndarray, seed: int) -> None:
    points = np.random.default_rng(seed).standard_normal((6, 6, 2))
    with np.errstate(all="ignore"):
        shares = probabilities([weights], points.reshape(-1, 2))
        label, confidence = classify([weights], points, "relu")
        expected = np.nan_to_num(255 * shares.max(axis=1)).astype(np.uint8)
    assert np.array_equal(label.reshape(-1), shares.argmax(axis=1))
    assert np.array_equal(confidence.reshape(-1), expected)


def test_a_grid_may_have_256_classes() -> None:
    weights = np.zeros((3, 256))
    weights[0] = np.linspace(-1, 1, 256)
    label, _ = classify([weights], np.array([[[2.0, 0.0], [-2.0, 0.0], [0.0, 0.0]]]), "relu")
    assert label.tolist() == [[255, 0, 0]]


@given(arrays(np.float32, (8, 3), elements=st.sampled_from([0.0, 1.0, -2.0, float("nan")])))
def test_accuracy_counts_the_first_of_equal_logits(logits: np.ndarray) -> None:
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    with np.errstate(all="ignore"):
        _, accuracy = SoftmaxCrossEntropy.score(logits, labels)
    assert accuracy == np.mean(logits.argmax(axis=1) == labels)
