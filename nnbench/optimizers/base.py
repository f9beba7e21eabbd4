"""Base class of optimizers: hyperparameters as dataclass fields, and an in-place update."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.random import Generator, default_rng

from nnbench.core.arrays import FloatArray

IterationsPer = Literal["step", "layer"]
CHECK_AFTER = 10  # steps after which a parameter must have changed: a schedule may start at a rate of zero
FLUSH_EVERY = 64  # steps; a moving average with decay 0.9 shrinks by a factor of a thousand meanwhile


@dataclass(kw_only=True)
class Optimizer(ABC):
    """Update rule of the parameters from their gradients.

    To add one, subclass this as a keyword-only dataclass whose fields are the hyperparameters, each with its range; make the
    state in `allocate`, use it in `update`.

    Arithmetic is that of the arrays' dtype as long as other numbers are Python's. What NumPy writes into an existing
    array (`add(a, b, a)`) costs half of what it allocates; scalars are quickest as arrays of no dimension, and functions
    by names of their own, as looking up `np.add` costs a fifth of adding.

    Attributes
    ----------
    layerwise : bool
        Set to True for a rule that works on whole layers (norms, matrix factors). It then gets one
        weight matrix at a time, shape (inputs + 1, outputs), the last row the bias, each with state of its own;
        otherwise all parameters of the network as one vector.
    rng : numpy.random.Generator
        The run's own random numbers, from its seed, in `allocate` and `update`; layers share it. Nothing else that
        is random may decide what a rule does, nor what an earlier run has left in a class or a module: equal runs
        are compared before a sweep, and a rule whose runs differ is refused.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from nnbench import Fraction, Optimizer, Positive, train
    >>> @dataclass(kw_only=True)
    ... class SignMomentum(Optimizer):
    ...     learning_rate: Positive = 0.01
    ...     beta: Fraction = 0.9
    ...
    ...     def allocate(self, parameters):
    ...         self.average = np.zeros_like(parameters)
    ...
    ...     def update(self, parameters, gradients, iteration):
    ...         self.average *= self.beta
    ...         self.average += (1 - self.beta) * gradients
    ...         parameters -= self.learning_rate * np.sign(self.average)
    >>> train(SignMomentum(learning_rate=0.001), epochs=101).outcome
    'finished'
    """

    layerwise: ClassVar[bool] = False
    rng: ClassVar[Generator]  # of an instance: as a field, it would be a hyperparameter
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False, "strict": True}

    def allocate(self, parameters: FloatArray) -> None:  # noqa: B027  # a rule without state has nothing to make
        """Allocate the state, as attributes, for `parameters` of this shape and dtype. Called once, before the first step."""

    @abstractmethod
    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        """Change `parameters` in place.

        Args:
            parameters: a vector, or one layer's matrix, see `layerwise`.
            gradients: of the loss by `parameters`, the same shape; may be used as scratch space.
            iteration: how many updates came before this one.
        """


def stepper(
    optimizer: Optimizer,
    parameters: FloatArray,
    gradients: FloatArray,
    layers: Sequence[tuple[FloatArray, FloatArray]],
    iterations_per: IterationsPer = "step",
    rng: Generator | None = None,
) -> Callable[[int], None]:
    """Return a function that makes step k = 0, 1, ... of `optimizer`, with fresh state; `optimizer` is not changed.

    Args:
        optimizer: its hyperparameters.
        parameters: all of the network's, one vector.
        gradients: likewise.
        layers: the same two as pairs of matrices, views of the vectors.
        iterations_per: `step` makes k the iteration everywhere; `layer` counts one for each layer in each step, as the
            optimizers of "Neural Networks from Scratch" do, so that layer l of L sees k * L + l.
        rng: what `optimizer` draws from; by default that of seed 0.

    Raises:
        TypeError: on the first step, if `update` returns something, as one that does not work in place would; after
            `CHECK_AFTER` steps, if the parameters are still what they were, though there is a gradient.
    """
    start = parameters.copy()
    pieces = layers if optimizer.layerwise or iterations_per == "layer" else [(parameters, gradients)]
    copies = [copy.copy(optimizer) for _ in pieces]
    rng = default_rng(0) if rng is None else rng
    stride = len(pieces) if iterations_per == "layer" else 1
    schedule = []
    for position, (instance, (values, layer_gradients)) in enumerate(zip(copies, pieces, strict=True)):
        if "rng" not in {field.name for field in fields(instance)}:  # a hyperparameter may be called so
            vars(instance)["rng"] = rng
        instance.allocate(values)
        schedule.append((partial(instance.update, values, layer_gradients), position % stride))

    def step(k: int) -> None:
        try:
            if k % FLUSH_EVERY == CHECK_AFTER:
                maintain()
            stuck = k == CHECK_AFTER and bool(gradients.any()) and np.array_equal(parameters, start)
            iteration = k * stride
            for update, offset in schedule:
                if update(iteration + offset) is not None:
                    raise TypeError("an update must change the parameters in place and return None")
            # Compared twice, since an even number of equal steps forth and back ends at the start, too.
            if stuck and np.array_equal(parameters, start):
                raise TypeError(
                    f"{k + 1} updates changed no parameter; write `parameters -= ...`, not `parameters = parameters - ...`"
                )
        except Exception as error:
            error.add_note(f"In {type(optimizer).__name__}.update, step {k}.")
            raise

    def maintain() -> None:
        for instance in copies:
            _flush(instance)

    return step


def _flush(optimizer: Optimizer) -> None:
    """Set tiny values of the state to zero.

    The moving averages of a dead unit's gradients decay to subnormal numbers, on which arithmetic is ten to a hundred
    times slower.
    """
    for state in vars(optimizer).values():
        if isinstance(state, np.ndarray) and state.ndim and state.dtype.kind == "f":
            state[np.abs(state) < 1e3 * np.finfo(state.dtype).tiny] = 0
