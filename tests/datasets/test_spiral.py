"""The spiral against the notebook's points, its formula, and edge cases."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from nnbench.core.errors import UserError
from nnbench.datasets import find, known
from nnbench.datasets.spiral import Spiral

GOLDEN = Path(__file__).parents[1] / "data" / "golden_float64.npz"


@pytest.mark.parametrize("seed", range(4))
def test_a_legacy_stream_gives_the_notebooks_points(seed: int) -> None:
    points = Spiral().draw(np.random.RandomState(seed), 100)
    with np.load(GOLDEN) as golden:
        np.testing.assert_array_equal(points.x, golden[f"seed{seed}/X"])
        np.testing.assert_array_equal(points.labels, golden[f"seed{seed}/y"])


@pytest.mark.parametrize(("classes", "samples"), [(1, 1), (1, 50), (2, 1), (5, 7), (3, 0)])
def test_shapes(classes: int, samples: int) -> None:
    points = Spiral(classes=classes).draw(np.random.default_rng(0), samples)
    assert points.x.shape == (classes * samples, 2)
    assert points.x.dtype == np.float64
    assert points.labels.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(points.labels, minlength=classes), samples)
    assert np.isfinite(points.x).all()


def test_spiral_arms_have_the_declared_radius_and_angle() -> None:
    calm = Spiral(noise=0.0, classes=4).draw(np.random.default_rng(0), 200)
    again = Spiral(noise=0.0, classes=4).draw(np.random.default_rng(1), 200)
    noisy = Spiral(noise=0.3, classes=4).draw(np.random.default_rng(0), 200)
    np.testing.assert_array_equal(calm.x, again.x)
    for points in (calm, noisy):
        radii = np.hypot(*points.x.T).reshape(4, 200)
        np.testing.assert_allclose(radii, np.broadcast_to(np.linspace(0, 1, 200), (4, 200)), atol=1e-12)
    turn = np.angle(np.exp(1j * (np.arctan2(*noisy.x.T) - np.arctan2(*calm.x.T))))
    assert np.std(turn) == pytest.approx(2.5 * 0.3, rel=0.1)


def test_classes_are_found_by_name_and_checked() -> None:
    assert "spiral" in known()
    assert find("spiral") is find("nnbench.datasets.spiral:Spiral") is Spiral
    assert (Spiral().features, Spiral().outputs) == (2, 3)
    with pytest.raises(UserError, match=r"dataset\.name=moon: unknown; known are .*spiral"):
        find("moon")
    adapter: TypeAdapter[Any] = TypeAdapter(Spiral)
    assert adapter.validate_json('{"noise": 0, "classes": 1}') == Spiral(noise=0.0, classes=1)
    for bad in ({"noise": -0.1}, {"classes": 0}, {"samples": 0}, {"samples": 1.5}, {"val_samples": -1}, {"rings": 2}):
        with pytest.raises(ValidationError):
            adapter.validate_json(json.dumps(bad))


@pytest.mark.parametrize("noise", [0.05, 0.2, 1.0, 5.0])
def test_the_posterior_is_calibrated(noise: float) -> None:
    spiral = Spiral(noise=noise)
    points = spiral.draw(np.random.default_rng(0), 40_000)
    shares = spiral.posterior(points.x)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    # Of the points to which it gives a class with a probability of about p, a share p belongs to it.
    for low in np.arange(0.0, 1.0, 0.1):
        within = (shares >= low) & (shares < low + 0.1)
        if within.sum() > 200:
            right = np.arange(3) == points.labels[:, None]
            deviation = 5 / np.sqrt(within.sum())
            assert right[within].mean() == pytest.approx(shares[within].mean(), abs=deviation)


def test_the_posterior_without_noise_and_with_much_noise() -> None:
    points = Spiral(noise=0.0).draw(np.random.default_rng(0), 50)
    shares = Spiral(noise=0.0).posterior(points.x)
    at_origin = np.hypot(*points.x.T) == 0
    np.testing.assert_allclose(shares[at_origin], 1 / 3)  # where all arms meet
    np.testing.assert_allclose(shares[~at_origin][np.arange(147), points.labels[~at_origin]], 1.0)
    np.testing.assert_allclose(Spiral(noise=1e30).posterior(points.x), 1 / 3)  # nothing is left of the arms
