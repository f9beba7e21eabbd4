"""References of datasets that are drawn from a linear model."""

import numpy as np
import pytest

from nnbench.core.random import streams
from nnbench.datasets.base import LinearRegression
from nnbench.datasets.deep_linear import DeepLinear
from nnbench.datasets.quadratic import Quadratic
from nnbench.datasets.rotated import Rotated


@pytest.mark.parametrize("kind", [Rotated, DeepLinear])
def test_without_noise_the_training_loss_can_be_zero(kind: type[LinearRegression]) -> None:
    dataset = kind()
    found = dataset.references(dataset.split(streams(0)))
    assert found["least_train_loss"] == 0.0
    assert found["bayes_loss"] == pytest.approx(0.0, abs=1e-25)
    assert found["bayes_r2"] == pytest.approx(1.0)


def test_the_best_possible_test_loss_is_the_variance_of_the_noise() -> None:
    dataset = Quadratic(dimensions=10, test_samples=20_000)
    splits = dataset.split(streams(0))
    found = dataset.references(splits)
    assert found["bayes_loss"] == pytest.approx(dataset.model(streams(0).data).noise ** 2, rel=0.05)
    assert splits.test is not None
    assert found["bayes_r2"] == pytest.approx(1 - found["bayes_loss"] / splits.test.targets.var())
    assert "least_train_loss" not in found, "a network with hidden layers may fit the noise"
    assert dataset.references(Quadratic(test_samples=0).split(streams(0))) == {}


def test_the_model_is_shared_by_the_splits_and_depends_on_the_seed() -> None:
    dataset = Rotated(samples=60, val_samples=60)
    for seed in (0, 1):
        splits = dataset.split(streams(seed))
        assert splits.val is not None
        of_train, of_val = (np.linalg.lstsq(part.x, part.targets, rcond=None)[0] for part in (splits.train, splits.val))
        np.testing.assert_allclose(of_train, of_val, atol=1e-6)
        np.testing.assert_allclose(of_train, dataset.model(streams(seed).data).coefficients, atol=1e-6)
