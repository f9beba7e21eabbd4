"""Softmax and cross-entropy, taken together as one function of the logits."""

from math import log

import numpy as np

from nnbench.history import FloatArray, IntArray
from nnbench.nn.buffers import aligned

CLIP = 1e-7  # probabilities are clipped to [CLIP, 1 - CLIP], so that one hopeless point cannot make the loss infinite
LOWEST, HIGHEST = -log(1.0 - CLIP), -log(CLIP)


def score(logits: FloatArray, labels: IntArray) -> tuple[float, float]:
    """Mean cross-entropy in nats, and the share of points whose first largest logit is the right one.

    Args:
        logits: shape (n, classes).
        labels: shape (n,).
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(losses.clip(LOWEST, HIGHEST).mean(dtype=np.float64)), float(np.mean(logits.argmax(axis=1) == labels))


class SoftmaxCrossEntropy:
    """The loss of the training batch: its gradient at once, its value and the accuracy for many epochs together.

    Summing up a loss and an accuracy costs as much as an update does. So `measure` only leaves two rows an epoch, from
    which `settle` works out a block of epochs.

    Args:
        logits: shape (classes, batch + padding), where the network writes; `measure` spoils it.
        gradient: the same shape; `measure` writes the gradient of the mean loss by the logits.
        labels: shape (batch,).
        block: the number of epochs that can wait to be settled.
    """

    def __init__(self, logits: FloatArray, gradient: FloatArray, labels: IntArray, block: int) -> None:
        (classes, columns), batch, dtype = logits.shape, len(labels), logits.dtype
        self.logits, self.gradient, self.labels, self.batch = logits, gradient, labels, batch
        self.flat = logits.reshape(-1)
        self.right = labels * columns + np.arange(batch)  # where in `flat` each point's own class is
        self.target = aligned(logits.shape, dtype)
        self.target[labels, np.arange(batch)] = 1.0 / batch
        self.largest = aligned((columns,), dtype)
        self.floor = aligned(logits.shape, dtype, fill=log(np.finfo(dtype).tiny) / 2)
        self.summing = aligned((classes, classes), dtype, fill=batch)
        self.margins = aligned((block, batch), dtype)  # the own class's logit less the largest
        self.totals = aligned((block, classes, columns), dtype)  # the softmax's denominator times the batch, repeated
        self.margin_rows, self.total_rows = list(self.margins), list(self.totals)
        self.ties = np.zeros(block, np.int64)  # points that tie for the largest logit and are wrong all the same
        # Zeros are counted three times as fast among integers. There is no -0.0: a sum that a bias of +0.0 is in has none.
        self.bits = logits.view(f"i{dtype.itemsize}")
        self.untied = (classes - 1) * batch

    def measure(self, row: int) -> bool:
        """Write the gradient, and into `row` what `settle` needs; False if a logit is NaN or a largest one infinite."""
        logits, gradient, total = self.logits, self.gradient, self.total_rows[row]
        np.maximum.reduce(logits, axis=0, out=self.largest)
        np.subtract(logits, self.largest, logits)
        self.flat.take(self.right, None, self.margin_rows[row], "clip")
        # Subnormal probabilities would make the products that follow tens of times slower.
        np.maximum(logits, self.floor, out=logits)
        np.exp(logits, gradient)
        # Once for each class, as a division of equal shapes is twice as fast as a broadcast one.
        self.summing.dot(gradient, total)
        np.divide(gradient, total, gradient)
        np.subtract(gradient, self.target, gradient)
        return np.count_nonzero(self.bits) == self.untied or self._untie(row)

    def _untie(self, row: int) -> bool:
        """One zero a point is the rule. Otherwise there is a NaN, or a tie, which the first of the largest logits wins."""
        logits = self.logits[:, : self.batch]
        if np.isnan(logits).any():
            return False
        self.ties[row] = np.count_nonzero(self.margins[row] == 0) - np.count_nonzero(logits.argmax(0) == self.labels)
        return True

    def accuracy(self, row: int) -> float:
        """The accuracy of the epoch in `row`, which waits to be settled."""
        return float(np.count_nonzero(self.margins[row] == 0) - self.ties[row]) / self.batch

    def settle(self, rows: int) -> tuple[FloatArray, FloatArray]:
        """The mean cross-entropy in nats and the accuracy of the epochs in the first `rows` rows, shape (rows,) each."""
        margins = self.margins[:rows]
        losses = self.totals[:rows, 0, : self.batch] / self.batch
        np.log(losses, losses)
        np.subtract(losses, margins, losses)
        np.clip(losses, LOWEST, HIGHEST, out=losses)
        accuracies = (np.count_nonzero(margins == 0, axis=1) - self.ties[:rows]) / self.batch
        self.ties.fill(0)
        return losses.mean(axis=1, dtype=np.float64), accuracies
