"""References: what simple methods reach on the points of a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from nnbench.core.formatting import fixed, listing, significant
from nnbench.records.kinds import LOSS_UNITS, SCORES, kind_of
from nnbench.records.measure import Kind
from nnbench.records.measures import MEASURES

# The measures of what plain methods reach on a run's own points.
REFERENCES = tuple(measure for measure in MEASURES if measure.group == "reference")
CHANCE, MEAN, BAYES, LEAST = "chance", "training mean", "Bayes", "least possible"  # names of measures
UNLEARNT = (CHANCE, MEAN)  # what takes no features: no line of its own
PHRASES = {
    CHANCE: "always guessing the most frequent class",
    "nearest neighbours": "the nearest neighbours among the same training points",
    MEAN: "the mean of the training targets",
    "least squares": "least squares on the same training points",
    "best known": "the best published result",
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
        return self._of("test", *(name for _, name in SCORES.values()))

    @property
    def losses(self) -> dict[str, float]:
        """The known test losses by the names of their measures, in ascending order."""
        return self._of("test", "loss")

    @property
    def train_losses(self) -> dict[str, float]:
        """The known training losses by the names of their measures, in ascending order."""
        return self._of("train", "loss")

    def beside(self, curves: Sequence[str]) -> dict[str, float]:
        """The losses to draw beside curves of these titles: those of training only with a curve of the training loss."""
        return self.losses | (self.train_losses if any(title.startswith("Training") for title in curves) else {})

    @property
    def kind(self) -> Kind:
        """The kind of the task."""
        return kind_of(self.values)

    @property
    def score_name(self) -> str:
        """The name of what `scores` are: `accuracy` or `R²`."""
        return SCORES[self.kind][1]

    def _of(self, split: str, *quantities: str) -> dict[str, float]:
        known = {
            one.name: self.values[one.key]
            for one in REFERENCES
            if one.quantity in quantities and one.split == split and one.key in self.values
        }
        return dict(sorted(known.items(), key=lambda item: item[1]))

    def _phrase(self, name: str) -> str:
        if name == BAYES and self.kind == "regression":
            return "the best possible prediction, which knows the distribution of the data"
        return PHRASES.get(name, name)

    def score_key(self) -> str:
        """Caption sentence about the lines on a page of accuracies or R²; empty if only chance is known."""
        phrases = [f"{name} ({fixed(value)})" for name, value in self.scores.items() if name not in UNLEARNT]
        if not phrases:
            return ""
        sentence = f" Dotted: test {self.score_name} of {listing(phrases)} on the same points."
        if BAYES in self.scores and fixed(self.scores[BAYES]) != fixed(1.0):  # else there is no noise
            sentence += f" A mean training {self.score_name} well above that of Bayes is one of memorised {self._noise}."
        return sentence

    def loss_key(self, low: float, high: float) -> str:
        """Caption sentence about the lines between `low` and `high` on a page of losses; empty if there is none."""
        unit = LOSS_UNITS[self.kind]
        shown = [f"{name} ({fixed(value)} {unit})" for name, value in self.train_losses.items() if low <= value <= high]
        sentence = f" Dotted, with the training losses: {listing(shown)}." if shown else ""
        if BAYES not in self.losses or not low <= self.losses[BAYES] <= high:
            return sentence
        return sentence + (
            f" Dotted: {fixed(self.losses[BAYES])} {unit}, the test loss of {self._phrase(BAYES).partition(',')[0]}; a mean "
            f"training loss well below it is one of memorised {self._noise}."
        )

    @property
    def _noise(self) -> str:
        return "label noise" if self.kind == "classification" else "noise"

    def beyond(self, targets: Mapping[float, str]) -> str:
        """Caption sentence on the targets, with their names, that only memorising reaches; empty if there is none."""
        bayes = self.scores.get(BAYES)
        above = [name for target, name in targets.items() if bayes is not None and target > bayes]
        if bayes is None or not above:
            return ""
        verb = "lies" if len(above) == 1 else "lie"
        return (
            f" {listing(above)} {verb} above the {self.score_name} of Bayes ({fixed(bayes)}): a training {self.score_name} so "
            f"high is mostly reached by memorising {self._noise}."
        )

    def sentence(self) -> str:
        """All that is known, as a sentence or two below a table; empty if nothing is."""
        phrases = []
        for name in dict.fromkeys(one.name for one in REFERENCES):
            phrase = self._phrase(name)
            if name in self.scores:
                loss = f" ({fixed(self.losses[name])} {LOSS_UNITS[self.kind]})" if name in self.losses else ""
                phrases.append(f"{phrase}{',' if ',' in phrase else ''} {fixed(self.scores[name])}{loss}")
            elif name in self.losses:
                phrases.append(f"{phrase}, a loss of {fixed(self.losses[name])} {LOSS_UNITS[self.kind]}")
        trained = [f"{name} {significant(value)}" for name, value in self.train_losses.items()]
        sentences = [f"For comparison, {self.score_name} on the same test points: {'; '.join(phrases)}." if phrases else ""]
        if trained:
            sentences.append(f"Training loss on the same points ({LOSS_UNITS[self.kind]}): {'; '.join(trained)}.")
        return " ".join(filter(None, sentences))


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
