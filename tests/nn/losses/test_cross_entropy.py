"""The loss against its definition, and edge cases: ties, overflow, probabilities 0 and 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax, softmax

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.nn import SoftmaxCrossEntropy
from nnbench.nn.buffers import aligned, padded

score = SoftmaxCrossEntropy.score


def measured(logits: FloatArray, labels: IntArray) -> tuple[bool, float, float, FloatArray]:
    """Is it finite, loss, accuracy and gradient of `logits`, shape (n, classes), by way of the padded buffers."""
    shape = (logits.shape[1], padded(len(labels), logits.dtype))
    buffer, gradient = aligned(shape, logits.dtype), aligned(shape, logits.dtype)
    buffer[:, : len(labels)] = logits.T
    loss = SoftmaxCrossEntropy(buffer, gradient, labels, block=2)
    with np.errstate(all="ignore"):
        loss.write_gradient(0)
        waiting = loss.measure(0)
        (value,), (accuracy,) = loss.metrics(1)
    assert accuracy == waiting
    slopes = gradient[:, : len(labels)].T
    nan = np.isnan(slopes)
    assert (nan.any(axis=1) == nan.all(axis=1)).all()  # all classes of a point, or none
    return not nan.any(), float(value), float(accuracy), slopes


@given(
    seed=st.integers(0, 2**32 - 1),
    points=st.integers(1, 50),
    classes=st.integers(1, 6),
    spread=st.sampled_from([0.01, 1.0, 10.0]),
    whole=st.booleans(),
)
def test_agrees_with_scipy(seed: int, points: int, classes: int, spread: float, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((points, classes))
    logits = logits.round() + 0.0 if whole else logits  # whole numbers tie often
    labels = rng.integers(classes, size=points)
    own = np.arange(points), labels
    expected = -log_softmax(logits, axis=1)[own].clip(np.log(1e-7), np.log(1 - 1e-7)).mean()
    slopes = softmax(logits, axis=1)
    slopes[own] -= 1

    finite, loss, accuracy, gradient = measured(logits, labels)
    assert finite
    assert loss == pytest.approx(expected, rel=1e-12)
    true = -log_softmax(logits, axis=1)[own].mean()
    assert accuracy == np.mean(logits.argmax(axis=1) == labels)
    np.testing.assert_allclose(gradient, slopes / points, rtol=0, atol=1e-15)
    assert score(logits, labels) == pytest.approx((true, accuracy), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1.0, 30.0, 1e3, 1e30])
def test_held_out_points_are_scored_by_the_cross_entropy_itself(dtype: type[np.floating], size: float) -> None:
    rng = np.random.default_rng(0)
    logits = (size * rng.standard_normal((500, 4))).astype(dtype)
    labels = rng.integers(4, size=500)
    expected = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(500), labels].mean()
    loss, _ = score(logits, labels)
    assert loss == pytest.approx(expected, rel=1e-12)
    assert np.isfinite(loss)
    assert size < 30 or loss > -np.log(1e-7)  # more than the clip of the training loss would admit


def test_the_first_of_tied_logits_is_predicted() -> None:
    logits, labels = np.zeros((6, 3), np.float32), np.array([0, 1, 2, 0, 1, 2])
    assert measured(logits, labels)[2] == score(logits, labels)[1] == 2 / 6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_of_one_point_is_bounded_by_the_clip(dtype: type[np.floating]) -> None:
    logits = np.array([[1e4, 0.0], [0.0, 1e4]], dtype)
    finite, loss, accuracy, gradient = measured(logits, np.array([1, 1]))
    assert finite
    assert loss == pytest.approx((-np.log(1e-7) + 1e-7) / 2, rel=1e-6)
    assert accuracy == 0.5
    np.testing.assert_allclose(gradient, [[0.5, -0.5], [0.0, 0.0]], atol=1e-18)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_are_never_subnormal(dtype: type[np.floating]) -> None:
    logits = np.column_stack([np.zeros(200), -np.arange(200), -4.0 * np.arange(200)]).astype(dtype)
    gradient = measured(logits, np.zeros(200, np.int64))[3]
    smallest = np.abs(gradient[gradient != 0]).min()
    assert smallest > 1e3 * np.finfo(dtype).tiny


@pytest.mark.parametrize("bad", [np.nan, np.inf, [-np.inf, -np.inf]])
def test_infinite_logits_are_detected(bad: float | list[float]) -> None:
    logits = np.ones((3, 2))
    logits[1] = bad
    assert not measured(logits, np.array([0, 1, 0]))[0]


def test_a_class_that_no_point_has_is_no_error() -> None:
    finite, loss, _, gradient = measured(np.array([[0.0, -np.inf]]), np.array([0]))
    assert finite
    assert loss == pytest.approx(1e-7)
    assert np.isfinite(gradient).all()


def test_buffered_rows_are_independent() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=20)
    buffer, gradient = aligned((3, 24), np.float64), aligned((3, 24), np.float64)
    loss = SoftmaxCrossEntropy(buffer, gradient, labels, block=4)
    epochs = [rng.integers(-2, 3, size=(20, 3)).astype(float) for _ in range(6)]
    results = []
    for start in (0, 4):
        for row, logits in enumerate(epochs[start : start + 4]):
            buffer[:, :20] = logits.T
            loss.write_gradient(row)
        results += list(zip(*loss.metrics(row + 1), strict=True))
    # The logits are too small for the clip to matter.
    assert results == [pytest.approx(score(logits, labels), rel=1e-12) for logits in epochs]


@given(arrays(np.float32, (8, 3), elements=st.sampled_from([0.0, 1.0, -2.0, float("nan")])))
def test_accuracy_counts_the_first_of_equal_logits(logits: FloatArray) -> None:
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1])
    with np.errstate(all="ignore"):
        _, accuracy = score(logits, labels)
    assert accuracy == np.mean(logits.argmax(axis=1) == labels)
