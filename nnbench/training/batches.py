"""Training on mini-batches, or with dropout: each epoch uses every training point once, in a new random order."""

from collections.abc import Callable
from math import isfinite, isnan, nan

import numpy as np
from numpy.random import Generator

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.datasets.base import Points
from nnbench.nn import Loss, Network
from nnbench.records.history import Outcome
from nnbench.training.budget import Length, Limit
from nnbench.training.evaluation import Curves, Evaluator

BLOCK = 32  # steps whose losses are computed together
CHUNK = 512  # points of a full pass that are computed together


class Batch:
    """Network and loss of a batch size, and the buffers through which its points are gathered.

    Args:
        network: its batch size counts.
        loss: of the points.
        x: of all training points, shape (n, features), in the dtype of the network.
        targets: of all training points.
    """

    def __init__(self, network: Network, loss: type[Loss], x: FloatArray, targets: IntArray | FloatArray) -> None:
        self.network, self.x = network, x
        self.loss = loss(network.outputs, network.output_gradients, targets, BLOCK + 1, network.batch)
        self._gathered = np.empty((network.batch, x.shape[1]), x.dtype)

    def gather(self, points: IntArray) -> None:
        """Set points and targets of the batch to those at some positions, shape (batch,)."""
        self.x.take(points, 0, self._gathered, "clip")  # any other mode copies `out`
        np.copyto(self.network.points, self._gathered.T)
        self.loss.gather(points)

    def compute(self, row: int) -> None:
        """Compute the gradients, and buffer in `row` the values for the loss."""
        self.network.forward()
        self.loss.write_gradient(row)
        self.loss.buffer_batch(row)
        self.network.backward()

    def closure(self) -> float:
        """Compute the gradients of the batch once more, and return the loss; the rows of the steps stay as they are."""
        self.compute(BLOCK)
        return float(self.loss.batch_losses(slice(BLOCK, None))[0])


class FullPass:
    """Loss and measure of all points, without dropout, by a network that computes `CHUNK` of them at a time.

    Args:
        network: whose parameters count.
        loss: by which the points are scored.
        x: shape (n, features), in the dtype of the network.
        targets: of the points.
    """

    def __init__(self, network: Network, loss: type[Loss], x: FloatArray, targets: IntArray | FloatArray) -> None:
        self.loss, self.targets = loss, targets
        self._outputs = np.empty((len(network.outputs), len(x)), x.dtype)
        self._passes: list[tuple[Network, FloatArray, FloatArray]] = []
        by_size: dict[int, Network] = {}
        for start in range(0, len(x), CHUNK):
            part = slice(start, start + CHUNK)
            size = len(x[part])
            made = by_size[size] = by_size.get(size) or network.with_batch(size, dropout=0.0)
            self._passes.append((made, np.ascontiguousarray(x[part].T), self._outputs[:, part]))

    def score(self) -> tuple[float, float]:
        """Return loss and measure at the present parameters, as of a training batch."""
        for network, points, outputs in self._passes:
            np.copyto(network.points, points)
            network.forward()
            np.copyto(outputs, network.outputs[:, : network.batch])
        return self.loss.train_score(self._outputs.T, self.targets)


