"""Activations: each works in place on the buffer of one layer, and takes its slope from its own output."""

from abc import ABC, abstractmethod

import numpy as np

from nnbench.history import FloatArray
from nnbench.nn.buffers import aligned


class Activation(ABC):
    """An activation bound to the buffers of one layer. It must take zero to zero: see the padding of `Network`.

    Args:
        values: shape (width, batch): pre-activations before `forward`, activations after it.
        slopes: the same shape: the loss's gradient by the activations before `backward`, by the pre-activations after.
    """

    def __init__(self, values: FloatArray, slopes: FloatArray) -> None:
        self.values, self.slopes = values, slopes

    @staticmethod
    @abstractmethod
    def apply(values: FloatArray) -> FloatArray:
        """The activations of `values`, in a new array."""

    @abstractmethod
    def forward(self) -> None:
        """Pre-activations to activations, in place."""

    @abstractmethod
    def backward(self) -> None:
        """The chain rule through the activation, in place; it may spoil `values`."""


class ReLU(Activation):
    """max(0, z); its slope at zero is 0."""

    def __init__(self, values: FloatArray, slopes: FloatArray) -> None:
        super().__init__(values, slopes)
        self.zeros = aligned(values.shape, values.dtype)  # maximum is twice as fast on a whole array as on one zero
        # A float that is not negative is positive just where its bits, read as an unsigned integer, are; and bits times
        # 1 or 0 are the number times 1 or 0. So no boolean mask need be turned into floats, a third of the work.
        unsigned = f"u{values.dtype.itemsize}"
        self.value_bits, self.slope_bits = values.view(unsigned), slopes.view(unsigned)

    @staticmethod
    def apply(values: FloatArray) -> FloatArray:
        return np.maximum(values, values.dtype.type(0))

    def forward(self) -> None:
        np.maximum(self.values, self.zeros, out=self.values)

    def backward(self) -> None:
        np.sign(self.value_bits, self.value_bits)
        np.multiply(self.slope_bits, self.value_bits, self.slope_bits)


class Tanh(Activation):
    """tanh(z)."""

    def __init__(self, values: FloatArray, slopes: FloatArray) -> None:
        super().__init__(values, slopes)
        self.one = np.ones((), values.dtype)

    @staticmethod
    def apply(values: FloatArray) -> FloatArray:
        activations: FloatArray = np.tanh(values)
        return activations

    def forward(self) -> None:
        np.tanh(self.values, self.values)

    def backward(self) -> None:
        np.multiply(self.values, self.values, self.values)
        np.subtract(self.one, self.values, self.values)
        np.multiply(self.slopes, self.values, self.slopes)


ACTIVATIONS: dict[str, type[Activation]] = {"relu": ReLU, "tanh": Tanh}
