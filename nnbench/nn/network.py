"""Fully connected network whose forward and backward passes allocate no memory."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nnbench.core.arrays import FloatArray
from nnbench.core.random import Normal
from nnbench.nn.activations import ACTIVATIONS, Activation
from nnbench.nn.buffers import Calls, aligned, padded
from nnbench.nn.initializers import INITIALIZERS
from nnbench.nn.products import product

CHUNK = 1024  # points per matrix product: thousands do not fit in the cache and take four times as long


class Network:
    """Dense layers with an activation function between them, for a fixed batch size; the outputs are logits.

    Activations are feature-major, shape (features + 1, batch), and their last row is ones, so that the bias is the
    last row of the weights and needs no separate operation. All weights are views of one flat vector, all gradients
    of another, and matrix products write into the views: an update is a few passes over one short vector.

    Rows are padded to whole cache lines, which makes the products a third faster. A padding column is a point of zeros,
    including its row for the bias; it stays zero in all layers and does not contribute to a gradient. There is at least
    one, which detects divergence: zero times a weight that is not finite is NaN, as are its logits then.

    Args:
        inputs: features of a point.
        hidden: widths of the hidden layers.
        outputs: classes.
        batch: points in the training batch.
        activation: of the hidden layers, a key of `ACTIVATIONS`.
        dtype: float32 or float64.

    Attributes:
        parameters: all weights, as one vector.
        gradients: of the loss by `parameters`, written by `backward`.
        weights: one array per layer, shape (inputs + 1, outputs), views of `parameters`; the last row is the bias.
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
        layer_gradients = [aligned((width, columns), dtype) for width in (*hidden, outputs)]
        for value in values:
            value[-1, :batch] = 1.0
        self.points = values[0][:-1, :batch]
        self.logits, self.logit_gradients = aligned((outputs, columns), dtype), layer_gradients[-1]

        # The buffers are never reallocated, so that a pass is a fixed list of calls with bound arguments.
        self._forward: Calls = []
        self._backward: Calls = []
        before: Activation | None = None
        for layer, (weights, gradients) in enumerate(zip(self.weights, self.weight_gradients, strict=True)):
            back: Calls = [product(values[layer], layer_gradients[layer].T, gradients)]
            if before is not None:
                back += before.derive
                back.append(product(weights[:-1], layer_gradients[layer], layer_gradients[layer - 1]))
                back += before.chain
            self._backward = back + self._backward
            if layer == len(hidden):
                self._forward.append(product(weights.T, values[layer], self.logits))
            else:
                results = values[layer + 1][:-1]
                before = ACTIVATIONS[activation](results, layer_gradients[layer])
                self._forward += [product(weights.T, values[layer], results), *before.forward]
                if not before.maps_zero_to_zero:  # multiplied by zero, NaN stays NaN
                    padding = results[:, batch:]
                    self._forward.append(partial(np.multiply, padding, np.zeros((), dtype), padding))

    def initialize(self, rng: Normal, scale: float = 0.01, initial: str = "normal") -> None:
        """Draw the weights, from the first layer to the last; set the biases to zero.

        Args:
            rng: of the weights.
            scale: standard deviation of `normal`.
            initial: distribution, a key of `INITIALIZERS`.
        """
        for weights in self.weights:
            weights[:-1] = INITIALIZERS[initial](rng, len(weights) - 1, weights.shape[1], scale)
            weights[-1] = 0.0

    def snapshot(self) -> tuple[FloatArray, ...]:
        """Return copies of the weights."""
        return tuple(weights.copy() for weights in self.weights)

    def forward(self) -> None:
        """Compute `logits` from `points`."""
        for call in self._forward:
            call()

    def backward(self) -> None:
        """Compute `gradients` from `logit_gradients`; overwrites the activations of the preceding `forward`."""
        for call in self._backward:
            call()


def _split(flat: FloatArray, shapes: Sequence[tuple[int, int]]) -> tuple[FloatArray, ...]:
    """Return views of consecutive parts of `flat` in the given shapes."""
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    return tuple(piece.reshape(shape) for piece, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True))


def logits(weights: Sequence[FloatArray], points: FloatArray, activation: str = "relu") -> FloatArray:
    """Return the logits of any number of points, shape (n, classes).

    Args:
        weights: one array per layer, shape (inputs + 1, outputs), as in `Network.weights` and `History.weights`.
        points: shape (n, features), converted to the dtype of the weights.
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
    """Return the class probabilities of any number of points, the softmax of `logits`, shape (n, classes)."""
    values = logits(weights, points, activation)
    powers: FloatArray = np.exp(values - values.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers
