"""Initial weights of a layer, from a source of normal deviates. Biases start at zero, see `Network.initialize`."""

from collections.abc import Callable
from math import sqrt

from nnbench.core.arrays import FloatArray
from nnbench.core.random import Normal, orthonormal_columns

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

    Saxe et al., ICLR 2014.
    """
    columns = orthonormal_columns(rng, max(inputs, outputs), min(inputs, outputs))
    return columns if inputs >= outputs else columns.T


INITIALIZERS: dict[str, Initializer] = {"normal": normal, "glorot": glorot, "he": he, "orthogonal": orthogonal}
