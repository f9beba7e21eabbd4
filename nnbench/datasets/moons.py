"""Two interleaved half circles, a two-dimensional problem that is not linearly separable."""

from dataclasses import dataclass
from math import pi

import numpy as np
import numpy.typing as npt

from nnbench.core.constraints import NonNegative
from nnbench.core.random import Normal
from nnbench.datasets.base import Distribution, Points

NODES = 256  # of the numerical integral along an arc


@dataclass(kw_only=True)
class Moons(Distribution):
    """Two half circles of radius 1, each of which reaches into the other, with normal noise.

    Class 0 lies at (cos t, sin t), class 1 at (1 - cos t, 0.5 - sin t), for angles t evenly spaced from 0 to pi; both
    coordinates have noise * N(0, 1) added. The points of scikit-learn's `make_moons`.
    """

    noise: NonNegative = 0.2

    @property
    def features(self) -> int:
        return 2

    @property
    def outputs(self) -> int:
        return 2

    def draw(self, rng: Normal, samples: int) -> Points:
        x = np.concatenate(_arcs(np.linspace(0.0, pi, samples)))
        return Points(x=x + self.noise * rng.standard_normal(x.shape), labels=np.repeat([0, 1], samples))

    def posterior(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the posterior, see `Dataset.posterior`: of normal noise around points that are uniform on each arc."""
        # With less noise than this the classes do not overlap, and the nodes would lie too far apart.
        deviation = max(self.noise, 0.02)
        density = []
        for arc in _arcs((np.arange(NODES) + 0.5) * pi / NODES):
            squares = np.einsum("ij,ij->i", x, x)[:, None] - 2 * x @ arc.T + np.einsum("ij,ij->i", arc, arc)
            exponents = -0.5 * squares / deviation**2
            largest = exponents.max(axis=1)
            density.append(largest + np.log(np.exp(exponents - largest[:, None]).sum(axis=1)))
        both = np.column_stack(density)
        shares: npt.NDArray[np.float64] = np.exp(both - both.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return shares


def _arcs(angles: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the points of both arcs at these angles, shape (angles, 2) each."""
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.column_stack([cosine, sine]), np.column_stack([1.0 - cosine, 0.5 - sine])
