"""Ill-conditioned regression: the exact loss of gradient descent, and which optimizers depend on the choice of axes."""

from typing import Any

import numpy as np
import pytest

from nnbench import train
from nnbench.core.arrays import FloatArray
from nnbench.core.random import streams
from nnbench.datasets.rotated import CONDITION, Rotated
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.base import Optimizer
from nnbench.optimizers.lbfgs import LBFGS
from nnbench.optimizers.sgd import SGD


def _losses(optimizer: Optimizer, *, epochs: int = 201, seed: int = 0, **options: Any) -> FloatArray:
    dataset = Rotated(**options)
    return train(optimizer, dataset, seed=seed, epochs=epochs, hidden=(), initial_scale=1e-9, dtype="float64").train_loss


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_the_hessian_of_the_training_points_has_the_declared_eigenvalues(difficulty: str) -> None:
    points = Rotated(difficulty=difficulty).split(streams(3)).train  # type: ignore[arg-type]  # a text
    np.testing.assert_allclose(points.x.mean(axis=0), 0, atol=1e-12)
    eigenvalues = np.linalg.eigvalsh(2 * points.x.T @ points.x / len(points))[::-1]
    condition = eigenvalues[0] / eigenvalues[-1]
    np.testing.assert_allclose(eigenvalues, np.geomspace(1, 1 / condition, 50), rtol=1e-6)
    assert 10**-0.5 <= condition / CONDITION[difficulty] <= 10**0.5


def test_the_condition_number_depends_on_the_seed() -> None:
    factors = [Rotated().model(streams(seed).data).factor for seed in range(3)]
    assert len({round(float(np.linalg.cond(factor)), 3) for factor in factors}) == 3


@pytest.mark.parametrize("rotation", [True, False])
def test_gradient_descent_with_momentum_has_the_loss_of_its_closed_form(rotation: bool) -> None:
    """Along each eigenvector, error and velocity follow a linear recursion of two variables."""
    rate, momentum = 0.9, 0.5
    model = Rotated(rotation=rotation).model(streams(0).data)
    variances = np.square(model.factor).sum(axis=1)
    errors = (model.factor / np.sqrt(variances)[:, None]) @ model.coefficients[:, 0]
    steps = np.array([[[1 - 2 * rate * s, momentum], [-2 * rate * s, momentum]] for s in variances])
    powers = [np.linalg.matrix_power(steps, k)[:, 0, 0] for k in (0, 1, 10, 100, 200)]
    expected = [float(variances @ np.square(power * errors)) for power in powers]
    losses = _losses(SGD(learning_rate=rate, momentum=momentum), rotation=rotation)
    np.testing.assert_allclose(losses[[0, 1, 10, 100, 200]], expected, rtol=1e-6)


def test_sgd_and_lbfgs_do_not_depend_on_the_rotation_and_adam_does() -> None:
    # Rounding grows tenfold in each step of L-BFGS, from the tenth on.
    for optimizer, epochs in ((SGD(learning_rate=1.0, momentum=0.9), 101), (LBFGS(), 11)):
        rotated, aligned = (_losses(optimizer, epochs=epochs, rotation=rotation) for rotation in (True, False))
        np.testing.assert_allclose(rotated, aligned, rtol=1e-6)
    rotated, aligned = (_losses(Adam(learning_rate=0.05), epochs=301, rotation=rotation) for rotation in (True, False))
    assert rotated[-1] > 1e3 * aligned[-1]


def test_too_few_points_for_an_exact_covariance_are_refused() -> None:
    with pytest.raises(ValueError, match="samples=50: must be more than the 50 features"):
        Rotated(samples=50)
