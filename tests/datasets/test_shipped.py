"""Moons, digits and diabetes against scikit-learn's own."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, make_moons

from nnbench.core.random import streams
from nnbench.datasets.base import scikit_learn
from nnbench.datasets.diabetes import Diabetes
from nnbench.datasets.digits import Digits
from nnbench.datasets.moons import Moons


def test_moons_without_noise_are_scikit_learns() -> None:
    points = Moons(noise=0.0).draw(np.random.default_rng(0), 30)
    x, labels = make_moons(60, shuffle=False)
    np.testing.assert_allclose(points.x, x, atol=1e-12)
    np.testing.assert_array_equal(points.labels, labels)


def test_moons_have_their_noise() -> None:
    points, calm = (Moons(noise=noise).draw(np.random.default_rng(0), 20_000) for noise in (0.3, 0.0))
    np.testing.assert_allclose((points.x - calm.x).std(axis=0), 0.3, rtol=0.02)


@pytest.mark.heavy
@pytest.mark.parametrize("noise", [0.1, 0.3, 1.0])
def test_the_posterior_of_moons_is_calibrated(noise: float) -> None:
    moons = Moons(noise=noise)
    points = moons.draw(np.random.default_rng(0), 40_000)
    second = moons.posterior(points.x)[:, 1]
    for low in np.arange(0.0, 1.0, 0.1):
        within = (second >= low) & (second < low + 0.1)
        if within.sum() > 200:
            deviation = 5 / np.sqrt(within.sum())
            assert points.labels[within].mean() == pytest.approx(second[within].mean(), abs=deviation)


@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e30])
def test_the_posterior_of_moons_without_noise_and_with_much_noise(noise: float) -> None:
    points = Moons(noise=min(noise, 1.0)).draw(np.random.default_rng(0), 50)
    shares = Moons(noise=noise).posterior(points.x)
    np.testing.assert_allclose(shares[np.arange(100), points.labels], 0.5 if noise > 1 else 1.0)


def test_digits_and_diabetes_are_scikit_learns() -> None:
    x, labels = load_digits(return_X_y=True)
    np.testing.assert_array_equal(Digits().load().x, x)
    np.testing.assert_array_equal(Digits().load().labels, labels)
    x, targets = load_diabetes(return_X_y=True, scaled=False)
    np.testing.assert_allclose(Diabetes().load().x, x)
    np.testing.assert_array_equal(Diabetes().load().targets[:, 0], targets)


def test_the_sizes_of_the_splits_of_digits() -> None:
    splits = Digits().split(streams(0))
    assert splits.val is not None
    assert splits.test is not None
    assert (len(splits.train), len(splits.val), len(splits.test)) == (1078, 360, 359)


def test_without_scikit_learn_the_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scikit_learn, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="scikit-learn is not installed"):
        scikit_learn.read("digits.csv.gz")
