"""What one training run leaves behind. Arrays alone, so that it travels between processes and into an `.npz`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Literal

from nnbench.core.arrays import FloatArray, IntArray

Outcome = Literal["finished", "stopped", "diverged"]


@dataclass(frozen=True, kw_only=True)
class History:
    """One run, epoch by epoch.

    Epoch `e` is measured before its update, so epoch 0 shows the initial weights and the last row the weights that
    `weights` holds. A diverged run keeps only its finite rows; there `weights` are those of the last finite epoch
    where they are finite at all.

    Attributes
    ----------
    train_loss : numpy.ndarray
        Mean cross-entropy in nats on the training points, one value an epoch, shape (n,); of probabilities
        clipped to [1e-7, 1 - 1e-7], as in the notebook.
    train_accuracy : numpy.ndarray
        Share of training points classified rightly, shape (n,).
    evaluated : numpy.ndarray
        The epochs at which the validation points were looked at, ascending, shape (m,).
    val_loss : numpy.ndarray
        Mean cross-entropy on the validation points, not clipped, shape (m,); empty where there are none.
    val_accuracy : numpy.ndarray
        Likewise.
    test_loss : float
        Mean cross-entropy on the test points with the final weights, not clipped; NaN where there are none or the
        run diverged.
    test_accuracy : float
        Likewise.
    best_epoch : int or None
        The first of the evaluated epochs with the lowest validation loss; None where there is none. A diverged
        run has one among the epochs before.
    best_test_loss : float
        On the test points with the weights of `best_epoch`; NaN where there are none.
    best_test_accuracy : float
        Likewise.
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
    evaluated: IntArray
    val_loss: FloatArray
    val_accuracy: FloatArray
    test_loss: float
    test_accuracy: float
    best_epoch: int | None = None
    best_test_loss: float = nan
    best_test_accuracy: float = nan
    weights: tuple[FloatArray, ...]
    checkpoints: dict[int, tuple[FloatArray, ...]] = field(default_factory=dict)
    outcome: Outcome
    diverged_at: int | None = None
    seconds: float
    references: Mapping[str, float] = field(default_factory=dict)
