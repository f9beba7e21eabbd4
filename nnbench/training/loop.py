"""Training loop: a pure function of network, optimizer and points, without input, output or global state."""

from collections.abc import Collection, Sequence
from math import inf, isfinite, isnan, nan
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.datasets.base import Points
from nnbench.nn import Network, SoftmaxCrossEntropy, logits, score
from nnbench.optimizers.base import Optimizer
from nnbench.records.history import History, Outcome
from nnbench.training.pieces import IterationsPer
from nnbench.training.stepper import Stepper

BLOCK = 32  # epochs whose loss and accuracy are computed together, or fewer,
MAX_BUFFERED_LOGITS = 2**22  # so that at most so many logits are buffered


def evaluation_epochs(epochs: int) -> IntArray:
    """Return the epochs with a validation score: about 100, denser early, including the first and the last."""
    last = epochs - 1
    even = np.linspace(0, last, 50)
    early = np.geomspace(1, max(last, 1), 60)
    return np.unique(np.concatenate([even, early]).round().astype(np.int64).clip(0, last))


def train(
    network: Network,
    optimizer: Optimizer,
    train: Points,
    val: Points | None,
    test: Points | None,
    *,
    epochs: int,
    iterations_per: IterationsPer = "step",
    stop_at_accuracy: float | None = None,
    checkpoints: Collection[int] = (),
    rng: Generator | None = None,
) -> History:
    """Train `network` from its current weights, on the full batch in each epoch.

    Args:
        network: its batch size is the number of training points; it ends with the weights of the last epoch.
        optimizer: not changed; each call starts with fresh state.
        train: the training points.
        val: scored at `evaluation_epochs`, and at the last epoch if the run stops early.
        test: scored once, after training: with the final weights, and with those of the lowest validation loss.
        epochs: passes over the points; the first is measured before any update.
        iterations_per: unit of the optimizer's iteration count, see `nnbench.training.stepper.Stepper`.
        stop_at_accuracy: stop once the training accuracy reaches this.
        checkpoints: epochs at which the weights are saved.
        rng: random numbers for the optimizer; default `numpy.random.default_rng(0)`.

    Raises:
        ValueError: the points do not fit the network.
        TypeError: the optimizer does not work in place.
        Exception: raised by the optimizer; a note names the step.
    """
    if epochs < 1 or train.x.shape != network.points.T.shape or train.labels.max() >= len(network.logits):
        raise ValueError(f"{epochs} epochs on points of shape {train.x.shape} do not fit the network")
    started = perf_counter()
    metrics: list[tuple[FloatArray, FloatArray]] = []
    evaluated: dict[int, tuple[float, float]] = {}
    snapshots: dict[int, tuple[FloatArray, ...]] = {}
    best: _Best | None = None
    outcome: Outcome = "finished"
    evaluate_at, save_at, last = set(evaluation_epochs(epochs).tolist()), set(checkpoints), epochs - 1
    block = max(1, min(BLOCK, MAX_BUFFERED_LOGITS // network.logits.size))
    pauses = evaluate_at | save_at | set(range(block - 1, epochs, block)) | {last}
    with np.errstate(all="ignore"):  # divergence is detected once per epoch
        network.points[:] = train.x.T
        parameters = network.parameters
        previous, gradients = parameters.copy(), network.gradients
        loss = SoftmaxCrossEntropy(network.logits, network.logit_gradients, train.labels, block)
        forward, write_gradient, backward = network.forward, loss.write_gradient, network.backward
        layers = list(zip(network.weights, network.weight_gradients, strict=True))
        step = Stepper(optimizer, parameters, network.gradients, layers, iterations_per=iterations_per, rng=rng).step
        for epoch in range(epochs):
            row = epoch % block
            forward()
            write_gradient(row)
            backward()
            if isnan(gradients.item(-1)):  # if any parameter or any point's largest logit is not finite
                outcome = "diverged"
                metrics.append(loss.metrics(row))
                parameters[:] = previous
                break
            if stop_at_accuracy is not None and loss.accuracy(row) >= stop_at_accuracy:
                outcome = "stopped"
            if epoch in pauses or outcome == "stopped":
                done = epoch == last or outcome == "stopped"
                if done or row == block - 1:
                    metrics.append(loss.metrics(row + 1))
                if epoch in save_at:
                    snapshots[epoch] = network.snapshot()
                if done or epoch in evaluate_at:
                    evaluated[epoch] = _score(network, val)
                    if evaluated[epoch][0] < (inf if best is None else best.val_loss):
                        best = _Best(epoch, evaluated[epoch][0], network.snapshot())
                if done:
                    break
            previous[:] = parameters
            step(epoch)
        seconds = perf_counter() - started
        test_loss, test_accuracy = _score(network, None if outcome == "diverged" else test)
        best_test_loss, best_test_accuracy = (nan, nan) if best is None else _score(network, test, best.weights)

    train_loss, train_accuracy = (np.concatenate(values) for values in zip(*metrics, strict=True))
    finite = {epoch: values for epoch, values in evaluated.items() if isfinite(values[0])}
    val_loss, val_accuracy = np.array(list(finite.values())).reshape(-1, 2).T
    return History(
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        evaluated=np.array(list(finite), np.int64),
        val_loss=val_loss,
        val_accuracy=val_accuracy,
        test_loss=test_loss,
        test_accuracy=test_accuracy,
        best_epoch=None if best is None else best.epoch,
        best_test_loss=best_test_loss,
        best_test_accuracy=best_test_accuracy,
        weights=network.snapshot(),
        checkpoints=snapshots,
        outcome=outcome,
        diverged_at=len(train_loss) if outcome == "diverged" else None,
        seconds=seconds,
    )


class _Best(NamedTuple):
    """Epoch with the lowest validation loss so far, and its weights."""

    epoch: int
    val_loss: float
    weights: tuple[FloatArray, ...]


def _score(network: Network, points: Points | None, weights: Sequence[FloatArray] | None = None) -> tuple[float, float]:
    """Return loss and accuracy on held-out points, with the network's weights or given ones; NaN without points."""
    if points is None or not len(points.labels):
        return nan, nan
    return score(logits(weights or network.weights, points.x, network.activation), points.labels)
