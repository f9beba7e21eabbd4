"""Catalogue of measures: one entry for each, from which all places that store or show it are derived.

To add a measure, add a `Measure` to `MEASURES`. The metrics in MLflow, the columns of `Study.runs`, MLflow's charts, the
export's dictionary, the rankings, the tables of the report and the terminal's summary follow from it.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

from nnbench.core.arrays import IntArray
from nnbench.records.curves import CURVES, EXPLAINED, SQUARED
from nnbench.records.history import History
from nnbench.records.kinds import SCORES
from nnbench.records.measure import OF_LOSS, Group, Measure, Place, Split
from nnbench.records.reductions import first_epoch, first_step, greatest, last, least, or_nan
from nnbench.records.reference_measures import REFERENCES

__all__ = ["CURVES", "MEASURES", "by_rank", "by_split", "reached"]

# Training accuracies, of a regression R², whose first epoch is logged; none above the Bayes accuracy of the spiral.
TARGETS = (0.70, 0.80, 0.90)


def _until(target: float) -> Iterator[Measure]:
    """The epochs and the steps until a target is reached."""
    durations = {"epochs": first_epoch, "steps": first_step}
    for unit, duration in durations.items():
        yield Measure(
            key=f"{unit}_to/{target:.2f}",
            compute=partial(duration, target=target),
            unit=unit,
            meaning=reached(unit, f"{target:.2f}"),
            group="to_target",
            quantity=f"{unit} to {target:.2f}",
            better="lower",
        )


def _spent(name: str, meaning: str, counter: Callable[[History], IntArray]) -> Measure:
    return Measure(
        key=f"time/{name}",
        compute=lambda history: last(counter(history).astype(float)),
        unit=name.replace("_", " "),
        meaning=meaning,
        group="time",
        quantity=name.replace("_", " "),
        better="lower",
    )


def reached(unit: str, target: str) -> str:
    """Describe the column `epochs_to/TARGET` or `steps_to/TARGET`; a store may have targets of another version."""
    first = "the first epoch at which" if unit == "epochs" else "updates before the first epoch at which"
    return f"{first} training accuracy, of a regression R², reached {target}; empty if never"


def _score(
    group: Group,
    split: Split,
    name: str,
    of: Callable[[History, str], float],
    meaning: str,
    *,
    rank: int | None = None,
    places: tuple[Place, ...] = (),
) -> Iterator[Measure]:
    """The same measure of both kinds of task: accuracy and R².

    Args:
        group, split, rank, places: see `Measure`.
        name: the key without its last part, such as `final/val_`.
        of: the value, from a history and that last part.
        meaning: of the accuracy.
    """
    for kind, (part, quantity) in SCORES.items():
        yield Measure(
            key=f"{name}{part}",
            compute=partial(_apply, of, part),
            unit="share",
            meaning=meaning if kind == "classification" else f"likewise, {EXPLAINED}",
            group=group,
            quantity=quantity,
            split=split,
            better="higher",
            kind=kind,
            rank=rank,
            places=places,
        )


def _apply(of: Callable[[History, str], float], part: str, history: History) -> float:
    return of(history, part)


def _root(key: str, loss: Callable[[History], float], group: Group, split: Split, rank: int | None) -> Measure:
    return Measure(
        key=key,
        compute=lambda history: math.sqrt(loss(history)) if len(history.train_r2) else math.nan,
        unit="targets",
        meaning="root of the mean squared error, in the unit of the targets; of a table, their standard deviation",
        group=group,
        quantity="RMSE",
        split=split,
        better="lower",
        kind="regression",
        rank=rank,
        places=() if rank is None else ("report", "leaderboard", "summary", "run_list"),
    )


# In the order of the columns of `Study.runs`.
MEASURES: tuple[Measure, ...] = (
    Measure(
        key="final/train_loss",
        compute=lambda history: last(history.train_loss),
        unit=OF_LOSS,
        meaning="of the last epoch; of a diverged run the last finite one",
        group="final",
        quantity="loss",
        split="train",
        better="lower",
        rank=3,
        places=("report", "leaderboard", "summary", "run_list", "note"),
    ),
    *_score(
        "final",
        "train",
        "final/train_",
        lambda history, part: last(getattr(history, f"train_{part}")),
        "likewise",
        rank=2,
        places=("report", "run_list"),
    ),
    Measure(
        key="final/val_loss",
        compute=lambda history: last(history.val_loss),
        unit=OF_LOSS,
        meaning="likewise, on the validation points",
        group="final",
        quantity="loss",
        split="val",
        better="lower",
        rank=4,
        places=("report", "leaderboard"),
    ),
    *_score(
        "final",
        "val",
        "final/val_",
        lambda history, part: last(getattr(history, f"val_{part}")),
        "likewise; settings are selected by it",
        rank=1,
        places=("report", "leaderboard", "summary", "note"),
    ),
    Measure(
        key="best/val_loss",
        compute=lambda history: least(history.val_loss),
        unit=OF_LOSS,
        meaning="the lowest of the run",
        group="best",
        quantity="loss",
        split="val",
        better="lower",
    ),
    *_score(
        "best", "val", "best/val_", lambda history, part: greatest(getattr(history, f"val_{part}")), "the highest of the run"
    ),
    Measure(
        key="best/epoch",
        compute=lambda history: or_nan(history.best_epoch),
        unit="epochs",
        meaning="the evaluated epoch with the lowest validation loss; of a diverged run, of those before",
        group="best",
        quantity="epoch",
        split="val",
    ),
    Measure(
        key="best/test_loss",
        compute=lambda history: float(history.best_test_loss),
        unit=OF_LOSS,
        meaning="on the test points, with the weights of best/epoch",
        group="best",
        quantity="loss",
        split="test",
        better="lower",
        rank=7,
    ),
    *_score(
        "best", "test", "best/test_", lambda history, part: float(getattr(history, f"best_test_{part}")), "likewise", rank=6
    ),
    Measure(
        key="test/loss",
        compute=lambda history: float(history.test_loss),
        unit=OF_LOSS,
        meaning=f"mean cross-entropy on the test points, with the final weights; {SQUARED}; empty for a diverged run",
        group="test",
        quantity="loss",
        split="test",
        better="lower",
        rank=5,
    ),
    *_score(
        "test",
        "test",
        "test/",
        lambda history, part: float(getattr(history, f"test_{part}")),
        "likewise",
        rank=0,
        places=("report", "leaderboard", "summary", "run_list", "note"),
    ),
    _root("test/rmse", lambda history: history.test_loss, "test", "test", 8),
    Measure(
        key="time/train_seconds",
        compute=lambda history: float(history.seconds),
        unit="s",
        meaning="wall-clock time of the training loop, evaluations included",
        group="time",
        quantity="training time",
        better="lower",
        places=("leaderboard",),
    ),
    Measure(
        key="time/epoch_us",
        compute=lambda history: 1e6 * history.seconds / max(len(history.train_loss), 1),
        unit="µs",
        meaning="the same for one epoch",
        group="time",
        quantity="time of an epoch",
        better="lower",
    ),
    _spent("steps", "updates made in total", lambda history: history.steps),
    _spent("gradient_evaluations", "gradients computed for them in total", lambda history: history.gradient_evaluations),
    *(measure for target in TARGETS for measure in _until(target)),
    Measure(
        key="diverged_at_epoch",
        compute=lambda history: or_nan(history.diverged_at),
        unit="epochs",
        meaning="the first epoch whose loss was not finite; empty where there is none",
        group="diverged",
        quantity="epoch",
    ),
    *REFERENCES,
)


def by_rank(place: Place | None = None) -> list[Measure]:
    """Return the measures that settings are ranked by, in order; with `place`, all those shown there, unranked ones last."""
    if place is None:
        chosen = [one for one in MEASURES if one.rank is not None]
    else:
        chosen = [one for one in MEASURES if place in one.places]
    return sorted(chosen, key=lambda one: math.inf if one.rank is None else one.rank)


def by_split(measures: list[Measure]) -> list[Measure]:
    """Sort measures for a table or a row of charts: scores, then losses, each on test, validation and training points."""
    quantities, splits = ("accuracy", "R²", "RMSE", "loss"), ("test", "val", "train")

    def place(one: Measure) -> tuple[int, int]:
        return (
            quantities.index(one.quantity) if one.quantity in quantities else len(quantities),
            splits.index(one.split) if one.split in splits else len(splits),
        )

    return sorted(measures, key=place)
