"""Activation functions one by one: derivatives, the padding and the detection of NaN, PyTorch's functions."""

import numpy as np
import pytest
from scipy.stats import norm

from nnbench.core.arrays import FloatArray
from nnbench.nn.activations import ACTIVATIONS, GELU, Activation, ReLU

every = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
both = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def applied(activation: type[Activation], values: FloatArray) -> FloatArray:
    """Activations in a new array."""
    results = values.copy()
    activation.apply(results)
    return results


def name(activation: type[Activation]) -> str:
    return next(key for key, value in ACTIVATIONS.items() if value is activation)


def bound(activation: type[Activation], values: list[float], dtype: type[np.floating]) -> tuple[FloatArray, FloatArray]:
    """Activations, and gradients after a backward pass that begins with gradients of -3."""
    buffer, gradients = np.array([values], dtype), np.empty((1, len(values)), dtype)
    function = activation(buffer, gradients)
    for call in function.forward:
        call()
    results = buffer.copy()
    for call in function.derive:
        call()
    gradients[:] = -3.0
    for call in function.chain:
        call()
    return results[0], gradients[0]


@every
@both
def test_which_map_zero_to_zero(activation: type[Activation], dtype: type[np.floating]) -> None:
    assert (bound(activation, [0.0], dtype)[0] == [0.0]) == activation.maps_zero_to_zero


@every
@both
def test_a_single_pass_agrees_with_bound_calls(activation: type[Activation], dtype: type[np.floating]) -> None:
    values = [-1e30, -2.0, -1e-30, 0.0, 1e-30, 0.5, 3.0, 1e30]
    results = applied(activation, np.array(values, dtype))
    assert results.dtype == dtype
    np.testing.assert_array_equal(bound(activation, values, dtype)[0], results)


@every
def test_derivatives_agree_with_differences(activation: type[Activation]) -> None:
    values = np.array([-7.9, -2.0, -0.3, 0.2, 1.5, 7.9])
    slopes = (applied(activation, values + 1e-6) - applied(activation, values - 1e-6)) / 2e-6
    np.testing.assert_allclose(bound(activation, list(values), np.float64)[1], -3.0 * slopes, rtol=1e-8, atol=1e-8)


@every
@both
def test_values_and_derivatives_stay_finite_for_large_inputs(activation: type[Activation], dtype: type[np.floating]) -> None:
    values, gradients = bound(activation, [-1e30, -1e10, -100.0, 100.0, 1e10, 1e30], dtype)
    assert np.isfinite(values).all()
    expected = -3.0 * np.array([{"leaky_relu": 0.01}.get(name(activation), 0.0)] * 3 + [1.0] * 3)
    if name(activation) == "identity":
        expected[:] = -3.0
    elif name(activation) in ("tanh", "sigmoid"):
        expected[:] = 0.0
    np.testing.assert_allclose(gradients, expected, rtol=1e-6, atol=1e-12)


@every
def test_agrees_with_pytorch(activation: type[Activation]) -> None:
    torch = pytest.importorskip("torch")
    functions = {
        "identity": torch.nn.Identity(),
        "relu": torch.nn.ReLU(),
        "leaky_relu": torch.nn.LeakyReLU(),
        "tanh": torch.nn.Tanh(),
        "sigmoid": torch.nn.Sigmoid(),
        "gelu": torch.nn.GELU(approximate="tanh"),
        "silu": torch.nn.SiLU(),
    }
    values = torch.linspace(-12, 12, 201, dtype=torch.float64, requires_grad=True)  # zero included
    results = functions[name(activation)](values)
    results.backward(torch.full_like(results, -3.0))
    ours, gradients = bound(activation, values.tolist(), np.float64)
    np.testing.assert_allclose(ours, results.detach().numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(gradients, values.grad.numpy(), rtol=0, atol=1e-13)


def test_gelu_is_close_to_the_exact_function() -> None:
    values = np.linspace(-6, 6, 1001)
    assert np.abs(applied(GELU, values) - values * norm.cdf(values)).max() < 5e-4


@every
@both
def test_nan_is_not_swallowed(activation: type[Activation], dtype: type[np.floating]) -> None:
    for nan in (np.nan, -np.nan):
        assert np.isnan(bound(activation, [nan], dtype)[0]).all()


@both
def test_relu_masks_by_sign_down_to_the_smallest_numbers(dtype: type[np.floating]) -> None:
    least = float(np.finfo(dtype).smallest_subnormal)
    gradients = bound(ReLU, [-1.0, -least, 0.0, least, np.inf], dtype)[1]
    np.testing.assert_array_equal(gradients, [0, 0, 0, -3, -3])
