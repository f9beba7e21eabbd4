"""Streams of random numbers: the same for the same seed, and apart from each other."""

from dataclasses import fields

import numpy as np

from nnbench.core.random import Normal, Streams, chain, streams
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network

NAMES = [field.name for field in fields(Streams)]


def heads(seed: int, data_seed: int | None = None) -> dict[str, float]:
    """The first number of each stream."""
    source = streams(seed, data_seed)
    return {name: float(getattr(source, name).standard_normal()) for name in NAMES}


def test_the_streams_of_a_seed_are_fixed_and_different() -> None:
    assert NAMES == ["data", "val", "test", "weights", "order", "optimizer", "dropout"]
    assert heads(3) == heads(3)
    drawn = [value for seed in range(20) for value in heads(seed).values()]
    assert len(set(drawn)) == 20 * len(NAMES)


def test_numbers_keep_their_type() -> None:
    """A change here would make all earlier runs incomparable."""
    assert heads(0) == {
        "data": 1.4436909546981256,
        "val": 0.8050894723742356,
        "test": 0.9420990037776027,
        "weights": -1.0371415601580471,
        "order": 0.18450984194985404,
        "optimizer": -0.050099287865350145,
        "dropout": 2.6712242650462477,
    }


def test_points_can_have_a_seed_of_their_own() -> None:
    fixed, other, own = heads(1, data_seed=7), heads(2, data_seed=7), heads(7)
    for name in ("data", "val", "test"):
        assert fixed[name] == other[name] == own[name]
    for name in ("weights", "order", "optimizer", "dropout"):
        assert fixed[name] == heads(1)[name]
        assert other[name] == heads(2)[name]
    assert len(set(heads(7, data_seed=7).values())) == len(NAMES)


def test_a_chain_draws_points_and_then_all_the_weights() -> None:
    network = Network(2, [4], 3, batch=15, dtype="float64")
    spiral = Spiral(samples=5)

    def draw(rng: Normal) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return spiral.draw(rng, spiral.samples).x

    points = chain(9, 2, draw, network.initialize)
    rng = np.random.RandomState(9)
    np.testing.assert_array_equal(points, spiral.draw(rng, 5).x)
    rng.standard_normal(2 * (2 * 4 + 4 * 3))  # two runs before it
    np.testing.assert_array_equal(network.weights[0][:-1], 0.01 * rng.standard_normal((2, 4)))
    np.testing.assert_array_equal(network.weights[1][:-1], 0.01 * rng.standard_normal((4, 3)))
