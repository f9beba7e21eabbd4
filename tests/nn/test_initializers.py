"""Initial weights: their distributions, and the unchanged default."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nnbench.core.arrays import FloatArray
from nnbench.nn.activations import Activation, ReLU, Tanh
from nnbench.nn.initializers import INITIALIZERS


def test_normal_draws_are_the_generators() -> None:
    drawn = INITIALIZERS["normal"](np.random.default_rng(5), 3, 4, 0.1)
    np.testing.assert_array_equal(drawn, 0.1 * np.random.default_rng(5).standard_normal((3, 4)))


@pytest.mark.parametrize(("name", "variance"), [("normal", 0.25), ("glorot", 2 / 500), ("he", 2 / 300)])
def test_the_distribution_is_normal_with_the_variance_of_the_paper(name: str, variance: float) -> None:
    drawn = INITIALIZERS[name](np.random.default_rng(0), 300, 200, 0.5)
    assert drawn.shape == (300, 200)
    assert stats.kstest(drawn.ravel(), stats.norm(scale=np.sqrt(variance)).cdf).pvalue > 0.01


@pytest.mark.parametrize(("name", "activation"), [("he", ReLU), ("glorot", Tanh)])
def test_the_variance_stays_through_layers(name: str, activation: type[Activation]) -> None:
    rng = np.random.default_rng(0)
    spreads = []
    values: FloatArray = rng.standard_normal((200, 400))
    for _ in range(8):
        values = values @ INITIALIZERS[name](rng, 400, 400, 1.0)
        activation.apply(values)
        spreads.append(values.std())
    assert spreads[-1] > 0.2 * spreads[0]  # with the notebook's scale it is below 1e-5 there


@given(seed=st.integers(0, 2**32 - 1), inputs=st.integers(1, 12), outputs=st.integers(1, 12))
def test_orthogonal_weights_have_orthonormal_rows_or_columns(seed: int, inputs: int, outputs: int) -> None:
    drawn = INITIALIZERS["orthogonal"](np.random.default_rng(seed), inputs, outputs, 0.01)
    assert drawn.shape == (inputs, outputs)
    narrow = drawn if inputs >= outputs else drawn.T
    np.testing.assert_allclose(narrow.T @ narrow, np.eye(narrow.shape[1]), rtol=0, atol=1e-12)


def test_orthogonal_weights_are_uniform() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([INITIALIZERS["orthogonal"](rng, 3, 3, 1.0) for _ in range(2000)])
    scipys = stats.ortho_group.rvs(3, size=2000, random_state=2)
    for row, column in ((0, 0), (0, 1), (2, 2)):  # LAPACK's own signs would make the first of these all negative
        assert stats.ks_2samp(drawn[:, row, column], scipys[:, row, column]).pvalue > 0.01
    assert stats.ks_2samp(np.trace(drawn, axis1=1, axis2=2), np.trace(scipys, axis1=1, axis2=2)).pvalue > 0.01


@pytest.mark.parametrize("name", INITIALIZERS)
def test_draws_depend_only_on_the_stream(name: str) -> None:
    one, other, legacy = (
        INITIALIZERS[name](rng, 4, 3, 0.1)
        for rng in (np.random.default_rng(3), np.random.default_rng(3), np.random.RandomState(3))
    )
    np.testing.assert_array_equal(one, other)
    assert legacy.shape == one.shape
