"""Activation functions of the hidden layers, applied in place."""

from abc import ABC, abstractmethod
from functools import lru_cache, partial
from math import pi, sqrt
from typing import Any, ClassVar

import numpy as np
from numpy import add, copyto, maximum, minimum, multiply, subtract, tanh

from nnbench.core.arrays import FloatArray
from nnbench.nn.buffers import Calls, aligned

MAX_KEPT_ZEROS = 2**18  # zeros in an array that is kept for evaluations


class Activation(ABC):
    """Activation function bound to the buffers of one layer.

    `gradients` is free for intermediate results in `forward` and `derive`: the matrix product between `derive` and `chain`
    overwrites it. NaN stays NaN in all three.

    Args:
        values: shape (width, batch), changed by `forward` and `derive`.
        gradients: same shape, the gradient of the loss by the activations before `chain`, by the pre-activations after.

    Attributes:
        maps_zero_to_zero: whether f(0) = 0; otherwise `Network` sets its padding columns back to zero.
        forward: calls that replace the pre-activations in `values` by activations.
        derive: calls that prepare the derivative, if necessary in `values`, whose activations are not needed any more.
        chain: calls that multiply `gradients` by the derivative.
    """

    maps_zero_to_zero: ClassVar[bool] = True
    forward: Calls
    derive: Calls
    chain: Calls

    @abstractmethod
    def __init__(self, values: FloatArray, gradients: FloatArray) -> None: ...

    @classmethod
    def apply(cls, values: FloatArray) -> None:
        """Replace pre-activations by activations, once."""
        for call in cls(values, np.empty_like(values)).forward:
            call()


class Identity(Activation):
    """z: the network is a product of linear layers."""

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        self.forward, self.derive, self.chain = [], [], []


class ReLU(Activation):
    """max(0, z), with derivative 0 at z = 0."""

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        zeros = aligned(values.shape, values.dtype)  # maximum is three times as fast with an array as with a scalar zero
        # The bits of a non-negative float, as an unsigned integer, are positive exactly where the float is; and multiplying
        # bits by 1 or 0 equals multiplying the float. This saves converting a boolean mask to floats, a third of the time.
        unsigned = f"u{values.dtype.itemsize}"
        bits, gradient_bits = values.view(unsigned), gradients.view(unsigned)
        self.forward = [lambda: maximum(values, zeros, out=values)]  # `partial` is slow with keywords
        self.derive = [partial(np.sign, bits, bits)]
        self.chain = [partial(multiply, gradient_bits, bits, gradient_bits)]

    @classmethod
    def apply(cls, values: FloatArray) -> None:
        small = values.size <= MAX_KEPT_ZEROS
        maximum(values, _zeros(values.shape, values.dtype) if small else values.dtype.type(0), out=values)


@lru_cache(maxsize=8)  # a network is evaluated on few different numbers of points
def _zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
    return aligned(shape, dtype)


class LeakyReLU(Activation):
    """z for z > 0, otherwise `slope` * z; the derivative at z = 0 is `slope`. Maas et al., ICML workshops 2013."""

    slope = 0.01

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        slope = np.array(self.slope, values.dtype)
        self.forward = [partial(multiply, values, slope, gradients), lambda: maximum(values, gradients, out=values)]
        self.derive = [partial(np.sign, values, values), lambda: maximum(values, slope, out=values)]
        self.chain = [partial(multiply, gradients, values, gradients)]


class Tanh(Activation):
    """Hyperbolic tangent, tanh(z)."""

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        one = np.ones((), values.dtype)
        self.forward = [partial(tanh, values, values)]
        self.derive = [partial(multiply, values, values, values), partial(subtract, one, values, values)]
        self.chain = [partial(multiply, gradients, values, gradients)]


class Sigmoid(Activation):
    """Logistic function, 1 / (1 + exp(-z)), computed as (1 + tanh(z / 2)) / 2, which does not overflow."""

    maps_zero_to_zero = False

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        one = np.ones((), values.dtype)
        self.forward = _sigmoid(values)
        self.derive = [partial(subtract, one, values, gradients), partial(multiply, values, gradients, values)]
        self.chain = [partial(multiply, gradients, values, gradients)]


class SiLU(Activation):
    """z * sigmoid(z), also called swish. Elfwing et al., Neural Networks 107, 2018.

    With h = sigmoid(z), the derivative is h + z h (1 - h) = 1 - (1 - h) (1 - z h). It needs more than the activations, and is
    computed with them, into a separate array.
    """

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        one, derivative = np.ones((), values.dtype), aligned(values.shape, values.dtype)
        self.forward = [
            partial(copyto, derivative, values),
            *_sigmoid(derivative),
            partial(multiply, values, derivative, values),
            partial(subtract, one, derivative, derivative),
            partial(subtract, one, values, gradients),
            partial(multiply, derivative, gradients, derivative),
            partial(subtract, one, derivative, derivative),
        ]
        self.derive = []
        self.chain = [partial(multiply, gradients, derivative, gradients)]


class GELU(Activation):
    """z h with h = sigmoid(2 u), u = sqrt(2 / pi) (z + 0.044715 z^3): Hendrycks and Gimpel's approximation of z Phi(z).

    Phi is the standard normal distribution function; NumPy has none. The approximation is that of `approximate="tanh"` in
    PyTorch and of JAX's default, within 5e-4 of the exact function. Source: arXiv 1606.08415.

    The derivative is h + 2 z u' h (1 - h). It needs more than the activations, and is computed with them, into an array of its
    own. Beyond |z| = `SATURATED`, h is 0 or 1 to the last digit of float64; u is computed up to there only, to avoid overflow.
    """

    SATURATED = 8.0
    LINEAR, CUBIC = sqrt(2 / pi), 0.044715 * sqrt(2 / pi)

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        derivative, share = aligned(values.shape, values.dtype), aligned(values.shape, values.dtype)
        number = partial(np.array, dtype=values.dtype)
        one, low, high = number(1.0), number(-self.SATURATED), number(self.SATURATED)
        clipped = gradients
        self.forward = [
            lambda: maximum(values, low, out=clipped),
            lambda: minimum(clipped, high, out=clipped),
            partial(multiply, clipped, clipped, share),  # the derivative's factor 2 z u', from z and z^2
            partial(multiply, share, number(6 * self.CUBIC), derivative),
            partial(add, derivative, number(2 * self.LINEAR), derivative),
            partial(multiply, derivative, clipped, derivative),
            partial(multiply, share, number(2 * self.CUBIC), share),  # h
            partial(add, share, number(2 * self.LINEAR), share),
            partial(multiply, share, clipped, share),
            *_sigmoid(share),
            partial(multiply, values, share, values),
            partial(subtract, one, share, clipped),  # h + 2 z u' h (1 - h)
            partial(multiply, derivative, clipped, derivative),
            partial(add, derivative, one, derivative),
            partial(multiply, derivative, share, derivative),
        ]
        self.derive = []
        self.chain = [partial(multiply, gradients, derivative, gradients)]


def _sigmoid(values: FloatArray) -> Calls:
    """Return calls that replace `values` by their sigmoid."""
    half = np.array(0.5, values.dtype)
    return [
        partial(multiply, values, half, values),
        partial(tanh, values, values),
        partial(multiply, values, half, values),
        partial(add, values, half, values),
    ]


ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "gelu": GELU,
    "silu": SiLU,
}