class MiniBatches:
    """Training on batches of the points, in an order that is drawn for each epoch.

    Args:
        network: its batch size is that of all batches but the last, which has the rest of the points.
        loss: of the points.
        points: the training points.
        order: random numbers for the order.
        dropout: random numbers for dropout.

    Attributes:
        groups: batches of one size with the positions of the points of each, up to `BLOCK` of them; in their order, all of
            an epoch. The positions are views of one array, which `shuffle` changes.
        steps: batches in an epoch.
    """

    def __init__(self, network: Network, loss: type[Loss], points: Points, order: Generator, dropout: Generator) -> None:
        x, size = points.x.astype(network.parameters.dtype), network.batch
        self.network = network
        self._order, self._dropout, self._positions = order, dropout, np.arange(len(x))
        slices = [self._positions[start : start + size] for start in range(0, len(x), size)]
        rest = [slices.pop()] if len(x) % size else []
        whole = Batch(network.with_batch(size), loss, x, points.y)
        self.groups = [(whole, slices[start : start + BLOCK]) for start in range(0, len(slices), BLOCK)]
        if rest:
            self.groups.append((Batch(network.with_batch(len(rest[0])), loss, x, points.y), rest))
        self.steps = sum(len(slices) for _, slices in self.groups)
        self._current, self._full_pass = whole, FullPass(network, loss, x, points.y)

    def shuffle(self) -> None:
        """Draw another order, for one epoch."""
        self._order.shuffle(self._positions)

    def compute(self, batch: Batch, row: int, positions: IntArray) -> None:
        """Compute the gradients of a batch with some of the points, shape (batch size,)."""
        self._current = batch
        batch.gather(positions)
        batch.network.draw_masks(self._dropout)
        batch.compute(row)

    def closure(self) -> float:
        """Compute the gradients of the present batch once more, with the same dropout, and return the loss."""
        return self._current.closure()

    def train(
        self,
        evaluator: Evaluator,
        step: Callable[[int], None],
        *,
        length: Length,
        limit: Limit | None,
        stop_at_accuracy: float | None,
    ) -> Curves:
        """Train for some epochs. Training loss and measure are those of a pass over all points, at the evaluated epochs.

        The last epoch is cut short where the length or the limit says so. A run that diverges within an epoch ends with the
        parameters at its beginning, which are those of its row.
        """
        loss, measure = np.full(length.epochs, nan), np.full(length.epochs, nan)
        batch_loss = np.empty(length.steps, np.float32)
        parameters = self.network.parameters
        previous = parameters.copy()
        k = rows = 0
        last = length.epochs - 1
        outcome: Outcome = "finished"
        for epoch in range(length.epochs):
            if not isfinite(np.add.reduce(parameters)):
                outcome = "diverged"
                break
            if epoch in evaluator.due or epoch == last:
                loss[epoch], measure[epoch] = self._full_pass.score()
                if not isfinite(loss[epoch]):
                    outcome = "diverged"
                    break
                if stop_at_accuracy is not None and measure[epoch] >= stop_at_accuracy:
                    outcome = "stopped"
                done = epoch == last or outcome == "stopped"
                evaluator.visit(epoch, steps=k, done=done)
                if done:
                    rows = epoch + 1
                    break
            self.shuffle()
            made, diverged = self._train_epoch(step, k, previous, batch_loss, limit)
            rows, k = epoch + bool(made), k + made
            if diverged:
                outcome = "diverged"
                break
            if limit is not None and limit.reached:
                last = epoch + 1
        if outcome == "diverged":
            self.network.parameters[:] = previous
        return Curves(outcome, loss[:rows], measure[:rows], batch_loss[:k])

    def _train_epoch(
        self, step: Callable[[int], None], k: int, previous: FloatArray, batch_loss: FloatArray, limit: Limit | None
    ) -> tuple[int, bool]:
        """Make the steps of an epoch, from step k on; return how many, and whether a gradient was not finite.

        Args:
            step: makes a step from the gradients.
            k: steps made before.
            previous: set to the parameters at the beginning of the epoch, if they are found finite.
            batch_loss: the losses are written here, from k on; the training ends where it does.
            limit: on the evaluations; None if there is none.
        """
        parameters, gradients = self.network.parameters, self.network.gradients
        before_step = None if limit is None else parameters.copy()
        made = 0
        for batch, all_slices in self.groups:
            before = made
            slices = all_slices[: len(batch_loss) - k - made]
            for row, positions in enumerate(slices):
                self.compute(batch, row, positions)
                if isnan(gradients.item(-1)):  # if the loss of any point in the batch is not finite
                    break
                if not made:
                    previous[:] = parameters
                if before_step is not None:
                    before_step[:] = parameters
                step(k + made)
                made += 1
                if limit is not None and (left := limit.left(k + made)) <= 0:
                    if left < 0:
                        parameters[:] = before_step
                    break
            count = made - before
            batch_loss[k + before : k + made] = batch.loss.batch_losses(slice(count))
            if limit is not None and limit.reached:
                break
            if count < len(slices):
                return made, True
        return made, False
