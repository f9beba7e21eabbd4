"""Type of the function from which a transcript gets its gradients."""

from collections.abc import Callable

from nnbench.core.arrays import FloatArray

Gradient = Callable[[FloatArray, int], FloatArray]
