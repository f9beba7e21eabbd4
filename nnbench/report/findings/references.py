"""References: what simple methods reach on the points of a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from nnbench.core.formatting import fixed, listing
from nnbench.records.kinds import SCORES, kind_of
from nnbench.records.measures import MEASURES

# The measures of what plain methods reach on a run's own points.
REFERENCES = tuple(measure for measure in MEASURES if measure.group == "reference")
CHANCE, MEAN, BAYES = "chance", "training mean", "Bayes"  # names of measures
UNLEARNT = (CHANCE, MEAN)  # what takes no features: no line of its own
PHRASES = {
    CHANCE: "always guessing the most frequent class",
    "nearest neighbours": "the nearest neighbours among the same training points",
    MEAN: "the mean of the training targets",
    "least squares": "least squares on the same training points",
    BAYES: "the Bayes classifier, which knows the data's density",
}


@dataclass(frozen=True, kw_only=True)
class References:
    """What plain methods reach on the points of a study: means over seeds.

    Attributes:
        values: by the key of a measure of `REFERENCES`, in that order; without those that are unknown, or not the same for
            all runs of a seed.
    """

    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def scores(self) -> dict[str, float]:
        """The known accuracies, or R² of a regression, by the names of their measures, in ascending order."""
        return self._of(*(name for _, name in SCORES.values()))

    @property
    def losses(self) -> dict[str, float]:
        """The known losses by the names of their measures, in ascending order."""
        return self._of("loss")

    @property
    def score_name(self) -> str:
        """The name of what `scores` are: `accuracy` or `R²`."""
        return SCORES[kind_of(self.values)][1]

    def _of(self, *quantities: str) -> dict[str, float]:
        known = {one.name: self.values[one.key] for one in REFERENCES if one.quantity in quantities and one.key in self.values}
        return dict(sorted(known.items(), key=lambda item: item[1]))

    def score_key(self) -> str:
        """Caption sentence about the lines on a page of accuracies or R²; empty if only chance is known."""
        phrases = [f"{name} ({fixed(value)})" for name, value in self.scores.items() if name not in UNLEARNT]
        if not phrases:
            return ""
        sentence = f" Dotted: test {self.score_name} of {listing(phrases)} on the same points."
        if BAYES in self.scores:
            sentence += " A mean training accuracy well above that of Bayes is one of memorised label noise."
        return sentence

    def loss_key(self) -> str:
        """Caption sentence about the line on a page of losses; empty if there is none."""
        if BAYES not in self.losses:
            return ""
        return (
            f" Dotted: {fixed(self.losses[BAYES])} nats, the test loss of the Bayes classifier; a mean training loss well "
            "below it is one of memorised label noise."
        )

    def beyond(self, targets: Sequence[float]) -> str:
        """Caption sentence about the targets of training accuracy that only memorising reaches; empty if there is none."""
        bayes = self.scores.get(BAYES)
        above = [f"{target:.2f}" for target in targets if bayes is not None and target > bayes]
        if bayes is None or not above:
            return ""
        verb = "lies" if len(above) == 1 else "lie"
        return (
            f" {listing(above)} {verb} above the Bayes accuracy ({fixed(bayes)}): a training accuracy so "
            "high is mostly reached by memorising label noise."
        )

    def sentence(self) -> str:
        """All that is known, as a sentence below a table; empty if nothing is."""
        phrases = []
        for one in REFERENCES:
            if one.quantity != "loss" and one.key in self.values:
                loss = f" ({fixed(self.losses[one.name])} nats)" if one.name in self.losses else ""
                phrases.append(f"{PHRASES.get(one.name, one.name)} {fixed(self.values[one.key])}{loss}")
        return f"For comparison, {self.score_name} on the same test points: {'; '.join(phrases)}." if phrases else ""


def references(runs: pd.DataFrame) -> References:
    """Compute the references of a study's runs."""
    values = {one.key: value for one in REFERENCES if (value := _mean(runs, one.column)) is not None}
    return References(values=values)


def chance(runs: pd.DataFrame) -> float | None:
    """The accuracy of guessing, as recorded, else 1 / number of classes; None if that varies or is one."""
    known = references(runs).scores.get(CHANCE)
    if known is None and "dataset.classes" in runs:
        classes = pd.to_numeric(runs["dataset.classes"], errors="coerce").dropna().unique()
        known = 1 / float(classes[0]) if len(classes) == 1 and classes[0] > 0 else None
    return known if known is not None and known < 1 else None


def _mean(runs: pd.DataFrame, column: str) -> float | None:
    """The mean over seeds; None if runs of a seed, which have the same points, differ."""
    if column not in runs:
        return None
    known = pd.to_numeric(runs[column], errors="coerce").dropna().groupby(runs["seed"])
    spread = known.max() - known.min()
    return None if spread.empty or spread.max() > 1e-9 else float(known.first().mean())
