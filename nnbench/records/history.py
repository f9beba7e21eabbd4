"""History of a training run, in arrays, so that it can be sent between processes and stored as `.npz`."""

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
    """History of a training run: its values at each epoch, its final values and its weights.

    Each epoch is measured before its updates, so the values at epoch 0 are those of the initial weights, and the last
    values are those of `weights`. The history of a diverged run ends at the last epoch with a finite loss.

    With mini-batches or dropout, the training points are measured at the evaluated epochs only, in one pass over all
    points without dropout; the arrays `train_...` are NaN at the other epochs.

    Attributes
    ----------
    train_loss : numpy.ndarray
        Mean loss on the training points at each epoch, shape (n,): cross-entropy in nats, of probabilities clipped to
        [1e-7, 1 - 1e-7], as in the notebook; or mean squared error, in the squared unit of the targets.
    train_accuracy : numpy.ndarray
        Share of training points that are classified correctly, shape (n,); empty for a regression.
    train_r2 : numpy.ndarray
        Coefficient of determination on the training points, shape (n,); empty for a classification.
    evaluated : numpy.ndarray
        Epochs at which the run was evaluated, ascending, shape (m,), without those at which the validation loss was
        not finite.
    steps : numpy.ndarray
        Number of updates before each evaluated epoch, shape (m,).
    gradient_evaluations : numpy.ndarray
        Number of gradients computed for these updates, shape (m,); it differs from `steps` if the optimizer computes
        gradients itself.
    val_loss : numpy.ndarray
        Mean loss on the validation points, shape (m,); empty without validation points. Cross-entropy is not clipped.
    val_accuracy, val_r2 : numpy.ndarray
        Accuracy and coefficient of determination on the validation points, shape (m,) or empty.
    test_loss : float
        Mean loss on the test points with the final weights; NaN without test points or if the run diverged.
        Cross-entropy is not clipped.
    test_accuracy, test_r2 : float
        Accuracy and coefficient of determination on the test points with the final weights, or NaN.
    diagnostics : mapping
        Numbers that the optimizer reports at the evaluated epochs, by name, shape (m,); NaN where it reported none.
    group_loss : mapping
        Mean loss on groups of training points at the evaluated epochs, by name, shape (m,); see `Dataset.groups`.
    best_epoch : int or None
        First evaluated epoch with the lowest validation loss; None without validation points.
    best_test_loss : float
        Mean loss on the test points with the weights of `best_epoch`; NaN if there are none.
    best_test_accuracy, best_test_r2 : float
        Accuracy and coefficient of determination on the test points with the weights of `best_epoch`, or NaN.
    batch_loss : numpy.ndarray
        Mean loss of the mini-batch of each step, before its update and with dropout, shape (steps,); empty for
        full-batch training without dropout. Cross-entropy is not clipped.
    weights : tuple of numpy.ndarray
        Final weights: an array for each layer, shape (inputs + 1, outputs), whose last row is the bias. For a diverged
        run, those of the last epoch with a finite loss, if they are finite.
    checkpoints : dict
        epoch -> weights at that epoch, in the form of `weights`.
    outcome : str
        `finished`, `stopped` (at `training.stop_at_accuracy`) or `diverged` (the loss was not finite).
    diverged_at : int or None
        First epoch at which the loss was not finite.
    seconds : float
        Wall-clock time of the training loop, evaluations included.
    references : mapping
        Results of reference models on the same points, by name; see `nnbench.training.references`.

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
    group_loss: Mapping[str, FloatArray] = field(default_factory=dict)
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
