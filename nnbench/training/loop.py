"""Training loop: a pure function of network, optimizer and points, without input, output or global state."""

from collections.abc import Collection, Mapping
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.random import Generator, default_rng

from nnbench.core.arrays import IntArray
from nnbench.datasets.base import Points
from nnbench.nn import LOSSES, Network
from nnbench.optimizers.base import Optimizer
from nnbench.records.history import History
from nnbench.schedules.base import Schedule
from nnbench.training.batches import MiniBatches
from nnbench.training.budget import Budget
from nnbench.training.evaluation import CountedClosure, Evaluator, Groups
from nnbench.training.full_batch import FullBatch
from nnbench.training.pieces import IterationsPer
from nnbench.training.regularization import Regularization
from nnbench.training.stepper import OFF, Stepper


def train(
    network: Network,
    optimizer: Optimizer,
    train: Points,
    val: Points | None,
    test: Points | None,
    *,
    epochs: int,
    budget: Budget | None = None,
    loss: Literal["cross_entropy", "mean_squared_error"] = "cross_entropy",
    iterations_per: IterationsPer = "step",
    schedule: Schedule | None = None,
    regularization: Regularization = OFF,
    stop_at_accuracy: float | None = None,
    groups: Mapping[str, IntArray] | None = None,
    checkpoints: Collection[int] | Literal["auto"] = (),
    rng: Generator | None = None,
    order: Generator | None = None,
    dropout: Generator | None = None,
) -> History:
    """Train `network` from its current weights, on the full batch or on mini-batches of its batch size.

    Args:
        network: it ends with the weights of the last epoch. On fewer points than there are, each epoch takes the points in
            an order of its own, and its last batch has the rest.
        optimizer: not changed; each call starts with fresh state.
        train: the training points.
        val: scored at `evaluation_epochs`, and at the last epoch if the run stops early.
        test: scored once, after training: with the final weights, and with those of the lowest validation loss.
        epochs: passes over the points; the first is measured before any update, the last is not followed by one.
        budget: of the updates; None for `epochs` - 1 passes, otherwise `epochs` has no effect.
        loss: that is minimised, a key of `LOSSES`.
        iterations_per: unit of the optimizer's iteration count, see `nnbench.training.stepper.Stepper`.
        schedule: of the learning rate over all steps; None for a constant rate.
        regularization: weight decay, L2 penalty and clipping.
        stop_at_accuracy: stop once the training accuracy reaches this; it is known at each epoch or, with mini-batches or
            dropout, at the evaluated ones.
        groups: positions of training points by name; the mean loss of each group is measured at the evaluated epochs.
        checkpoints: epochs at which the weights are saved; `auto` for about 25, see `checkpoint_epochs`.
        rng: random numbers for the optimizer; default `numpy.random.default_rng(0)`.
        order: of the points in mini-batches; same default.
        dropout: of the network; same default.

    Raises:
        ValueError: the points do not fit the network, or the optimizer does not fit the training.
        TypeError: the optimizer does not work in place.
        Exception: raised by the optimizer; a note names the step.
    """
    features, outputs, kind = network.widths[0], network.widths[-1], LOSSES[loss]
    needed = int(train.labels.max()) + 1 if loss == "cross_entropy" else train.targets.shape[1]
    if epochs < 1 or train.x.shape[1] != features or network.batch > len(train) or needed > outputs:
        raise ValueError(f"{epochs} epochs on points of shape {train.x.shape} do not fit the network")
    if stop_at_accuracy is not None and loss != "cross_entropy":
        raise ValueError("a regression has no accuracy to stop at")
    started = perf_counter()
    with np.errstate(all="ignore"):  # divergence is detected in each step
        loop: FullBatch | MiniBatches
        if network.batch == len(train) and not network.dropout:
            loop = FullBatch(network, kind, train)
        elif optimizer.full_batch:
            raise ValueError(f"{type(optimizer).__name__} needs the full batch, without dropout")
        else:
            loop = MiniBatches(network, kind, train, order or default_rng(0), dropout or default_rng(0))
        length = (budget or Budget(amount=epochs - 1, unit="epochs")).length(loop.steps)
        closure = CountedClosure(loop.closure)
        stepper = Stepper(
            optimizer,
            network.parameters,
            network.gradients,
            list(zip(network.weights, network.weight_gradients, strict=True)),
            iterations_per=iterations_per,
            rng=rng,
            multiplier=None if schedule is None else length.multiplier(schedule, closure),
            regularization=regularization,
            closure=closure,
        )
        evaluator = Evaluator(
            network,
            kind,
            val,
            test,
            Groups(train, groups or {}),
            epochs=length.epochs,
            checkpoints=checkpoints,
            stepper=stepper,
            closure=closure,
        )
        curves = loop.train(
            evaluator, stepper.step, length=length, limit=length.limit(closure), stop_at_accuracy=stop_at_accuracy
        )
        return evaluator.history(curves, perf_counter() - started)
