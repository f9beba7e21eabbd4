"""What other classifiers reach on the points of a study: the lines and sentences that the networks are set against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import pandas as pd

from nnbench.core.formatting import fixed, listing
from nnbench.report.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class References:
    """Means over the seeds of a study; None where they are not known, or not the same for all runs of a seed.

    Attributes:
        chance_accuracy: of always guessing the most frequent class.
        neighbours_accuracy: of the nearest of the same training points.
        bayes_accuracy, bayes_loss: of the probabilities that follow from the data's density; the loss in nats.
    """

    chance_accuracy: float | None = None
    neighbours_accuracy: float | None = None
    bayes_accuracy: float | None = None
    bayes_loss: float | None = None

    @property
    def accuracies(self) -> dict[str, float]:
        """Those of the accuracies that are known, by what they are called in print, in ascending order."""
        named = {
            "chance": self.chance_accuracy,
            "nearest neighbours": self.neighbours_accuracy,
            "Bayes": self.bayes_accuracy,
        }
        known = {name: value for name, value in named.items() if value is not None}
        return dict(sorted(known.items(), key=lambda item: item[1]))

    @property
    def losses(self) -> dict[str, float]:
        """Likewise of the losses."""
        return {} if self.bayes_loss is None else {"Bayes": self.bayes_loss}

    def accuracy_key(self) -> str:
        """What the lines on a page of accuracies are; empty where there is none but chance."""
        told = [f"{name} ({fixed(value)})" for name, value in self.accuracies.items() if name != "chance"]
        if not told:
            return ""
        said = f" Dotted: test accuracy of {listing(told)} on the same points."
        if self.bayes_accuracy is not None:
            said += " A mean training accuracy well above that of Bayes is one of memorised label noise."
        return said

    def loss_key(self) -> str:
        """What the line on a page of losses is; empty where there is none."""
        if self.bayes_loss is None:
            return ""
        return (
            f" Dotted: {fixed(self.bayes_loss)} nats, the test loss of the Bayes classifier; a mean training loss well "
            "below it is one of memorised label noise."
        )

    def beyond(self, targets: Sequence[float]) -> str:
        """What to say of targets of training accuracy that only memorising reaches; empty where there is none."""
        above = [f"{target:.2f}" for target in targets if self.bayes_accuracy is not None and target > self.bayes_accuracy]
        if not above:
            return ""
        lies = "lies" if len(above) == 1 else "lie"
        return (
            f" {listing(above)} {lies} above the Bayes accuracy ({fixed(self.bayes_accuracy or 0.0)}): a training accuracy so "
            "high is mostly reached by memorising label noise."
        )

    def sentence(self) -> str:
        """What they reach, as it stands below a table; empty where nothing is known."""
        bayes = "" if self.bayes_loss is None else f" ({fixed(self.bayes_loss)} nats)"
        named = {
            "always guessing the most frequent class": (self.chance_accuracy, ""),
            "the nearest neighbours among the same training points": (self.neighbours_accuracy, ""),
            "the Bayes classifier, which knows the data's density": (self.bayes_accuracy, bayes),
        }
        told = [f"{name} {fixed(value)}{more}" for name, (value, more) in named.items() if value is not None]
        return f"For comparison, accuracy on the same test points: {'; '.join(told)}." if told else ""


def references(runs: pd.DataFrame) -> References:
    """Those of the runs of a study."""
    return References(**{field.name: _mean(runs, f"reference/{field.name}") for field in fields(References)})


def chance(runs: pd.DataFrame) -> float | None:
    """The accuracy of guessing: as the runs tell it, or else one over the classes; None where these vary or are one."""
    told = references(runs).chance_accuracy
    if told is None and "dataset.classes" in runs:
        classes = pd.to_numeric(runs["dataset.classes"], errors="coerce").dropna().unique()
        told = 1 / float(classes[0]) if len(classes) == 1 and classes[0] > 0 else None
    return told if told is not None and told < 1 else None


def lines(axes: "Axes", values: Mapping[str, float], *, named: bool) -> None:
    """A line across a panel for each value that lies within it.

    Args:
        values: by their names, ascending.
        named: whether there is room for the names.
    """
    low, high = axes.get_ylim()
    for name, value in values.items():
        if not low <= value <= high:
            continue
        axes.axhline(value, color=style.MUTED, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
        if named:
            axes.annotate(
                f"{name} {fixed(value)}",
                (0.005, value),
                xycoords=axes.get_yaxis_transform(),
                xytext=(0, 1.5),
                textcoords="offset points",
                fontsize=style.LEAST,
                color=style.MUTED,
            )


def _mean(runs: pd.DataFrame, column: str) -> float | None:
    """Over seeds, as the runs of a seed share their points."""
    if column not in runs:
        return None
    known = pd.to_numeric(runs[column], errors="coerce").dropna().groupby(runs["seed"])
    spread = known.max() - known.min()
    return None if spread.empty or spread.max() > 1e-9 else float(known.first().mean())
