"""Initial weights of a layer, from a source of normal deviates. Biases start at zero, see `Network.initialize`."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from nnbench.core.arrays import FloatArray
from nnbench.core.random import Normal

Initializer = Callable[[Normal, int, int, float], FloatArray]  # stream, inputs, outputs, scale -> (inputs, outputs), float64


def normal(rng: Normal, inputs: int, outputs: int, scale: float) -> FloatArray:
    """Draw from N(0, scale^2), whatever the width of the layer: the notebook's, with a scale of 0.01."""
    weights: FloatArray = scale * rng.standard_normal((inputs, outputs))
    return weights


def glorot(rng: Normal, inputs: int, outputs: int, scale: float) -> FloatArray:
    """Draw from N(0, 2 / (inputs + outputs)). Glorot and Bengio, AISTATS 2010; for sigmoid and tanh. `scale` has no effect."""
    return normal(rng, inputs, outputs, sqrt(2 / (inputs + outputs)))


def he(rng: Normal, inputs: int, outputs: int, scale: float) -> FloatArray:
    """Draw from N(0, 2 / inputs). He et al., ICCV 2015; for ReLU and the like. `scale` has no effect."""
    return normal(rng, inputs, outputs, sqrt(2 / inputs))


def orthogonal(rng: Normal, inputs: int, outputs: int, scale: float) -> FloatArray:
    """Draw a matrix with orthonormal rows or columns, whichever are fewer, uniformly (Haar). `scale` has no effect.

    Saxe et al., ICLR 2014; from the QR decomposition of a normal matrix. The signs that make R's diagonal positive make the
    distribution uniform: Mezzadri, Notices of the AMS 54, 2007.
    """
    draws = rng.standard_normal((max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(draws)
    q *= np.where(np.diagonal(r) < 0, -1.0, 1.0)
    weights: FloatArray = q if inputs >= outputs else q.T
    return weights


INITIALIZERS: dict[str, Initializer] = {"normal": normal, "glorot": glorot, "he": he, "orthogonal": orthogonal}
