"""Activation functions, applied in place; their derivatives are computed from their outputs."""

from abc import ABC, abstractmethod
from functools import partial

import numpy as np
from numpy import maximum

from nnbench.core.arrays import FloatArray
from nnbench.nn.buffers import Calls, aligned


class Activation(ABC):
    """Activation function bound to the buffers of one layer. It must map zero to zero, see the padding of `Network`.

    Args:
        values: shape (width, batch), changed by `forward` and `derive`.
        gradients: same shape, the gradient of the loss by the activations before `chain`, by the pre-activations after.

    Attributes:
        forward: calls that replace the pre-activations in `values` by activations.
        derive: calls that replace the activations in `values` by the derivative.
        chain: calls that multiply `gradients` by the derivative.
    """

    forward: Calls
    derive: Calls
    chain: Calls

    @abstractmethod
    def __init__(self, values: FloatArray, gradients: FloatArray) -> None: ...

    @staticmethod
    @abstractmethod
    def apply(values: FloatArray) -> FloatArray:
        """Return the activations of `values` in a new array."""


class ReLU(Activation):
    """max(0, z), with derivative 0 at z = 0."""

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        zeros = aligned(values.shape, values.dtype)  # maximum is twice as fast with an array as with a scalar zero
        # The bits of a non-negative float, as an unsigned integer, are positive exactly where the float is; and multiplying
        # bits by 1 or 0 equals multiplying the float. This saves converting a boolean mask to floats, a third of the time.
        unsigned = f"u{values.dtype.itemsize}"
        bits, gradient_bits = values.view(unsigned), gradients.view(unsigned)
        self.forward = [lambda: maximum(values, zeros, out=values)]  # `partial` is slow with keywords
        self.derive = [partial(np.sign, bits, bits)]
        self.chain = [partial(np.multiply, gradient_bits, bits, gradient_bits)]

    @staticmethod
    def apply(values: FloatArray) -> FloatArray:
        return np.maximum(values, values.dtype.type(0))


class Tanh(Activation):
    """Hyperbolic tangent, tanh(z)."""

    def __init__(self, values: FloatArray, gradients: FloatArray) -> None:
        one = np.ones((), values.dtype)
        self.forward = [partial(np.tanh, values, values)]
        self.derive = [partial(np.multiply, values, values, values), partial(np.subtract, one, values, values)]
        self.chain = [partial(np.multiply, gradients, values, gradients)]

    @staticmethod
    def apply(values: FloatArray) -> FloatArray:
        activations: FloatArray = np.tanh(values)
        return activations


ACTIVATIONS: dict[str, type[Activation]] = {"relu": ReLU, "tanh": Tanh}
