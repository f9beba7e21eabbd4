"""Activations one by one: what the padding and the catch of NaN rely on."""

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.nn.activations import ACTIVATIONS, Activation, ReLU

every = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
both = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def bound(activation: type[Activation], values: list[float], dtype: type[np.floating]) -> tuple[FloatArray, FloatArray]:
    """Values and slopes after a forward and a backward, from slopes of -3."""
    buffer, slopes = np.array([values], dtype), np.full((1, len(values)), -3.0, dtype)
    function = activation(buffer, slopes)
    for call in function.forward:
        call()
    results = buffer.copy()
    for call in (*function.derive, *function.chain):
        call()
    return results[0], slopes[0]


@every
@both
def test_zero_stays_zero(activation: type[Activation], dtype: type[np.floating]) -> None:
    assert bound(activation, [0.0], dtype)[0] == [0.0]


@every
@both
def test_in_place_and_new_agree(activation: type[Activation], dtype: type[np.floating]) -> None:
    values = [-1e30, -2.0, -1e-30, 0.0, 1e-30, 0.5, 3.0, 1e30]
    results = activation.apply(np.array(values, dtype))
    assert results.dtype == dtype
    np.testing.assert_array_equal(bound(activation, values, dtype)[0], results)


@every
def test_slopes_agree_with_differences(activation: type[Activation]) -> None:
    values = np.array([-2.0, -0.3, 0.2, 1.5])
    slopes = (activation.apply(values + 1e-6) - activation.apply(values - 1e-6)) / 2e-6
    np.testing.assert_allclose(bound(activation, list(values), np.float64)[1], -3.0 * slopes, rtol=1e-8)


@every
@both
def test_nan_is_not_swallowed(activation: type[Activation], dtype: type[np.floating]) -> None:
    for nan in (np.nan, -np.nan):
        assert np.isnan(bound(activation, [nan], dtype)[0]).all()


@both
def test_relu_masks_by_sign_down_to_the_smallest_numbers(dtype: type[np.floating]) -> None:
    least = float(np.finfo(dtype).smallest_subnormal)
    slopes = bound(ReLU, [-1.0, -least, 0.0, least, np.inf], dtype)[1]
    np.testing.assert_array_equal(slopes, [0, 0, 0, -3, -3])
