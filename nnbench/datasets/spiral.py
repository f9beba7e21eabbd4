"""Interleaved spiral arms: easy to see, and beyond a linear classifier."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from nnbench.datasets.base import Dataset, Points
from nnbench.ranges import NonNegative
from nnbench.seeding import Normal


@dataclass(kw_only=True)
class Spiral(Dataset):
    """One arm for each class, in the plane, from the origin to the unit circle.

    Point i of n on arm c has radius r = i / (n - 1) and angle 2.5 t, t = 4 (c + r) + noise * N(0, 1); it lies at
    (r sin, r cos). The spiral of Karpathy's CS231n notes, in the form "Neural Networks from Scratch" gave it.
    """

    classes: Annotated[int, Ge(1), Le(256)] = 3  # a boundary keeps a class in a byte
    noise: NonNegative = 0.2

    @property
    def features(self) -> int:
        return 2

    def draw(self, rng: Normal, samples: int) -> Points:
        radius = np.linspace(0.0, 1.0, samples)
        arms = []
        for arm in range(self.classes):
            angle = 2.5 * (np.linspace(4.0 * arm, 4.0 * (arm + 1), samples) + self.noise * rng.standard_normal(samples))
            arms.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
        return Points(x=np.concatenate(arms), labels=np.repeat(np.arange(self.classes), samples))
