"""The noisy quadratic model against theory: the expected loss of SGD with momentum at each step."""

import numpy as np
import pytest

from nnbench import train
from nnbench.core.arrays import FloatArray
from nnbench.core.random import streams
from nnbench.datasets.base import LinearModel
from nnbench.datasets.quadratic import NOISE, Quadratic
from nnbench.optimizers.sgd import SGD

RATE, MOMENTUM, BATCH, STEPS = 0.25, 0.8, 5, 60


def _expected_losses(
    model: LinearModel, momentum: float, *, rate: float = RATE, batch: int = BATCH, steps: int = STEPS
) -> FloatArray:
    """Return the expected loss before each step, from weights at zero, on points that no step has seen.

    The recursion of the second moments of the error d and the velocity v, one for each eigenvector of the covariance of the
    features and one for the bias. With s the eigenvalue and S = sum of s E[d^2], Isserlis' theorem gives the gradient's
    E[g | d] = 2 s d and E[g^2] = 4 ((1 - 1/B) s^2 E[d^2] + (2 s^2 E[d^2] + s (S + noise^2)) / B); for the bias, whose feature
    is constant, without the term 2 s^2 E[d^2].
    """
    variances = np.append(np.square(model.factor).sum(axis=1), 1.0)
    eigenvectors = model.factor / np.sqrt(variances[:-1, None])
    squares = np.append(np.square(eigenvectors @ model.coefficients[:, 0]), 0.0)
    mixed, velocities = np.zeros_like(squares), np.zeros_like(squares)
    fourth = np.append(2 * np.square(variances[:-1]), 0.0)
    losses = []
    for _ in range(steps):
        loss = variances @ squares + model.noise**2
        losses.append(loss)
        mean = (1 - 1 / batch) * np.square(variances) * squares
        gradient = 4 * (mean + (fourth * squares + variances * loss) / batch)
        velocities = momentum**2 * velocities - 4 * momentum * rate * variances * mixed + rate**2 * gradient
        step = momentum * mixed - 2 * rate * variances * squares  # E[d v'] with the new velocity v'
        mixed, squares = step + velocities, squares + 2 * step + velocities
    return np.array(losses)


def test_the_expected_loss_at_each_step_is_that_of_theory() -> None:
    dataset = Quadratic(dimensions=10, samples=BATCH * STEPS, val_samples=0, test_samples=0)
    errors, wrong = [], []
    for seed in range(120):
        history = train(
            SGD(learning_rate=RATE, momentum=MOMENTUM),
            dataset,
            seed=seed,
            epochs=2,
            hidden=(),
            batch_size=BATCH,
            initial_scale=1e-9,
            dtype="float64",
        )
        model = dataset.model(streams(seed).data)
        errors.append(history.batch_loss / _expected_losses(model, MOMENTUM) - 1)
        wrong.append(history.batch_loss / _expected_losses(model, 0.75 * MOMENTUM) - 1)
    # Means of ten steps each, so that six tests at five standard errors are false in less than one case in 10^5.
    for ratios, agree in ((errors, True), (wrong, False)):
        windows = np.array(ratios).reshape(len(ratios), -1, 10).mean(axis=2)
        deviations = windows.mean(axis=0) / (windows.std(axis=0) / np.sqrt(len(windows)))
        assert (np.abs(deviations) < 5).all() == agree


@pytest.mark.heavy
def test_by_theory_momentum_helps_in_large_batches_and_not_in_small_ones() -> None:
    """Zhang et al., NeurIPS 2019; with the best of a grid of learning rates each, after 1,000 steps."""
    model = Quadratic().model(streams(0).data)

    def least(batch: int, momentum: float) -> float:
        rates = (1 - momentum) * np.geomspace(0.005, 1.0, 16)
        with np.errstate(all="ignore"):  # the largest rates diverge
            losses = [_expected_losses(model, momentum, rate=rate, batch=batch, steps=1001)[-1] for rate in rates]
        return float(np.nanmin(losses)) - model.noise**2

    assert least(1, 0.9) > 0.98 * least(1, 0.0)
    assert least(1000, 0.9) < 0.9 * least(1000, 0.0)


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_the_model_has_the_declared_hessian_and_noise(difficulty: str) -> None:
    dataset = Quadratic(difficulty=difficulty)  # type: ignore[arg-type]  # a text
    model = dataset.model(np.random.default_rng(0))
    hessian = 2 * model.factor.T @ model.factor
    eigenvalues = 60 * np.linalg.eigvalsh(hessian)
    assert ((eigenvalues > 0) & (eigenvalues < 1)).sum() == 90
    assert ((eigenvalues > 30) & (eigenvalues < 60)).sum() == 10
    assert np.abs(hessian - np.diag(np.diagonal(hessian))).max() > 0.05, "the eigenvectors are not the axes"
    points = model.draw(np.random.default_rng(1), 5_000)
    np.testing.assert_allclose(np.cov(points.x.T, bias=True), hessian / 2, atol=0.04)
    assert (points.targets - points.x @ model.coefficients).std() == pytest.approx(model.noise, rel=0.05)
    assert 0.8 < model.noise / NOISE[difficulty] < 1.2
