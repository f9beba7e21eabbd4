"""Softmax and cross-entropy, taken together as one function of the logits.

The training loss is the notebook's, which clips probabilities; held-out points are scored by the cross-entropy itself.
"""

from math import log

import numpy as np
from numpy import divide, exp, maximum, subtract  # by name for `write_gradient`: to look each up in `np` costs a fifth more

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.nn.buffers import aligned

CLIP = (
    1e-7  # in the training loss, probabilities are clipped to [CLIP, 1 - CLIP] as in the notebook: at most 16.1 nats a point
)
LOWEST, HIGHEST = -log(1.0 - CLIP), -log(CLIP)


def score(logits: FloatArray, labels: IntArray) -> tuple[float, float]:
    """Mean cross-entropy in nats, and the share of points whose first largest logit is the right one.

    The cross-entropy is the log-sum-exp of a point's logits less the logit of its class, in float64 and not clipped: it
    grows without bound for a point that is confidently wrong, and is finite for finite logits of float32.

    Args:
        logits: shape (n, classes).
        labels: shape (n,).
    """
    exact = logits.astype(np.float64)
    shifted = exact - exact.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(losses.mean()), float(np.mean(logits.argmax(axis=1) == labels))


class SoftmaxCrossEntropy:
    """The loss of the training batch: its gradient at once, its value and the accuracy for many epochs together.

    Its value is of probabilities clipped to [CLIP, 1 - CLIP]; its gradient is that of the cross-entropy.

    Summing up a loss and an accuracy costs as much as an update does. So `write_gradient` only leaves two rows an epoch, from
    which `metrics` works out a block of epochs.

    Args:
        logits: shape (classes, batch + padding), where the network writes.
        gradient: the same shape; `write_gradient` writes the gradient of the mean loss by the logits. It is NaN for all
            classes of a point one of whose logits is NaN, or whose largest is infinite.
        labels: shape (batch,).
        block: the number of epochs that can wait to be settled.
    """

    def __init__(self, logits: FloatArray, gradient: FloatArray, labels: IntArray, block: int) -> None:
        (classes, columns), batch, dtype = logits.shape, len(labels), logits.dtype
        self.logits, self.gradient, self.labels, self.batch = logits, gradient, labels, batch
        self.target = aligned(logits.shape, dtype)
        self.target[labels, np.arange(batch)] = 1.0 / batch
        # The largest logits, by halves that share the middle row where their number is odd. A reduction takes twice as
        # long where classes are few.
        self.tournament: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        winners = logits
        while len(winners) > 1:
            half = (len(winners) + 1) // 2
            better = aligned((half, columns), dtype)
            self.tournament.append((winners[:half], winners[-half:], better))
            winners = better
        self.largest = winners[0]
        self.floor = aligned(logits.shape, dtype, fill=log(np.finfo(dtype).tiny) / 2)
        self.summing = aligned((classes, classes), dtype, fill=batch)
        self.shifted = aligned((block, classes, columns), dtype)  # the logits less the largest of their point
        self.flat = self.shifted.reshape(block, -1)
        self.right = labels * columns + np.arange(batch)  # where in a row of `flat` each point's own class is
        self.totals = aligned((block, classes, columns), dtype)  # the softmax's denominator times the batch, repeated
        self.rows = list(zip(self.shifted, self.totals, strict=True))
        # Zeros are counted three times as fast among integers. There is no -0.0: a sum that a bias of +0.0 is in has none.
        self.bits = self.shifted.view(f"i{dtype.itemsize}")
        self.untied = (classes - 1) * batch  # numbers other than zero in a row without ties; all logits of padding tie
        # Memory for `metrics`, which spends a third of its time on getting new.
        self.margins, self.losses = aligned((block, batch), dtype), aligned((block, batch), dtype)
        self.hits = aligned((block, batch), np.bool_)

    def write_gradient(self, row: int) -> None:
        """Write the gradient, and into `row` what `metrics` needs."""
        gradient, (shifted, total) = self.gradient, self.rows[row]
        for one, other, better in self.tournament:
            maximum(one, other, out=better)
        subtract(self.logits, self.largest, shifted)
        # Subnormal probabilities would make the products that follow tens of times slower.
        maximum(shifted, self.floor, out=gradient)
        exp(gradient, gradient)
        # Once for each class, as a division of equal shapes is twice as fast as a broadcast one.
        self.summing.dot(gradient, total)
        divide(gradient, total, gradient)
        subtract(gradient, self.target, gradient)

    def accuracy(self, row: int) -> float:
        """The accuracy of the epoch in `row`, which waits to be settled."""
        bits = self.bits[row]
        if np.count_nonzero(bits) == self.untied:
            return (self.batch - int(np.count_nonzero(bits.take(self.right)))) / self.batch
        return float(self._accuracies(slice(row, row + 1))[0])

    def metrics(self, rows: int) -> tuple[FloatArray, FloatArray]:
        """Mean clipped cross-entropy in nats and accuracy of the epochs in the first `rows` rows, shape (rows,) each."""
        which = slice(rows)
        accuracies = self._accuracies(which)
        losses = self.losses[which]
        np.divide(self.totals[which, 0, : self.batch], self.batch, losses)
        np.log(losses, losses)
        np.subtract(losses, self.margins[which], losses)
        losses.clip(LOWEST, HIGHEST, losses)
        return np.add.reduce(losses, axis=1, dtype=np.float64) / self.batch, accuracies

    def _accuracies(self, rows: slice) -> FloatArray:
        """The accuracies of the epochs in `rows`; on the way, `margins`: the own class's logit less the largest."""
        shifted, margins, hits = self.shifted[rows], self.margins[rows], self.hits[rows]
        self.flat[rows].take(self.right, 1, margins, "clip")
        np.equal(margins, 0, hits)
        if np.count_nonzero(self.bits[rows]) != self.untied * len(shifted):  # somewhere the first of equals wins
            np.equal(shifted[:, :, : self.batch].argmax(1), self.labels, hits)
        accuracies: FloatArray = np.add.reduce(hits, axis=1, dtype=np.uint32) / self.batch
        return accuracies
