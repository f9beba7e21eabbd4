"""What one training run leaves behind. Arrays alone, so that it travels between processes and into an `.npz`."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]

Outcome = Literal["finished", "stopped", "diverged"]


@dataclass(frozen=True, kw_only=True)
class History:
    """One run, epoch by epoch.

    Epoch `e` is measured before its update, so epoch 0 shows the initial weights and the last row the weights that
    `weights` holds. A diverged run keeps only its finite rows; there `weights` are those of the last finite epoch
    where they are finite at all.

    Attributes:
        train_loss: mean cross-entropy in nats on the training points, one value an epoch, shape (n,).
        train_accuracy: share of training points classified rightly, shape (n,).
        evaluated: the epochs at which the validation points were looked at, ascending, shape (m,).
        val_loss: on the validation points, shape (m,); empty where there are none.
        val_accuracy: likewise.
        test_loss: on the test points with the final weights; NaN where there are none or the run diverged.
        test_accuracy: likewise.
        weights: a layer each, shape (inputs + 1, outputs); the last row is the bias.
        checkpoints: epoch -> weights as they were at that epoch, in the form of `weights`.
        outcome: `finished`, `stopped` (the accuracy asked for was reached) or `diverged` (the loss left the finite numbers).
        diverged_at: the first epoch whose loss was not finite.
        seconds: wall-clock time of the training loop, evaluations included.
    """

    train_loss: FloatArray
    train_accuracy: FloatArray
    evaluated: IntArray
    val_loss: FloatArray
    val_accuracy: FloatArray
    test_loss: float
    test_accuracy: float
    weights: tuple[FloatArray, ...]
    checkpoints: dict[int, tuple[FloatArray, ...]] = field(default_factory=dict)
    outcome: Outcome
    diverged_at: int | None = None
    seconds: float
