"""What a store is told of a `History`: curves at about a hundred epochs, and the finals that a table can sort by."""

import math
from collections.abc import Iterator

import numpy as np
from mlflow.entities import Metric

from nnbench.records.history import History
from nnbench.records.npz import curve_epochs

TARGETS = (0.70, 0.80, 0.90)  # training accuracies whose first epoch is told; none above what the spiral's density allows
ROUNDING = 1e-6  # a share of points in float32 may fall this much short of itself


def points(history: History, ended: int) -> list[Metric]:
    """The metric points of a run, those of a metric in ascending order, all of them finite.

    Args:
        history: of the run.
        ended: when its training ended, ms since 1970; the epochs are laid out over the time before.
    """
    epochs = len(history.train_loss)
    shown = curve_epochs(epochs, history.evaluated)
    milliseconds = 1000 * history.seconds / max(epochs, 1)
    curves = {
        "train/loss": (shown, history.train_loss[shown]),
        "train/accuracy": (shown, history.train_accuracy[shown]),
        "val/loss": (history.evaluated, history.val_loss),
        "val/accuracy": (history.evaluated, history.val_accuracy),
    }
    found = [
        Metric(key, value, ended - int((epochs - step) * milliseconds), step)
        for key, (steps, values) in curves.items()
        if len(values)
        for step, value in zip(steps.tolist(), values.tolist(), strict=True)
        if math.isfinite(value)
    ]
    # At step 0, MLflow's pages draw what there is one of in a run as bars; elsewhere, as a curve of a single point.
    last = max(epochs - 1, 0)
    return found + [
        Metric(key, value, ended, last if key.startswith("test/") else 0)
        for key, value in finals(history)
        if math.isfinite(value)
    ]


def finals(history: History) -> Iterator[tuple[str, float]]:
    """One number a metric; of a diverged run they are those of its last finite epoch.

    `best/val_loss` and `best/val_accuracy` are the lowest loss and the highest accuracy of any evaluated epoch, each by
    itself; `best/epoch`, `best/test_loss` and `best/test_accuracy` belong to the one with the lowest validation loss.
    `reference/` is what other classifiers reach on the same points.
    """
    epochs = len(history.train_loss)
    yield "test/loss", float(history.test_loss)
    yield "test/accuracy", float(history.test_accuracy)
    if epochs:
        yield "final/train_loss", float(history.train_loss[-1])
        yield "final/train_accuracy", float(history.train_accuracy[-1])
    if len(history.val_loss):
        yield "final/val_loss", float(history.val_loss[-1])
        yield "final/val_accuracy", float(history.val_accuracy[-1])
        yield "best/val_loss", float(np.fmin.reduce(history.val_loss))
        yield "best/val_accuracy", float(np.fmax.reduce(history.val_accuracy))
    if history.best_epoch is not None:
        yield "best/epoch", float(history.best_epoch)
        yield "best/test_loss", float(history.best_test_loss)
        yield "best/test_accuracy", float(history.best_test_accuracy)
    for name, value in history.references.items():
        yield f"reference/{name}", float(value)
    yield "time/train_seconds", float(history.seconds)
    yield "time/epoch_us", 1e6 * history.seconds / max(epochs, 1)
    for target in TARGETS:
        reached = history.train_accuracy >= target - ROUNDING
        if reached.any():
            yield f"epochs_to/{target:.2f}", float(reached.argmax())
    if history.diverged_at is not None:
        yield "diverged_at_epoch", float(history.diverged_at)
