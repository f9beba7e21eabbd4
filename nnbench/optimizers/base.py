"""What an optimizer is: hyperparameters as fields, and one update in place on flat arrays."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from nnbench.history import FloatArray

IterationsPer = Literal["step", "layer"]


@dataclass(kw_only=True)
class Optimizer(ABC):
    """A rule that turns gradients into updates of the parameters.

    To add one, subclass this as a keyword-only dataclass whose fields are the hyperparameters, each with its range
    (`learning_rate: Positive = 0.01`), make the state in `allocate` and use it in `update`:

        @dataclass(kw_only=True)
        class Signs(Optimizer):
            learning_rate: Positive = 0.01

            def update(self, parameters, gradients, iteration):
                parameters -= self.learning_rate * np.sign(gradients)

    Attributes:
        layerwise: the rule looks at whole layers (norms, matrix factors), so it is given one weight matrix
            (inputs + 1, outputs; the last row is the bias) at a time instead of all the parameters in one vector.
    """

    layerwise: ClassVar[bool] = False
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False, "strict": True}

    def allocate(self, parameters: FloatArray) -> None:
        """Make the state for `parameters`, in their shape and dtype. Called once, before the first update."""

    @abstractmethod
    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        """Change `parameters` in place.

        Args:
            parameters: all parameters of the network as one vector, or one layer's matrix (see `layerwise`).
            gradients: the gradient of the loss with respect to them, in the same shape; not to be changed.
            iteration: the number of updates made before this one, from 0.
        """


def stepper(
    optimizer: Optimizer,
    parameters: FloatArray,
    gradients: FloatArray,
    layers: Sequence[tuple[FloatArray, FloatArray]],
    iterations_per: IterationsPer = "step",
) -> Callable[[int], None]:
    """The function that makes step k, k = 0, 1, ..., of `optimizer`, with fresh state; `optimizer` itself stays as it is.

    Args:
        optimizer: its hyperparameters.
        parameters: all parameters, one vector.
        gradients: their gradients, one vector.
        layers: the same two as views, a pair of matrices for each layer.
        iterations_per: `step` gives all layers the iteration k; `layer` counts an iteration for each layer of each
            step, as "Neural Networks from Scratch" does: layer l of L sees k * L + l.

    Raises:
        TypeError: `update` returned something, as one that does not work in place would.
    """
    pieces = layers if optimizer.layerwise or iterations_per == "layer" else [(parameters, gradients)]
    owners = [copy.copy(optimizer) for _ in pieces]
    stride = len(pieces) if iterations_per == "layer" else 1
    schedule = []
    for position, (owner, (values, slopes)) in enumerate(zip(owners, pieces, strict=True)):
        owner.allocate(values)
        schedule.append((partial(owner.update, values, slopes), position % stride))

    def step(k: int) -> None:
        iteration = k * stride
        for update, offset in schedule:
            if update(iteration + offset) is not None:
                raise TypeError(f"{type(optimizer).__name__}.update must change the parameters in place and return None")
        if not k % 64:
            for owner in owners:
                _flush(owner)

    return step


def _flush(optimizer: Optimizer) -> None:
    """Zero what is all but zero in the state.

    The averages of a dead unit's gradients fade until they are subnormal, and stay there; arithmetic on those is tens
    of times slower.
    """
    for state in vars(optimizer).values():
        if isinstance(state, np.ndarray) and state.dtype.kind == "f":
            state[np.abs(state) < 1e3 * np.finfo(state.dtype).tiny] = 0
