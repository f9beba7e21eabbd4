"""What one training run leaves behind. Arrays alone, so that it travels between processes and into an `.npz`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Literal

import numpy as np

from nnbench.core.arrays import FloatArray, IntArray

Outcome = Literal["finished", "stopped", "diverged"]


def _none() -> FloatArray:
    return np.empty(0)


def _no_counts() -> IntArray:
    return np.empty(0, np.int64)


@dataclass(frozen=True, kw_only=True)
class History:
    """One run, epoch by epoch.

    Epoch `e` is measured before its updates, so epoch 0 shows the initial weights and the last row the weights that
    `weights` holds. A diverged run keeps only its finite rows; there `weights` are those of the last finite epoch
    where they are finite at all.

    Trained on mini-batches or with dropout, the training points are measured by a pass over all of them, without
    dropout, at the evaluated epochs; `train_loss` and its like are NaN at the others.

    Attributes
    ----------
    train_loss : numpy.ndarray
        Mean loss on the training points, one value an epoch, shape (n,): cross-entropy in nats, of probabilities
        clipped to [1e-7, 1 - 1e-7], as in the notebook; or mean squared error, in the squared unit of the targets.
    train_accuracy : numpy.ndarray
        Share of training points classified rightly, shape (n,); empty in a regression.
    train_r2 : numpy.ndarray
        Coefficient of determination on the training points, shape (n,); empty in a classification.
    evaluated : numpy.ndarray
        The epochs at which the run was evaluated, ascending, shape (m,); without those at which the loss on
        validation points was not finite.
    steps : numpy.ndarray
        How many updates were made before each of the evaluated epochs, shape (m,).
    gradient_evaluations : numpy.ndarray
        How many gradients had been computed for these updates, shape (m,): as many, or more where the optimizer
        asks for its own.
    val_loss : numpy.ndarray
        Mean loss on the validation points, of cross-entropy not clipped, shape (m,); empty where there are none.
    val_accuracy, val_r2 : numpy.ndarray
        Likewise.
    test_loss : float
        Mean loss on the test points with the final weights, of cross-entropy not clipped; NaN where there are none
        or the run diverged.
    test_accuracy, test_r2 : float
        Likewise.
    diagnostics : mapping
        What the optimizer reports of itself at the evaluated epochs, by name, shape (m,); NaN where it reported nothing.
    best_epoch : int or None
        The first of the evaluated epochs with the lowest validation loss; None where there is none. A diverged
        run has one among the epochs before.
    best_test_loss : float
        On the test points with the weights of `best_epoch`; NaN where there are none.
    best_test_accuracy, best_test_r2 : float
        Likewise.
    batch_loss : numpy.ndarray
        Mean loss of the mini-batch of each step, before its update and with dropout, of cross-entropy not clipped,
        shape (steps,); empty where the full batch is trained on without dropout.
    weights : tuple of numpy.ndarray
        A layer each, shape (inputs + 1, outputs); the last row is the bias.
    checkpoints : dict
        epoch -> weights as they were at that epoch, in the form of `weights`.
    outcome : str
        `finished`, `stopped` (the accuracy asked for was reached) or `diverged` (the loss left the finite numbers).
    diverged_at : int or None
        The first epoch whose loss was not finite.
    seconds : float
        Wall-clock time of the training loop, evaluations included.
    references : mapping
        What other classifiers reach on the same points, by name, as `nnbench.training.references` gives them.

    Examples
    --------
    >>> from nnbench import train
    >>> from nnbench.optimizers.adam import Adam
    >>> history = train(Adam(learning_rate=0.05), epochs=101)
    >>> history.train_loss.shape, history.outcome
    ((101,), 'finished')
    >>> [layer.shape for layer in history.weights]
    [(3, 64), (65, 3)]
    """

    train_loss: FloatArray
    train_accuracy: FloatArray
    train_r2: FloatArray = field(default_factory=_none)
    evaluated: IntArray
    steps: IntArray = field(default_factory=_no_counts)
    gradient_evaluations: IntArray = field(default_factory=_no_counts)
    val_loss: FloatArray
    val_accuracy: FloatArray
    val_r2: FloatArray = field(default_factory=_none)
    test_loss: float
    test_accuracy: float
    test_r2: float = nan
    diagnostics: Mapping[str, FloatArray] = field(default_factory=dict)
    best_epoch: int | None = None
    best_test_loss: float = nan
    best_test_accuracy: float = nan
    best_test_r2: float = nan
    batch_loss: FloatArray = field(default_factory=_none)
    weights: tuple[FloatArray, ...]
    checkpoints: dict[int, tuple[FloatArray, ...]] = field(default_factory=dict)
    outcome: Outcome
    diverged_at: int | None = None
    seconds: float
    references: Mapping[str, float] = field(default_factory=dict)

    @property
    def counters(self) -> dict[str, IntArray]:
        """`steps` and `gradient_evaluations` by name; empty where each epoch is one step with one gradient."""
        if np.array_equal(self.evaluated, self.steps) and np.array_equal(self.steps, self.gradient_evaluations):
            return {}
        return {"steps": self.steps, "gradient_evaluations": self.gradient_evaluations} if len(self.steps) else {}
