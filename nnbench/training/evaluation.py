"""Evaluation of a network during its training, and the results for the `History`."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from math import inf, isfinite, nan
from typing import Any, Literal, NamedTuple

import numpy as np

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.datasets.base import Points
from nnbench.nn import Loss, Network, outputs
from nnbench.records.history import History, Outcome
from nnbench.training.stepper import Stepper

Weights = tuple[FloatArray, ...]
CHECKPOINTS = 25  # by default, or fewer where two fall on one epoch
MAX_CHECKPOINT_NUMBERS = 2**18  # weights that a run saves by default, a megabyte in float32


@lru_cache(maxsize=64)
def evaluation_epochs(epochs: int) -> IntArray:
    """Return the epochs at which a run is evaluated: about 100, denser early, including the first and the last.

    The array is cached and cannot be changed.
    """
    last = epochs - 1
    even = np.linspace(0, last, 50)
    early = np.geomspace(1, max(last, 1), 60)
    found = np.unique(np.concatenate([even, early]).round().astype(np.int64).clip(0, last))
    found.setflags(write=False)
    return found


@lru_cache(maxsize=64)
def checkpoint_epochs(epochs: int) -> IntArray:
    """Return about `CHECKPOINTS` evaluated epochs whose distances grow geometrically, including the first and the last.

    The array is cached and cannot be changed.
    """
    evaluated = evaluation_epochs(epochs)
    spaced = np.geomspace(1, max(epochs - 1, 1), CHECKPOINTS - 1)
    after = np.searchsorted(evaluated, spaced).clip(1, max(len(evaluated) - 1, 1)).clip(max=len(evaluated) - 1)
    before = (after - 1).clip(0)
    nearer = np.where(spaced - evaluated[before] < evaluated[after] - spaced, before, after)
    found = np.unique(np.concatenate([evaluated[:1], evaluated[nearer]]))
    found.setflags(write=False)
    return found


class Curves(NamedTuple):
    """What a loop over the epochs returns.

    Attributes:
        outcome: of the training.
        loss, measure: on the training points, shape (epochs,), without epochs that are not finite; NaN where not measured.
        batch_loss: of each step, see `History`.
    """

    outcome: Outcome
    loss: FloatArray
    measure: FloatArray
    batch_loss: FloatArray


class Groups(NamedTuple):
    """Groups of training points whose loss is measured at the evaluated epochs.

    Attributes:
        points: the training points.
        members: positions of the points of each group, by name.
    """

    points: Points
    members: Mapping[str, IntArray]


class CountedClosure:
    """Loss and gradients at the current parameters, for optimizers that call a closure.

    Attributes:
        calls: how often it was called.
    """

    def __init__(self, compute: Callable[[], float]) -> None:
        self._compute, self.calls = compute, 0

    def __call__(self) -> float:
        self.calls += 1
        return self._compute()


class Best(NamedTuple):
    """Epoch with the lowest validation loss so far, and its weights."""

    epoch: int
    val_loss: float
    weights: Weights


class Evaluation(NamedTuple):
    """What is measured at an epoch beside the training loss.

    Attributes:
        loss, measure: on the validation points.
        steps, gradient_evaluations: counters of the training before it.
        diagnostics: of the optimizer.
        group_losses: of groups of training points.
    """

    loss: float
    measure: float
    steps: int
    gradient_evaluations: int
    diagnostics: Mapping[str, float]
    group_losses: Mapping[str, float]


class Evaluator:
    """Evaluates a network at some epochs.

    Args:
        network: whose weights are evaluated.
        loss: by which.
        val, test: points; None where there are none.
        groups: of training points.
        epochs: of the training.
        checkpoints: epochs at which the weights are saved; `auto` for `checkpoint_epochs`, if the network is small enough.
        stepper: of the optimizer, which may evaluate other parameters than it trains, and report numbers of its own.
        closure: its calls count as evaluations of the gradients.

    Attributes:
        due: epochs of which `visit` must be called: those evaluated, the checkpoints, the last.
        evaluated: results by epoch.
    """

    def __init__(
        self,
        network: Network,
        loss: type[Loss],
        val: Points | None,
        test: Points | None,
        groups: Groups,
        *,
        epochs: int,
        checkpoints: Collection[int] | Literal["auto"],
        stepper: Stepper,
        closure: CountedClosure,
    ) -> None:
        self.network, self.loss, self.val, self.test, self.groups = network, loss, val, test, groups
        self.evaluated_epochs = set(evaluation_epochs(epochs).tolist())
        if checkpoints == "auto":
            few = network.parameters.size * CHECKPOINTS <= MAX_CHECKPOINT_NUMBERS
            checkpoints = checkpoint_epochs(epochs).tolist() if few else ()
        self.saved_epochs = set(checkpoints)
        self.due = self.evaluated_epochs | self.saved_epochs
        self.evaluated: dict[int, Evaluation] = {}
        self.snapshots: dict[int, Weights] = {}
        self.best: Best | None = None
        self._closure, self._stepper = closure, stepper

    def visit(self, epoch: int, *, steps: int, done: bool) -> None:
        """Evaluate the network and save its weights, if either is due.

        Args:
            epoch: at its beginning.
            steps: made before.
            done: whether it is the last; it is evaluated in any case.
        """
        weights = self._weights()
        copies = _copies(weights) if epoch in self.saved_epochs else None
        if copies is not None:
            self.snapshots[epoch] = copies
        if done or epoch in self.evaluated_epochs:
            loss, measure = self._score(self.val, weights)
            evaluations, diagnostics = steps + self._closure.calls, self._stepper.diagnostics()
            self.evaluated[epoch] = Evaluation(loss, measure, steps, evaluations, diagnostics, self._group_losses(weights))
            if loss < (inf if self.best is None else self.best.val_loss):
                self.best = Best(epoch, loss, copies or _copies(weights))

    def _score(self, points: Points | None, weights: Weights) -> tuple[float, float]:
        """Return loss and measure on held-out points; NaN without points."""
        if points is None or not len(points):
            return nan, nan
        return self.loss.score(outputs(weights, points.x, self.network.activation), points.y)

    def _group_losses(self, weights: Weights) -> dict[str, float]:
        if not self.groups.members:
            return {}
        points = self.groups.points
        found = outputs(weights, points.x, self.network.activation)
        return {name: self.loss.train_score(found[one], points.y[one])[0] for name, one in self.groups.members.items()}

    def _weights(self) -> Weights:
        """Return the weights to evaluate, which change with the training."""
        parameters = self._stepper.evaluation_parameters()
        return self.network.weights if parameters is self.network.parameters else self.network.layers(parameters)

    def history(self, curves: Curves, seconds: float) -> History:
        """Score the test points, and return all that is known of the run, whose training took some seconds."""
        name = self.loss.measure_name
        diverged, best = curves.outcome == "diverged", self.best
        weights = self.network.weights if diverged else self._weights()
        final = self._score(None if diverged else self.test, weights)
        if best is None:
            best_scores = nan, nan
        elif best.epoch == len(curves.loss) - 1 and not diverged:
            best_scores = final  # of the same weights: the test points are many, and scored once
        else:
            best_scores = self._score(self.test, best.weights)
        scores = {"test": final, "best_test": best_scores}
        held_out = self.val is not None and len(self.val) > 0
        kept = {epoch: one for epoch, one in self.evaluated.items() if isfinite(one.loss) or not held_out}
        found = list(kept.values()) if held_out else []
        fields: dict[str, Any] = {"train_accuracy": np.empty(0), "val_accuracy": np.empty(0)}
        fields |= {"test_accuracy": nan, f"train_{name}": curves.measure}
        fields[f"val_{name}"] = np.array([one.measure for one in found])
        for split, (loss, measure) in scores.items():
            fields |= {f"{split}_loss": loss, f"{split}_{name}": measure}
        return History(
            train_loss=curves.loss,
            evaluated=np.array(list(kept), np.int64),
            steps=np.array([one.steps for one in kept.values()], np.int64),
            gradient_evaluations=np.array([one.gradient_evaluations for one in kept.values()], np.int64),
            val_loss=np.array([one.loss for one in found]),
            diagnostics={
                name: np.array([one.diagnostics.get(name, nan) for one in kept.values()])
                for name in dict.fromkeys(name for one in kept.values() for name in one.diagnostics)
            },
            group_loss={name: np.array([one.group_losses[name] for one in kept.values()]) for name in self.groups.members},
            best_epoch=None if best is None else best.epoch,
            batch_loss=curves.batch_loss,
            weights=_copies(weights),
            checkpoints=self.snapshots,
            outcome=curves.outcome,
            diverged_at=len(curves.loss) if diverged else None,
            seconds=seconds,
            **fields,
        )


def _copies(weights: Weights) -> Weights:
    return tuple(one.copy() for one in weights)
