"""A fully connected network whose training pass allocates nothing."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nnbench.core.arrays import FloatArray
from nnbench.core.random import Normal
from nnbench.nn.activations import ACTIVATIONS, Activation
from nnbench.nn.buffers import Calls, aligned, padded
from nnbench.nn.products import product

CHUNK = 1024  # points whose logits are worked out at a time: those of thousands leave the cache, and take four times as long


class Network:
    """Dense layers with an activation between them, for a batch of one size; the outputs are logits.

    Activations are feature-major, shape (features + 1, batch), and their last row is ones, so that the bias is the
    last row of the weights and needs no arithmetic of its own. All weights are views of one flat vector, all gradients
    of another, and matrix products write into the views: an update is a few passes over one short vector.

    Rows are padded to whole cache lines, which makes the products a third faster. A padding column is a point of zeros
    that lacks even the one of the bias; as activations take zero to zero, it stays zero and adds to no gradient. There
    is one at least, and it is a sentinel: zero times a weight that is not finite is NaN, and so are its logits then.

    Args:
        inputs: features of a point.
        hidden: widths of the hidden layers, any number of them.
        outputs: classes.
        batch: points in the training batch.
        activation: of the hidden layers, a key of `ACTIVATIONS`.
        dtype: float32 or float64.

    Attributes:
        parameters: all weights, one vector.
        gradients: of the loss by `parameters`, once `backward` was called.
        weights: a layer each, shape (inputs + 1, outputs), views of `parameters`; the last row is the bias.
        weight_gradients: likewise, views of `gradients`.
        points: shape (inputs, batch), the batch.
        logits: shape (outputs, batch + padding), written by `forward`.
        logit_gradients: the same shape, read by `backward`.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        outputs: int,
        *,
        batch: int,
        activation: str = "relu",
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.activation = activation
        shapes = [(rows + 1, columns) for rows, columns in pairwise([inputs, *hidden, outputs])]
        size = sum(rows * columns for rows, columns in shapes)
        self.parameters, self.gradients = aligned((size,), dtype), aligned((size,), dtype)
        self.weights, self.weight_gradients = _split(self.parameters, shapes), _split(self.gradients, shapes)

        columns = padded(batch + 1, dtype)
        values = [aligned((width + 1, columns), dtype) for width in (inputs, *hidden)]
        slopes = [aligned((width, columns), dtype) for width in (*hidden, outputs)]
        for value in values:
            value[-1, :batch] = 1.0
        self.points = values[0][:-1, :batch]
        self.logits, self.logit_gradients = aligned((outputs, columns), dtype), slopes[-1]

        # The buffers never move, so that a pass is a fixed list of calls, made here once for all.
        self._forward: Calls = []
        self._backward: Calls = []
        before: Activation | None = None
        for layer, (weights, gradients) in enumerate(zip(self.weights, self.weight_gradients, strict=True)):
            back: Calls = [product(values[layer], slopes[layer].T, gradients)]
            if before is not None:
                back += before.derive
                back.append(product(weights[:-1], slopes[layer], slopes[layer - 1]))
                back += before.chain
            self._backward = back + self._backward
            if layer == len(hidden):
                self._forward.append(product(weights.T, values[layer], self.logits))
            else:
                results = values[layer + 1][:-1]
                before = ACTIVATIONS[activation](results, slopes[layer])
                self._forward += [product(weights.T, values[layer], results), *before.forward]

    def initialize(self, rng: Normal, scale: float = 0.01) -> None:
        """Draw the weights from N(0, scale^2), layer by layer in the order of the data; the biases are zero."""
        for weights in self.weights:
            weights[:-1] = scale * rng.standard_normal(weights[:-1].shape)
            weights[-1] = 0.0

    def snapshot(self) -> tuple[FloatArray, ...]:
        """Copies of the weights."""
        return tuple(weights.copy() for weights in self.weights)

    def forward(self) -> None:
        """From `points` to `logits`."""
        for call in self._forward:
            call()

    def backward(self) -> None:
        """From `logit_gradients` to `gradients`; after a `forward`, whose activations are spoiled on the way."""
        for call in self._backward:
            call()


def _split(flat: FloatArray, shapes: Sequence[tuple[int, int]]) -> tuple[FloatArray, ...]:
    """Consecutive pieces of `flat` in the given shapes, as views."""
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    return tuple(piece.reshape(shape) for piece, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True))


def logits(weights: Sequence[FloatArray], points: FloatArray, activation: str = "relu") -> FloatArray:
    """The logits of any number of points, shape (n, classes).

    Args:
        weights: a layer each, shape (inputs + 1, outputs), as in `Network.weights` and `History.weights`.
        points: shape (n, features), taken in the dtype of the weights.
        activation: of the hidden layers, a key of `ACTIVATIONS`.
    """
    if len(points) > CHUNK:
        return np.concatenate([logits(weights, points[at : at + CHUNK], activation) for at in range(0, len(points), CHUNK)])
    values = points.astype(weights[0].dtype)
    *hidden, last = weights
    for layer in hidden:
        values = ACTIVATIONS[activation].apply(values @ layer[:-1] + layer[-1])
    results: FloatArray = values @ last[:-1] + last[-1]
    return results


def probabilities(weights: Sequence[FloatArray], points: FloatArray, activation: str = "relu") -> FloatArray:
    """The softmax of `logits`, shape (n, classes): what the network believes of any number of points."""
    values = logits(weights, points, activation)
    powers: FloatArray = np.exp(values - values.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
