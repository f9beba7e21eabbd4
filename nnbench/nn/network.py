"""Fully connected network whose forward and backward passes allocate no memory."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from nnbench.core.arrays import FloatArray
from nnbench.core.random import Normal
from nnbench.nn.activations import ACTIVATIONS, Activation
from nnbench.nn.buffers import Calls, aligned, padded
from nnbench.nn.initializers import INITIALIZERS
from nnbench.nn.products import product

CHUNK = 1024  # points per matrix product: thousands do not fit in the cache and take four times as long


class Network:
    """Dense layers with an activation function between them, for a fixed batch size; without hidden layers, a linear model.

    Activations are feature-major, shape (features + 1, batch), and their last row is ones, so that the bias is the
    last row of the weights and needs no separate operation. All weights are views of one flat vector, all gradients
    of another, and matrix products write into the views: an update is a few passes over one short vector.

    Rows are padded to whole cache lines, which makes the products a third faster. A padding column is a point of zeros,
    including its row for the bias; it stays zero in all layers and does not contribute to a gradient. There is at least
    one if `guarded`, which detects divergence: zero times a weight that is not finite is NaN, as are its outputs then.

    Dropout (Srivastava et al., JMLR 15, 2014) sets a share of the hidden activations to zero and divides the others by
    the remaining share, so that the expectation is unchanged. Only `forward` and `backward` use it, not `outputs`.

    Args:
        inputs: features of a point.
        hidden: widths of the hidden layers.
        outputs: classes, whose logits the outputs are, or targets of a regression.
        batch: points in a batch.
        activation: of the hidden layers, a key of `ACTIVATIONS`.
        dropout: share of the hidden activations that are dropped, in [0, 1).
        dtype: float32 or float64.
        guarded: whether there is at least one padding column. Small batches are faster without; then it may take a few steps
            until a parameter that is not finite shows in the outputs, as long as the units behind it are saturated.
        shared: a network with the same layers whose parameters and gradients this one uses.

    Raises:
        ValueError: the activation is unknown, or `dropout` is out of its range.

    Attributes:
        parameters: all weights, as one vector.
        gradients: of the loss by `parameters`, written by `backward`.
        weights: one array per layer, shape (inputs + 1, outputs), views of `parameters`; the last row is the bias.
        weight_gradients: likewise, views of `gradients`.
        points: shape (inputs, batch), the batch.
        outputs: shape (outputs, batch + padding), written by `forward`.
        output_gradients: the same shape, read by `backward`.
        masks: of dropout, one array per hidden layer, shape (width, batch + padding); empty without dropout.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        outputs: int,
        *,
        batch: int,
        activation: str = "relu",
        dropout: float = 0.0,
        dtype: npt.DTypeLike = np.float32,
        guarded: bool = True,
        shared: "Network | None" = None,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation={activation}: must be one of {', '.join(ACTIVATIONS)}")
        if not 0.0 <= dropout < 1.0:
            raise ValueError(f"dropout={dropout}: must be a number >= 0 and < 1")
        self.widths, self.batch, self.activation, self.dropout = (inputs, *hidden, outputs), batch, activation, dropout
        self.shapes = [(rows + 1, columns) for rows, columns in pairwise(self.widths)]
        size = sum(rows * columns for rows, columns in self.shapes)
        self.parameters: FloatArray = aligned((size,), dtype) if shared is None else shared.parameters
        self.gradients: FloatArray = aligned((size,), dtype) if shared is None else shared.gradients
        self.weights, self.weight_gradients = self.layers(self.parameters), self.layers(self.gradients)

        columns = padded(batch + guarded, dtype)
        values = [aligned((width + 1, columns), dtype) for width in self.widths[:-1]]
        layer_gradients = [aligned((width, columns), dtype) for width in self.widths[1:]]
        for value in values:
            value[-1, :batch] = 1.0
        self.points = values[0][:-1, :batch]
        self.outputs, self.output_gradients = aligned((outputs, columns), dtype), layer_gradients[-1]
        self.masks = [aligned((width, columns), dtype, fill=1.0) for width in hidden] if dropout else []

        # The buffers are never reallocated, so that a pass is a fixed list of calls with bound arguments.
        self._forward: Calls = []
        self._backward: Calls = []
        before: Activation | None = None
        for layer, (weights, gradients) in enumerate(zip(self.weights, self.weight_gradients, strict=True)):
            back: Calls = [product(values[layer], layer_gradients[layer].T, gradients)]
            if before is not None:
                slopes = layer_gradients[layer - 1]
                back += before.derive
                back.append(product(weights[:-1], layer_gradients[layer], slopes))
                back += [partial(np.multiply, slopes, mask, slopes) for mask in self.masks[layer - 1 : layer]]
                back += before.chain
            self._backward = back + self._backward
            if layer == len(hidden):
                self._forward.append(product(weights.T, values[layer], self.outputs))
            else:
                # Some derivatives are computed from the activations before dropout, which then need an array of their own.
                dropped = values[layer + 1][:-1]
                results = aligned(dropped.shape, dtype) if dropout else dropped
                before = ACTIVATIONS[activation](results, layer_gradients[layer])
                self._forward += [product(weights.T, values[layer], results), *before.forward]
                if columns > batch and not before.maps_zero_to_zero:  # multiplied by zero, NaN stays NaN
                    padding = results[:, batch:]
                    self._forward.append(partial(np.multiply, padding, np.zeros((), dtype), padding))
                self._forward += [partial(np.multiply, results, mask, dropped) for mask in self.masks[layer : layer + 1]]

    def with_batch(self, batch: int, *, dropout: float | None = None) -> "Network":
        """Return a network with the same parameters and gradients, in the same memory, for a batch size; not guarded.

        Args:
            batch: points in a batch.
            dropout: by default that of this network.
        """
        inputs, *hidden, outputs = self.widths
        return Network(
            inputs,
            hidden,
            outputs,
            batch=batch,
            activation=self.activation,
            dropout=self.dropout if dropout is None else dropout,
            dtype=self.parameters.dtype,
            guarded=False,
            shared=self,
        )

    def layers(self, vector: FloatArray) -> tuple[FloatArray, ...]:
        """Return the parts of a vector like `parameters` that belong to each layer, as views in the shapes of `weights`."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes])
        return tuple(piece.reshape(shape) for piece, shape in zip(np.split(vector, ends[:-1]), self.shapes, strict=True))

    def initialize(self, rng: Normal, scale: float = 0.01, initial: str = "normal") -> None:
        """Draw the weights, from the first layer to the last; set the biases to zero.

        Args:
            rng: of the weights.
            scale: standard deviation of `normal`.
            initial: distribution, a key of `INITIALIZERS`.
        """
        if initial not in INITIALIZERS:
            raise ValueError(f"initial={initial}: must be one of {', '.join(INITIALIZERS)}")
        for weights in self.weights:
            weights[:-1] = INITIALIZERS[initial](rng, len(weights) - 1, weights.shape[1], scale)
            weights[-1] = 0.0

    def snapshot(self) -> tuple[FloatArray, ...]:
        """Return copies of the weights."""
        return tuple(weights.copy() for weights in self.weights)

    def draw_masks(self, rng: Generator) -> None:
        """Draw which activations are dropped in the passes that follow."""
        for mask in self.masks:
            rng.random(out=mask, dtype=mask.dtype.type)
            np.greater_equal(mask, self.dropout, out=mask)
            np.divide(mask, 1.0 - self.dropout, mask)

    def forward(self) -> None:
        """Compute `outputs` from `points`."""
        for call in self._forward:
            call()

    def backward(self) -> None:
        """Compute `gradients` from `output_gradients`; overwrites the activations of the preceding `forward`."""
        for call in self._backward:
            call()


def outputs(weights: Sequence[FloatArray], points: FloatArray, activation: str = "relu") -> FloatArray:
    """Return the outputs of any number of points, without dropout, shape (n, outputs).

    Args:
        weights: one array per layer, shape (inputs + 1, outputs), as in `Network.weights` and `History.weights`.
        points: shape (n, features), converted to the dtype of the weights.
        activation: of the hidden layers, a key of `ACTIVATIONS`.
    """
    if len(points) > CHUNK:
        return np.concatenate([outputs(weights, points[at : at + CHUNK], activation) for at in range(0, len(points), CHUNK)])
    values = points.astype(weights[0].dtype, copy=False)
    *hidden, last = weights
    for layer in hidden:
        values = values @ layer[:-1]
        values += layer[-1]
        ACTIVATIONS[activation].apply(values)
    results: FloatArray = values @ last[:-1] + last[-1]
    return results


def probabilities(weights: Sequence[FloatArray], points: FloatArray, activation: str = "relu") -> FloatArray:
    """Return the class probabilities of any number of points, the softmax of `outputs`, shape (n, classes)."""
    values = np.ascontiguousarray(outputs(weights, points, activation).T)  # reductions over rows take a quarter of the time
    values -= values.max(axis=0)
    np.exp(values, values)
    values /= values.sum(axis=0)
    return values.T
