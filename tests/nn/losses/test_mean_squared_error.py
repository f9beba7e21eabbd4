"""The mean squared error against PyTorch's and scikit-learn's, and overflow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_squared_error, r2_score

from nnbench.core.arrays import FloatArray
from nnbench.nn import MeanSquaredError
from nnbench.nn.buffers import aligned, padded


def bound(outputs: FloatArray, targets: FloatArray, block: int = 1) -> tuple[MeanSquaredError, FloatArray]:
    """The loss of padded buffers with these outputs, shape (n, outputs), and its gradient of the same shape."""
    shape = (outputs.shape[1], padded(len(outputs) + 1, outputs.dtype))
    buffer, gradient = aligned(shape, outputs.dtype), aligned(shape, outputs.dtype)
    buffer[:, : len(outputs)] = outputs.T
    return MeanSquaredError(buffer, gradient, targets, block), gradient


@given(seed=st.integers(0, 2**32 - 1), points=st.integers(2, 40), width=st.integers(1, 4))
def test_agrees_with_scikit_learn(seed: int, points: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    outputs, targets = rng.standard_normal((points, width)), 3 * rng.standard_normal((points, width)) + 5
    loss, _ = bound(outputs, targets)
    loss.write_gradient(0)
    expected = mean_squared_error(targets, outputs), r2_score(targets, outputs, multioutput="variance_weighted")
    assert [float(values[0]) for values in loss.metrics(1)] == pytest.approx(expected, rel=1e-12)
    assert loss.measure(0) == pytest.approx(expected[1], rel=1e-12)
    assert float(loss.batch_losses(slice(1))[0]) == pytest.approx(expected[0], rel=1e-12)
    assert MeanSquaredError.score(outputs, targets) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_agrees_with_pytorch(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    outputs, targets = rng.standard_normal((37, 3)).astype(dtype), rng.standard_normal((37, 3)).astype(dtype)
    loss, gradient = bound(outputs, targets)
    loss.write_gradient(0)
    theirs = torch.tensor(outputs, requires_grad=True)
    value = torch.nn.MSELoss()(theirs, torch.tensor(targets))
    value.backward()
    assert float(loss.metrics(1)[0][0]) == pytest.approx(value.item(), rel=1e-6)
    np.testing.assert_allclose(gradient[:, :37].T, theirs.grad.numpy(), rtol=1e-6 if dtype == "float32" else 1e-14)
    np.testing.assert_array_equal(gradient[:, 37:], 0.0)


def test_rows_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(0)
    targets = rng.standard_normal((5, 2))
    loss, _ = bound(np.zeros((5, 2)), targets, block=3)
    rows = rng.standard_normal((3, 5, 2))
    for row, outputs in enumerate(rows):
        loss.outputs[:, :5] = outputs.T
        loss.write_gradient(row)
    expected = [MeanSquaredError.score(outputs, targets) for outputs in rows]
    np.testing.assert_allclose(np.transpose(loss.metrics(3)), expected, rtol=1e-12)


def test_the_measure_of_constant_targets_is_not_a_number() -> None:
    assert MeanSquaredError.score(np.zeros((3, 1)), np.full((3, 1), 0.1)) == pytest.approx((0.01, np.nan), nan_ok=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, "overflow"])
def test_the_gradient_is_nan_where_the_loss_is_not_finite(bad: float | str, dtype: type[np.floating]) -> None:
    outputs = np.ones((4, 2), dtype)
    outputs[1, 0] = np.sqrt(np.finfo(dtype).max) * 2 if bad == "overflow" else bad
    loss, gradient = bound(outputs, np.zeros((4, 2)))
    with np.errstate(all="ignore"):
        loss.write_gradient(0)
    assert np.isnan(gradient).all()
