"""Random number streams of a run, derived only from its seed, so that runs of different optimizers are paired by seed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from numpy.random import Generator, RandomState, SeedSequence, default_rng

Drawn = TypeVar("Drawn")


class Normal(Protocol):
    """Source of normal and uniform deviates: a `numpy.random.Generator`, or a legacy `RandomState`."""

    def standard_normal(self, size: Any) -> npt.NDArray[np.float64]:
        """Independent draws from N(0, 1) in the shape `size`."""

    def random(self, size: Any) -> npt.NDArray[np.float64]:
        """Independent draws from the uniform distribution on [0, 1) in the shape `size`."""


def orthonormal_columns(rng: Normal, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Draw a matrix with orthonormal columns from the uniform (Haar) distribution; needs rows >= columns.

    From the QR decomposition of a normal matrix. The signs that make R's diagonal positive make the distribution uniform:
    Mezzadri, Notices of the AMS 54, 2007.
    """
    q, r = np.linalg.qr(rng.standard_normal((rows, columns)))
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    result: npt.NDArray[np.float64] = q
    return result


@dataclass(frozen=True, kw_only=True)
class Streams:
    """Independent random number generators, one for each purpose."""

    data: Generator
    val: Generator
    test: Generator
    weights: Generator
    order: Generator
    optimizer: Generator
    dropout: Generator


def streams(seed: int, data_seed: int | None = None) -> Streams:
    """Return the streams of the run with `seed`.

    Args:
        seed: of the run.
        data_seed: draws the points instead of `seed`, so that they stay the same while the weights vary.
    """
    data, val, test = SeedSequence(seed if data_seed is None else data_seed).spawn(3)
    _, _, _, weights, order, optimizer, dropout = SeedSequence(seed).spawn(7)
    return Streams(
        data=default_rng(data),
        val=default_rng(val),
        test=default_rng(test),
        weights=default_rng(weights),
        order=default_rng(order),
        optimizer=default_rng(optimizer),
        dropout=default_rng(dropout),
    )


def chain(seed: int, position: int, draw: Callable[[Normal], Drawn], initialize: Callable[[Normal], object]) -> Drawn:
    """Draw points and weights from one stream, as a notebook does that trains one network after another.

    Args:
        seed: of the `RandomState`.
        position: of the run in the notebook, from 0; the weights of the runs before it are drawn and overwritten.
        draw: draws the training points.
        initialize: draws one run's weights, as `Network.initialize` does; they are left as those of `position`.

    Returns:
        The training points.
    """
    rng = RandomState(seed)
    points = draw(rng)
    for _ in range(position + 1):
        initialize(rng)
    return points
