"""Cutting of a network's parameters into the pieces that an optimizer updates on their own."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nnbench.core.arrays import FloatArray
from nnbench.optimizers.base import Layers, Optimizer, blocks

IterationsPer = Literal["step", "layer"]


@dataclass
class Piece:
    """A contiguous part of the parameters with an optimizer of its own.

    Attributes:
        name: for diagnostics.
        layer: position of its layer, 0 if it has parts of several.
    """

    name: str
    layer: int
    optimizer: Optimizer
    values: FloatArray
    gradients: FloatArray

    @property
    def rate(self) -> float | None:
        """The current learning rate; None for a rule without one, or if it is not a number."""
        rate = getattr(self.optimizer, "learning_rate", None)
        return rate if isinstance(rate, int | float) else None


def pieces(
    optimizer: Optimizer, parameters: FloatArray, gradients: FloatArray, layers: Layers, iterations_per: IterationsPer
) -> list[Piece]:
    """Cut the parameters into the pieces that are updated on their own, each with a copy of its optimizer.

    Raises:
        ValueError: the optimizer cannot be used with these layers, or cannot be cut.
    """
    name, rest, by_layer = type(optimizer).__name__, optimizer.rest(), iterations_per == "layer"
    if rest is not None and layers:
        if not any(map(optimizer.takes, blocks(layers))):
            raise ValueError(
                f"{name} takes none of the weights of a network with {len(layers)} layers; {type(rest).__name__} would get all"
            )
        return list(_blockwise(optimizer, rest, parameters, gradients, layers, merge=not (by_layer or rest.layerwise)))
    if optimizer.indivisible and by_layer:
        raise ValueError(f"{name} works on all parameters at once, so training.iterations_per must be step")
    if optimizer.layerwise or by_layer:
        return [Piece(f"layer_{at + 1}", at, copy.copy(rest or optimizer), *pair) for at, pair in enumerate(layers)]
    return [Piece("all", 0, copy.copy(rest or optimizer), parameters, gradients)]


def _blockwise(
    optimizer: Optimizer, rest: Optimizer, parameters: FloatArray, gradients: FloatArray, layers: Layers, *, merge: bool
) -> Iterator[Piece]:
    """Yield the blocks that `optimizer` takes, and those of the rest, with `merge` as one vector where they are neighbours."""
    start = end = 0  # of the rest's current vector, positions in `parameters`

    def remaining(layer: int) -> Piece:
        return Piece(f"rest_{start}", layer, copy.copy(rest), parameters[start:end], gradients[start:end])

    for number, block in enumerate(blocks(layers)):
        taken = optimizer.takes(block)
        if start < end and (taken or not merge):
            yield remaining((number - 1) // 2)
            start = end
        end += block.values.size
        if taken:
            yield Piece(block.name, number // 2, copy.copy(optimizer), block.values, block.gradients)
            start = end
    if start < end:
        yield remaining(len(layers) - 1)
