"""Softmax cross-entropy as a function of the logits.

The training loss clips probabilities, as the notebook does; held-out points are scored without clipping.
"""

from math import isnan, log

import numpy as np
from numpy import divide, exp, maximum, subtract  # attribute look-up in `np` would cost `write_gradient` a fifth

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.nn.buffers import aligned
from nnbench.nn.losses.base import Loss

CLIP = 1e-7  # the training loss clips probabilities to [CLIP, 1 - CLIP], as the notebook: at most 16.1 nats per point
LOWEST, HIGHEST = -log(1.0 - CLIP), -log(CLIP)


class SoftmaxCrossEntropy(Loss):
    """Mean cross-entropy in nats of the softmax of the logits; the measure is the accuracy.

    The loss of the full batch is of probabilities clipped to [CLIP, 1 - CLIP]; the gradient is that of the unclipped
    cross-entropy. Of equal largest logits the first is the predicted class.

    Computing loss and accuracy costs as much as an update. Therefore `write_gradient` only stores two rows per epoch, from
    which `metrics` computes those of a block. Losses of mini-batches are not clipped.

    Args:
        logits: shape (classes, batch + padding), written by the network.
        gradient: the same shape; `write_gradient` writes the gradient of the mean loss by the logits. It is NaN for all
            classes of a point one of whose logits is NaN, or whose largest is infinite.
        labels: of the training points, shape (n,).
        block: the number of rows that are buffered.
        batch: points in a batch, see `Loss`; None for all.
    """

    measure_name = "accuracy"

    def __init__(
        self, logits: FloatArray, gradient: FloatArray, labels: IntArray, block: int, batch: int | None = None
    ) -> None:
        (classes, columns), dtype = logits.shape, logits.dtype
        size = len(labels) if batch is None else batch
        values = np.zeros((len(labels), classes), dtype)
        values[np.arange(len(labels)), labels] = 1.0 / size
        self._bind(logits, values, batch)
        batch, labels = size, labels[:size]
        self.logits, self.gradient, self.labels = logits, gradient, labels
        # Maximum over classes, by comparing halves, which share the middle row if their number is odd. `max` takes twice
        # as long for few classes.
        self.halvings: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        maxima = logits
        while len(maxima) > 1:
            half = (len(maxima) + 1) // 2
            larger = aligned((half, columns), dtype)
            self.halvings.append((maxima[:half], maxima[-half:], larger))
            maxima = larger
        self.largest = maxima[0]
        self.floor = aligned(logits.shape, dtype, fill=log(np.finfo(dtype).tiny) / 2)
        self.batch_ones = aligned((classes, classes), dtype, fill=batch)
        self.shifted = aligned((block, classes, columns), dtype)  # logits minus the largest logit of the point
        self.flat = self.shifted.reshape(block, -1)
        self.label_index = labels * columns + np.arange(batch)  # of each point's class in a row of `flat`
        self.totals = aligned((block, classes, columns), dtype)  # softmax denominator times batch size, repeated
        self.rows = list(zip(self.shifted, self.totals, strict=True))
        # Counting zeros is three times as fast for integers. There is no -0.0: a sum with a bias of +0.0 is never -0.0.
        self.bits = self.shifted.view(f"i{dtype.itemsize}")
        self.nonzero_without_ties = (classes - 1) * batch  # in a row of `flat`; all logits of a padding column are equal
        # Buffers of `metrics`: allocating them would take a third of its time.
        self.margins, self.losses = aligned((block, batch), dtype), aligned((block, batch), dtype)
        self.hits = aligned((block, batch), np.bool_)
        self.flat_target, self.mean_margins = self.target.reshape(-1), aligned((block,), dtype)

    def write_gradient(self, row: int) -> None:
        gradient, (shifted, total) = self.gradient, self.rows[row]
        for one, other, larger in self.halvings:
            maximum(one, other, out=larger)
        subtract(self.logits, self.largest, shifted)
        # Subnormal probabilities would make the following products tens of times slower.
        maximum(shifted, self.floor, out=gradient)
        exp(gradient, gradient)
        # Repeated for each class: division of equal shapes is twice as fast as with broadcasting.
        self.batch_ones.dot(gradient, total)
        divide(gradient, total, gradient)
        subtract(gradient, self.target, gradient)

    def buffer_batch(self, row: int) -> None:
        self.mean_margins[row] = self.flat_target.dot(self.flat[row])

    def batch_losses(self, rows: slice) -> FloatArray:
        totals = self.totals[rows, 0, : self.batch] / self.batch
        losses: FloatArray = np.log(totals).mean(axis=1, dtype=np.float64) - self.mean_margins[rows]
        return losses

    def measure(self, row: int) -> float:
        bits = self.bits[row]
        if np.count_nonzero(bits) == self.nonzero_without_ties:
            return (self.batch - int(np.count_nonzero(bits.take(self.label_index)))) / self.batch
        return float(self._accuracies(slice(row, row + 1))[0])

    def metrics(self, rows: int) -> tuple[FloatArray, FloatArray]:
        which = slice(rows)
        accuracies = self._accuracies(which)
        losses = self.losses[which]
        np.divide(self.totals[which, 0, : self.batch], self.batch, losses)
        np.log(losses, losses)
        np.subtract(losses, self.margins[which], losses)
        losses.clip(LOWEST, HIGHEST, losses)
        return np.add.reduce(losses, axis=1, dtype=np.float64) / self.batch, accuracies

    @staticmethod
    def score(outputs: FloatArray, targets: IntArray) -> tuple[float, float]:
        """Return mean cross-entropy in nats, and accuracy.

        The cross-entropy is the log-sum-exp of a point's logits minus the logit of its class, in float64 and not clipped: it
        is unbounded for confident errors, and finite for finite float32 logits.

        Args:
            outputs: shape (n, classes).
            targets: shape (n,).
        """
        losses, accuracy = _losses_and_accuracy(outputs, targets)
        return float(losses.mean()), accuracy

    @classmethod
    def train_score(cls, outputs: FloatArray, targets: IntArray) -> tuple[float, float]:
        """Return the same with the loss clipped, as `metrics`."""
        losses, accuracy = _losses_and_accuracy(outputs, targets)
        return float(losses.clip(LOWEST, HIGHEST).mean()), accuracy

    def _accuracies(self, rows: slice) -> FloatArray:
        """Return the accuracies of the epochs in `rows`, and set `margins`: the label's logit minus the largest."""
        shifted, margins, hits = self.shifted[rows], self.margins[rows], self.hits[rows]
        self.flat[rows].take(self.label_index, 1, margins, "clip")
        np.equal(margins, 0, hits)
        if np.count_nonzero(self.bits[rows]) != self.nonzero_without_ties * len(shifted):  # the first of equal logits counts
            np.equal(shifted[:, :, : self.batch].argmax(1), self.labels, hits)
        accuracies: FloatArray = np.add.reduce(hits, axis=1, dtype=np.uint32) / self.batch
        return accuracies


def _losses_and_accuracy(logits: FloatArray, labels: IntArray) -> tuple[FloatArray, float]:
    """Return the cross-entropy of each point, in float64, and the accuracy."""
    exact = np.array(logits.T, np.float64, order="C")  # a row for each class: reductions take half the time
    shifted = exact - exact.max(axis=0)
    margins = shifted[labels, np.arange(len(labels))]
    losses: FloatArray = np.log(np.exp(shifted).sum(axis=0)) - margins
    right = len(margins) - int(np.count_nonzero(margins))
    # `argmax` takes as long as all of this, and is needed only if logits are equal or NaN.
    if np.count_nonzero(shifted) != shifted.size - len(margins) or isnan(margins.sum()):
        right = int(np.count_nonzero(logits.argmax(axis=1) == labels))
    return losses, right / len(labels)
