"""Kinds of task, classification and regression, and the measure that settings of each are judged by."""

from collections.abc import Collection, Container
from typing import Literal

from nnbench.core.arrays import FloatArray
from nnbench.records.history import History
from nnbench.records.measure import OF_LOSS, Kind

# What settings are judged by, by the kind of task: part of a key, and name in print. Higher is better, and 1 the best.
SCORES: dict[Kind, tuple[str, str]] = {"classification": ("accuracy", "accuracy"), "regression": ("r2", "R²")}
# Score and loss by which a setting is chosen; those of training in a study without validation points.
CRITERIA = tuple(
    (f"final/{split}_{score}", f"final/{split}_loss") for split in ("val", "train") for score, _ in SCORES.values()
)
LOSS_UNITS: dict[Kind, str] = {"classification": "nats", "regression": "squared error"}
KINDS: dict[str, Kind] = {"cross_entropy": "classification", "mean_squared_error": "regression"}  # by the dataset's loss


_REGRESSION = (
    "final/train_r2",
    "final/val_r2",
    "test/r2",
    *(f"reference/{name}" for name in ("mean_r2", "linear_r2", "bayes_r2", "best_known_r2", "linear_train_loss")),
)


def kind_of(known: Container[str]) -> Kind:
    """The kind of the task of some runs, from the keys of their measures that have a value."""
    return "regression" if any(key in known for key in _REGRESSION) else "classification"


def unit_of(unit: str, kinds: Collection[Kind]) -> str:
    """The unit of a measure in a table with tasks of some kinds: `nats`, or `nats or squared error` of both; empty is both."""
    if unit != OF_LOSS:
        return unit
    return " or ".join(name for kind, name in LOSS_UNITS.items() if kind in (kinds or LOSS_UNITS))


def kind_of_run(history: History) -> Kind:
    """The kind of the task of a run."""
    return "regression" if len(history.train_r2) else "classification"


def score_curve(history: History, split: Literal["train", "val"]) -> FloatArray:
    """The accuracy of a classification or the R² of a regression, at each epoch or at each evaluated one."""
    curve: FloatArray = getattr(history, f"{split}_{SCORES[kind_of_run(history)][0]}")
    return curve
