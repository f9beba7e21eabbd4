"""Base class of optimizers: hyperparameters as dataclass fields, and an in-place update."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from numpy.random import Generator

from nnbench.core.arrays import FloatArray

Role = Literal["first", "hidden", "last"]
Layers = Sequence[tuple[FloatArray, FloatArray]]  # weights and gradients of each


class Closure(Protocol):
    """Function that computes the gradients at the present parameters, in place, and returns the loss."""

    def __call__(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class Block:
    """Weight matrix or bias of one layer, a view of the network's parameters.

    Attributes:
        name: such as `layer_2.weights`; layers are counted from 1.
        kind: `weights` or `bias`.
        role: of the layer: `first`, `hidden` or `last`; that of a network with a single layer is `last`.
        values: shape (inputs, outputs) of weights, (outputs,) of a bias.
        gradients: of the loss by `values`, the same shape.
    """

    name: str
    kind: Literal["weights", "bias"]
    role: Role
    values: FloatArray
    gradients: FloatArray


def blocks(layers: Layers) -> Iterator[Block]:
    """Yield the blocks of the layers in the order of the memory: weights and bias of the first, and so on."""
    for at, (values, gradients) in enumerate(layers):
        role: Role = "last" if at == len(layers) - 1 else "hidden" if at else "first"
        name = f"layer_{at + 1}"
        yield Block(name=f"{name}.weights", kind="weights", role=role, values=values[:-1], gradients=gradients[:-1])
        yield Block(name=f"{name}.bias", kind="bias", role=role, values=values[-1], gradients=gradients[-1])


@dataclass(kw_only=True)
class Optimizer(ABC):
    """Update rule of the parameters from their gradients.

    To add one, subclass this as a keyword-only dataclass whose fields are the hyperparameters, each with its range; make the
    state in `allocate`, use it in `update`. All other methods have defaults that suit most rules.

    Arithmetic is that of the arrays' dtype as long as other numbers are Python's. What NumPy writes into an existing
    array (`add(a, b, a)`) costs half of what it allocates; scalars are quickest as arrays of no dimension, and functions
    by names of their own, as looking up `np.add` costs a fifth of adding.

    The training works on copies, and does the following to each:

    - It sets `self.learning_rate` before every update to the configured value times the schedule's multiplier. A rule that
      reads it in `update`, not in `allocate`, therefore follows any schedule.
    - Every 64 steps it sets values of the state that are below 1000 times the smallest normal number to zero, as arithmetic
      on subnormal numbers is up to a hundred times slower. State are the attributes that are floating-point arrays.
    - Weight decay, the L2 penalty and clipping, where they are asked for, come before `update`, which sees their results.

    Attributes
    ----------
    layerwise : bool
        Set to True for a rule that works on whole layers (norms, matrix factors). It then gets one
        weight matrix at a time, shape (inputs + 1, outputs), the last row the bias, each with state of its own;
        otherwise all parameters of the network as one vector.
    indivisible : bool
        Set to True for a rule in which the step of a parameter depends on the gradients of others, and which gets all
        parameters as one vector. The vector is then never cut into layers, as `training.iterations_per=layer` would.
    full_batch : bool
        Set to True for a rule that is valid only if the loss is the same function in every step, as line searches are.
    parameters_from_state : bool
        Set to True for a rule that overwrites the parameters with what its state says, so that weight decay by the training,
        which changes the parameters alone, would be lost. The training then refuses it.
    rng : numpy.random.Generator
        The run's own random numbers, from its seed, in `allocate` and `update`; layers share it. Nothing else that
        is random may decide what a rule does, nor what an earlier run has left in a class or a module: equal runs
        are compared before a sweep, and a rule whose runs differ is refused.
    closure : callable or None
        `self.closure()` computes the gradients at the present parameters into the array `gradients` that `update` was given,
        and returns the loss. Each call counts as an evaluation of the gradients. None where there are only gradients, as in
        the checks that draw them at random.
    blocks : sequence of Block
        Weights and biases of the network, views of `parameters`, for a rule that gets all parameters as one vector and needs
        their shapes. Empty in checks without a network, and for a rule that gets parts.
    multiplier : float
        The schedule's multiplier for this step, for a rule whose rate is not called `learning_rate`.

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
    indivisible: ClassVar[bool] = False
    full_batch: ClassVar[bool] = False
    parameters_from_state: ClassVar[bool] = False
    # Of an instance, set by the training: as fields, they would be hyperparameters.
    rng: ClassVar[Generator]
    closure: ClassVar[Closure | None] = None
    blocks: ClassVar[Sequence[Block]] = ()
    multiplier: ClassVar[float] = 1.0
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False, "strict": True}

    def allocate(self, parameters: FloatArray) -> None:  # noqa: B027  # a rule without state has nothing to make
        """Allocate the state, as attributes, for `parameters` of this shape and dtype. Called once, before the first step."""

    @abstractmethod
    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        """Change `parameters` in place.

        Args:
            parameters: a vector; or one layer's matrix, see `layerwise`; or one block, see `rest`.
            gradients: of the loss by `parameters`, the same shape; may be used as scratch space.
            iteration: how many updates came before this one.
        """

    def rest(self) -> "Optimizer | None":
        """Return the optimizer of the blocks that `takes` refuses; None, the default, for a rule that takes all parameters.

        A rule with a rest gets each block that it takes on its own, as a matrix or a bias, with state of its own.
        """
        return None

    def takes(self, block: Block) -> bool:
        """Return whether this rule updates a block, of a rule with a `rest`."""
        return True

    def evaluation_parameters(self, parameters: FloatArray) -> FloatArray:
        """Return the parameters by which the network is judged, where they are not those at which gradients are computed.

        Called at the evaluated epochs, after an update or before the first, and must not change `parameters`.

        Args:
            parameters: as given to `update`.

        Returns:
            An array of the same shape, such as an average that is kept as state; by default `parameters` itself.
        """
        return parameters

    def formula(self) -> tuple[str, ...]:
        r"""Return the rule as equations in TeX, one a line, for the page `lesson` of reports; by default none.

        The symbols are those of `nnbench.lesson.symbols`, and products are written with a thin space: `\eta_t\,g`. It is
        shown for the class that defines it alone, as a subclass may change the rule.
        """
        return ()

    def diagnostics(self) -> Mapping[str, float]:
        """Return numbers of the rule's own that are tracked at the evaluated epochs, by name; by default none."""
        return {}
