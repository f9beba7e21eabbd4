"""Training on all points in each step, without dropout: the gradient's own forward pass measures the training points."""

from collections.abc import Callable
from math import isnan

import numpy as np

from nnbench.core.arrays import FloatArray
from nnbench.datasets.base import Points
from nnbench.nn import Loss, Network
from nnbench.records.history import Outcome
from nnbench.training.budget import Length, Limit
from nnbench.training.evaluation import Curves, Evaluator

BLOCK = 32  # epochs whose loss and measure are computed together, or fewer,
MAX_BUFFERED_OUTPUTS = 2**22  # so that at most so many outputs are buffered


class FullBatch:
    """Training on all points, in their order.

    Args:
        network: its batch size is the number of points.
        loss: that is minimised.
        points: the training points.

    Attributes:
        steps: in an epoch.
    """

    steps = 1

    def __init__(self, network: Network, loss: type[Loss], points: Points) -> None:
        self.network, self.block = network, max(1, min(BLOCK, MAX_BUFFERED_OUTPUTS // network.outputs.size))
        network.points[:] = points.x.T
        self.loss = loss(network.outputs, network.output_gradients, points.y, self.block + 1)

    def closure(self) -> float:
        """Compute the gradients at the present parameters, and return the loss; the rows of the epochs stay as they are."""
        self.network.forward()
        self.loss.write_gradient(self.block)
        self.loss.buffer_batch(self.block)
        self.network.backward()
        return float(self.loss.batch_losses(slice(self.block, None))[0])

    def train(
        self,
        evaluator: Evaluator,
        step: Callable[[int], None],
        *,
        length: Length,
        limit: Limit | None,
        stop_at_accuracy: float | None,
    ) -> Curves:
        """Train for some epochs, a step each, or until the limit on the evaluations is reached."""
        network, loss, block, last = self.network, self.loss, self.block, length.epochs - 1
        forward, write_gradient, backward = network.forward, loss.write_gradient, network.backward
        parameters, gradients = network.parameters, network.gradients
        previous = parameters.copy()
        pauses = evaluator.due | set(range(block - 1, length.epochs, block))
        metrics: list[tuple[FloatArray, FloatArray]] = []
        outcome: Outcome = "finished"
        for epoch in range(length.epochs):
            row = epoch % block
            forward()
            write_gradient(row)
            backward()
            if isnan(gradients.item(-1)):  # if any parameter or the loss of any point is not finite
                outcome = "diverged"
                metrics.append(loss.metrics(row))
                parameters[:] = previous
                break
            if stop_at_accuracy is not None and loss.measure(row) >= stop_at_accuracy:
                outcome = "stopped"
            if epoch in pauses or outcome == "stopped":
                done = epoch == last or outcome == "stopped"
                if done or row == block - 1:
                    metrics.append(loss.metrics(row + 1))
                evaluator.visit(epoch, steps=epoch, done=done)
                if done:
                    break
            previous[:] = parameters
            step(epoch)
            if limit is not None and (left := limit.left(epoch + 1)) <= 0:
                last = epoch + 1
                pauses.add(last)
                if left < 0:
                    parameters[:] = previous
        losses, measures = (np.concatenate(values) for values in zip(*metrics, strict=True))
        return Curves(outcome, losses, measures, np.empty(0, np.float32))
