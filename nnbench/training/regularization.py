"""Weight decay, L2 penalty and gradient clipping: options of the training that work with any optimizer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isinf, sqrt

import numpy as np
from numpy import add, multiply

from nnbench.core.arrays import FloatArray


@dataclass(frozen=True, kw_only=True)
class Regularization:
    """Options of the training; the defaults switch all of them off.

    Attributes:
        weight_decay: decoupled weight decay (Loshchilov and Hutter, ICLR 2019): before each update,
            w *= 1 - rate * weight_decay, where rate is the learning rate times the schedule's multiplier, as in PyTorch's
            AdamW; for an optimizer without a learning rate, only the multiplier.
        l2: coefficient of the penalty l2 / 2 * |w|^2, whose gradient l2 * w is added to that of the loss. The losses that
            are recorded do not include it.
        clip_norm: largest Euclidean norm of all gradients together (Pascanu et al., ICML 2013), the penalty's included;
            larger gradients are scaled to it. None for no clipping.
        decay_biases: whether weight decay and penalty apply to biases too.
    """

    weight_decay: float = 0.0
    l2: float = 0.0
    clip_norm: float | None = None
    decay_biases: bool = False


class Penalty:
    """L2 penalty of some weights: l2 / 2 * |w|^2.

    Args:
        l2: the coefficient.
        pairs: weights and their gradients.
    """

    def __init__(self, l2: float, pairs: Sequence[tuple[FloatArray, FloatArray]]) -> None:
        self.l2 = l2
        self._parts = [(weights, gradients, np.empty_like(weights)) for weights, gradients in pairs]
        self._coefficient = np.array(l2, self._parts[0][0].dtype)

    def value(self) -> float:
        """Return the penalty."""
        return self.l2 / 2 * sum(float(np.vdot(weights, weights)) for weights, _, _ in self._parts)

    def add_gradient(self) -> None:
        """Add the penalty's gradient to the gradients."""
        for weights, gradients, scratch in self._parts:
            multiply(weights, self._coefficient, scratch)
            add(gradients, scratch, gradients)


class Clipping:
    """Clipping of a vector of gradients by its norm.

    Args:
        limit: the largest norm.
        gradients: changed in place.

    Attributes:
        share: of the calls so far in which the gradients were scaled; 0 before the first.
    """

    def __init__(self, limit: float, gradients: FloatArray) -> None:
        self.limit, self.gradients = limit, gradients
        self._calls = self._scaled = 0

    @property
    def share(self) -> float:
        return self._scaled / max(self._calls, 1)

    def apply(self) -> None:
        """Scale the gradients to the limit if their norm exceeds it; gradients that are not finite stay as they are."""
        self._calls += 1
        norm = sqrt(self.gradients.dot(self.gradients))
        if isinf(norm) and (largest := float(np.abs(self.gradients).max())) < inf:
            # The squares overflow, the gradients do not.
            self.gradients /= largest
            norm = sqrt(self.gradients.dot(self.gradients))
            self.gradients *= self.limit / norm
            self._scaled += 1
        elif self.limit < norm < inf:
            self.gradients *= self.limit / norm
            self._scaled += 1
