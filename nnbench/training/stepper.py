"""Steps of an optimizer on a network's parameters: fresh state, blocks, the schedule, and the options of the training."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from math import inf
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from nnbench.core.arrays import FloatArray
from nnbench.core.user_code import definition_location
from nnbench.optimizers.base import Closure, Layers, Optimizer, blocks
from nnbench.training.pieces import IterationsPer, Piece, pieces
from nnbench.training.regularization import Clipping, Penalty, Regularization

CHECK_AFTER = 10  # steps after which a parameter must have changed: a schedule may start at a rate of zero
FLUSH_EVERY = 64  # steps; a moving average with decay 0.9 shrinks by a factor of a thousand meanwhile
OFF = Regularization()


class Stepper:
    """Steps of an optimizer, with fresh state; the optimizer itself is not changed.

    Args:
        optimizer: its hyperparameters.
        parameters: all of the network's, one vector.
        gradients: the same for the gradients.
        layers: the same two as pairs of matrices, views of the vectors, shape (inputs + 1, outputs), the last row the bias.
            Without layers, an optimizer with a `rest` leaves the whole vector to that.
        iterations_per: `step` makes k the iteration everywhere; `layer` counts one for each layer in each step, as the
            optimizers of "Neural Networks from Scratch" do, so that layer l of L sees k * L + l.
        rng: random numbers of `optimizer`; by default the generator of seed 0.
        multiplier: the schedule, as a function of the step; None for a constant rate.
        regularization: weight decay, penalty and clipping.
        closure: computes `gradients` at the current `parameters` and returns the loss; None for no closure.

    Attributes:
        step: a function that makes step k = 0, 1, ... from `gradients`. It raises TypeError on the first step if `update`
            returns a value, which suggests that it does not work in place; and after `CHECK_AFTER` steps, if the
            parameters have not changed although there is a gradient. It raises ValueError for a multiplier that is negative or
            not finite.
        optimizers: the copies that make the steps, one for each piece of the parameters.

    Raises:
        ValueError: the optimizer cannot be used with these layers or options.
    """

    step: Callable[[int], None]

    def __init__(
        self,
        optimizer: Optimizer,
        parameters: FloatArray,
        gradients: FloatArray,
        layers: Layers = (),
        *,
        iterations_per: IterationsPer = "step",
        rng: Generator | None = None,
        multiplier: Callable[[int], float] | None = None,
        regularization: Regularization = OFF,
        closure: Closure | None = None,
    ) -> None:
        self._parameters = parameters
        self._pieces = pieces(optimizer, parameters, gradients, layers, iterations_per)
        self._clipping: Clipping | None = None
        self._schedules = multiplier is not None
        weights: Layers = [(parameters, gradients)]
        if layers and not regularization.decay_biases:
            weights = [(values[:-1], slopes[:-1]) for values, slopes in layers]
        prepare: list[Callable[[int], object]] = []
        if multiplier is not None:
            prepare.append(partial(self._set_rates, multiplier, [piece.rate for piece in self._pieces]))
        if regularization.l2:
            penalty = Penalty(regularization.l2, weights)
            prepare.append(lambda k: penalty.add_gradient())
            closure = None if closure is None else _with_penalty(closure, penalty)
        if regularization.clip_norm is not None:
            if optimizer.full_batch:
                raise ValueError(
                    f"{type(optimizer).__name__} compares gradients of different steps, which must not be clipped"
                )
            clipping = self._clipping = Clipping(regularization.clip_norm, gradients)
            prepare.append(lambda k: clipping.apply())
        if regularization.weight_decay:
            if optimizer.parameters_from_state:
                raise ValueError(
                    f"{type(optimizer).__name__} has its own weight decay, and cannot be used with that of the training"
                )
            prepare.append(partial(self._decay, regularization.weight_decay, self._overlaps([each for each, _ in weights])))

        self.optimizers = [piece.optimizer for piece in self._pieces]
        rng = default_rng(0) if rng is None else rng
        stride = len(layers) if iterations_per == "layer" else 1
        whole = tuple(blocks(layers)) if len(self._pieces) == 1 else ()
        for piece in self._pieces:
            _set(piece.optimizer, rng=rng, closure=closure, blocks=whole)
            piece.optimizer.allocate(piece.values)
        updates = [(partial(one.optimizer.update, one.values, one.gradients), one.layer % stride) for one in self._pieces]
        self.step = self._make_step(type(optimizer).__name__, gradients, prepare, updates, stride, regularization)

    def _make_step(
        self,
        name: str,
        gradients: FloatArray,
        prepare: Sequence[Callable[[int], object]],
        updates: Sequence[tuple[Callable[[int], object], int]],
        stride: int,
        regularization: Regularization,
    ) -> Callable[[int], None]:
        parameters, start = self._parameters, self._parameters.copy()

        def step(k: int) -> None:
            try:
                if k % FLUSH_EVERY == CHECK_AFTER:
                    for optimizer in self.optimizers:
                        _flush(optimizer)
                for call in prepare:
                    call(k)
                if k == CHECK_AFTER and regularization.weight_decay:
                    start[:] = parameters  # the decay alone has changed them
                stuck = k == CHECK_AFTER and bool(gradients.any()) and np.array_equal(parameters, start)
                iteration = k * stride
                for update, offset in updates:
                    if update(iteration + offset) is not None:
                        raise TypeError("an update must change the parameters in place and return None")
                # Compared twice, since an even number of equal steps forth and back ends at the start, too.
                if stuck and np.array_equal(parameters, start):
                    raise TypeError(
                        f"{k + 1} updates changed no parameter; write `parameters -= ...`, not `parameters = parameters - ...`"
                    )
            except Exception as error:
                error.add_note(f"In {name}.update, step {k}.")
                raise

        return step

    def evaluation_parameters(self) -> FloatArray:
        """Return the parameters by which the network is judged, as one vector; `parameters` itself for most optimizers."""
        result = self._parameters
        for piece in self._pieces:
            found = piece.optimizer.evaluation_parameters(piece.values)
            if found is not piece.values:
                if result is self._parameters:
                    result = result.copy()
                result[self._span(piece.values)] = found.ravel()
        return result

    def diagnostics(self) -> dict[str, float]:
        """Return the numbers that the optimizer reports, and those of the schedule and the clipping where there are any.

        Names of an optimizer that has several parts begin with that of the part: `layer_2.weights/norm`.
        """
        found: dict[str, float] = {}
        for piece in self._pieces:
            prefix = f"{piece.name}/" if len(self._pieces) > 1 else ""
            found |= {f"{prefix}{name}": value for name, value in _diagnostics_of(piece.optimizer).items()}
        if self._schedules:
            found["multiplier"] = self._pieces[0].optimizer.multiplier
        if self._clipping is not None:
            found["clipped_share"] = self._clipping.share
        return found

    def _set_rates(self, multiplier: Callable[[int], float], rates: Sequence[float | None], k: int) -> None:
        factor = multiplier(k)
        try:
            admitted = 0.0 <= factor < inf
        except TypeError:  # not a number
            admitted = False
        if not admitted:
            raise ValueError(f"the schedule's multiplier in step {k} is {factor!r}; must be a number, finite and not negative")
        for piece, rate in zip(self._pieces, rates, strict=True):
            _set(piece.optimizer, multiplier=factor)
            if rate is not None:
                vars(piece.optimizer)["learning_rate"] = rate * factor

    def _decay(self, weight_decay: float, weights: Sequence[tuple[Piece, FloatArray]], k: int) -> None:
        for piece, values in weights:
            rate = piece.rate
            values *= 1.0 - weight_decay * (piece.optimizer.multiplier if rate is None else rate)

    def _overlaps(self, weights: Sequence[FloatArray]) -> list[tuple[Piece, FloatArray]]:
        """Return the parts of `weights` that each piece has, as vectors."""
        spans = [self._span(values) for values in weights]
        return [
            (piece, self._parameters[start:end])
            for piece in self._pieces
            for span in spans
            if (start := max(span.start, self._span(piece.values).start))
            < (end := min(span.stop, self._span(piece.values).stop))
        ]

    def _span(self, values: FloatArray) -> slice:
        """Return where a contiguous view of the parameters lies."""
        start = (values.ctypes.data - self._parameters.ctypes.data) // values.itemsize
        return slice(start, start + values.size)


def _with_penalty(closure: Closure, penalty: Penalty) -> Closure:
    def objective() -> float:
        loss = closure()
        penalty.add_gradient()
        return loss + penalty.value()

    return objective


def _set(optimizer: Optimizer, **attributes: Any) -> None:
    """Set attributes of an instance, unless a hyperparameter has that name."""
    own = {field.name for field in fields(optimizer)}
    vars(optimizer).update({name: value for name, value in attributes.items() if name not in own})


def _flush(optimizer: Optimizer) -> None:
    """Set tiny values of the state to zero.

    The moving averages of a dead unit's gradients decay to subnormal numbers, on which arithmetic is ten to a hundred
    times slower.
    """
    for state in vars(optimizer).values():
        if isinstance(state, np.ndarray) and state.ndim and state.dtype.kind == "f":
            state[np.abs(state) < 1e3 * np.finfo(state.dtype).tiny] = 0


def _diagnostics_of(optimizer: Optimizer) -> dict[str, float]:
    """Return the numbers that an optimizer reports.

    Raises:
        TypeError: its class, which may be a user's, returns something else; the text has the file and line of the method.
    """
    returned: Any = optimizer.diagnostics()
    try:
        return {str(name): float(value) for name, value in returned.items()}
    except (AttributeError, TypeError, ValueError):
        kind = type(optimizer)
        place = definition_location(kind.diagnostics)
        raise TypeError(
            f"{kind.__qualname__}.diagnostics in {place} must return a dict of numbers by name, and returned {returned!r:.60}"
        ) from None
