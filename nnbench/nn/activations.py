"""Activations: each works in place on the buffer of one layer, and takes its slope from its own output."""

from abc import ABC, abstractmethod
from functools import partial

import numpy as np
from numpy import maximum

from nnbench.core.arrays import FloatArray
from nnbench.nn.buffers import Calls, aligned


class Activation(ABC):
    """An activation bound to the buffers of one layer. It must take zero to zero: see the padding of `Network`.

    Args:
        values: shape (width, batch), what `forward` and `derive` work on.
        slopes: the same shape: the loss's gradient by the activations before `chain`, by the pre-activations after.

    Attributes:
        forward: calls that turn `values` from pre-activations into activations.
        derive: calls that turn `values` from activations into the activation's derivative.
        chain: calls that multiply `slopes` by that derivative.
    """

    forward: Calls
    derive: Calls
    chain: Calls

    @abstractmethod
    def __init__(self, values: FloatArray, slopes: FloatArray) -> None: ...

    @staticmethod
    @abstractmethod
    def apply(values: FloatArray) -> FloatArray:
        """The activations of `values`, in a new array."""


class ReLU(Activation):
    """max(0, z); its slope at zero is 0."""

    def __init__(self, values: FloatArray, slopes: FloatArray) -> None:
        zeros = aligned(values.shape, values.dtype)  # maximum is twice as fast on a whole array as on one zero
        # A float that is not negative is positive just where its bits, read as an unsigned integer, are; and bits times
        # 1 or 0 are the number times 1 or 0. So no boolean mask need be turned into floats, a third of the work.
        unsigned = f"u{values.dtype.itemsize}"
        bits, slope_bits = values.view(unsigned), slopes.view(unsigned)
        self.forward = [lambda: maximum(values, zeros, out=values)]  # `partial` is slow with keywords
        self.derive = [partial(np.sign, bits, bits)]
        self.chain = [partial(np.multiply, slope_bits, bits, slope_bits)]

    @staticmethod
    def apply(values: FloatArray) -> FloatArray:
        return np.maximum(values, values.dtype.type(0))


class Tanh(Activation):
    """tanh(z)."""

    def __init__(self, values: FloatArray, slopes: FloatArray) -> None:
        one = np.ones((), values.dtype)
        self.forward = [partial(np.tanh, values, values)]
        self.derive = [partial(np.multiply, values, values, values), partial(np.subtract, one, values, values)]
        self.chain = [partial(np.multiply, slopes, values, slopes)]

    @staticmethod
    def apply(values: FloatArray) -> FloatArray:
        activations: FloatArray = np.tanh(values)
        return activations


ACTIVATIONS: dict[str, type[Activation]] = {"relu": ReLU, "tanh": Tanh}
