"""Interleaved spiral arms, a two-dimensional problem that is not linearly separable."""

from dataclasses import dataclass
from math import ceil, pi
from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from nnbench.core.constraints import Count, NonNegative
from nnbench.core.random import Normal
from nnbench.datasets.base import Distribution, Points


@dataclass(kw_only=True)
class Spiral(Distribution):
    """One arm for each class, in the plane, from the origin to the unit circle.

    Point i of n on arm c has radius r = i / (n - 1) and angle 2.5 t, t = 4 (c + r) + noise * N(0, 1); it lies at
    (r sin, r cos). The spiral of Karpathy's CS231n notes, in the form "Neural Networks from Scratch" gave it.

    `samples` is large enough that a network of 64 units memorizes few labels: of 100 points of each class it memorizes most.
    """

    samples: Count = 1000
    classes: Annotated[int, Ge(1), Le(256)] = 3  # a boundary keeps a class in a byte
    noise: NonNegative = 0.2

    @property
    def features(self) -> int:
        return 2

    @property
    def outputs(self) -> int:
        return self.classes

    def draw(self, rng: Normal, samples: int) -> Points:
        radius = np.linspace(0.0, 1.0, samples)
        arms = []
        for arm in range(self.classes):
            angle = 2.5 * (np.linspace(4.0 * arm, 4.0 * (arm + 1), samples) + self.noise * rng.standard_normal(samples))
            arms.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
        return Points(x=np.concatenate(arms), labels=np.repeat(np.arange(self.classes), samples))

    def posterior(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the posterior, see `Dataset.posterior`.

        Every arm has the same radii, so a point's class follows from its angle: given radius r and arm c, that is a normal
        one with mean 10 (c + r) and standard deviation 2.5 noise, wrapped around the circle. All arms meet in the origin.
        """
        radius, angle = np.hypot(x[:, 0], x[:, 1]), np.arctan2(x[:, 0], x[:, 1])
        # Beyond 8 the wrapped distribution is uniform to one part in 10^13; below 10^-6 rounding of the angles would count.
        spread = min(max(2.5 * self.noise, 1e-6), 8.0)
        # A row for each class: reductions over rows take half the time.
        off = (angle - 10.0 * radius) - 10.0 * np.arange(self.classes)[:, None]
        off = np.remainder(off + pi, 2 * pi) - pi
        turns = ceil(1.5 * spread)  # as many as lie within nine standard deviations
        largest, total = -0.5 * (off / spread) ** 2, np.ones_like(off)
        for turn in range(1, turns + 1):
            for shift in (-2 * pi * turn, 2 * pi * turn):
                total += np.exp(-0.5 * ((off + shift) / spread) ** 2 - largest)
        density = largest + np.log(total)
        density[:, radius == 0] = 0.0
        shares: npt.NDArray[np.float64] = np.exp(density - density.max(axis=0))
        shares /= shares.sum(axis=0)
        return shares.T
