"""Which of several settings of an optimizer is chosen: one rule, for tuning, for MLflow's tag and note, and for the report.

It selects, on validation points, what is then judged by others: it is not the ranking, which compares settings of different
optimizers on test points. The best setting of an optimizer by this rule may rank below another of its settings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from nnbench.records.outcomes import COMPLETED

# What selection may see of a run, its final validation accuracy and loss; None where it was lost or has none.
Seen = tuple[float, float] | None


@dataclass(frozen=True, order=True)
class Score:
    """How good a setting is: the less, the better. Validation alone decides.

    A setting of which a larger share of runs was lost (diverged, failed or ended) ranks below one that lost a smaller; then
    the higher mean of the final validation accuracies over seeds is the better; then the lower mean validation loss. Among
    equals the first wins. The mean, not the interquartile mean by which final runs are judged: that leaves two of five tuning
    seeds out.

    Attributes:
        share: of the runs that were lost.
        inaccuracy: the mean accuracy over the others, negated; 0 where there are none.
        loss: their mean loss.
        lost: how many runs were.
    """

    share: float
    inaccuracy: float
    loss: float
    lost: int = field(default=0, compare=False)

    @property
    def accuracy(self) -> float:
        """Mean over the runs that were not lost; 0 where there are none."""
        return 0.0 - self.inaccuracy

    @property
    def value(self) -> float:
        """For a maximizer that knows only numbers: in the order of lost runs and accuracy."""
        return self.accuracy - 2 * self.lost


def seen(outcome: object, accuracy: float | None, loss: float | None) -> Seen:
    """What selection sees of a run: None where it did not complete or has no accuracy; a loss that is missing is infinite.

    Args:
        outcome: how the run ended, as `nnbench.outcome` says it; None for a run that is not there.
        accuracy: the final validation accuracy; None or NaN where there is none.
        loss: the final validation loss; likewise.
    """
    if outcome not in COMPLETED or accuracy is None or math.isnan(accuracy):
        return None
    return float(accuracy), math.inf if loss is None or math.isnan(loss) else float(loss)


def score(runs: Sequence[Seen]) -> Score:
    """The score of a setting from what is seen of its runs, one a seed; at least one."""
    kept = [run for run in runs if run is not None]
    if not kept:
        return Score(1.0, 0.0, math.inf, len(runs))
    lost = len(runs) - len(kept)
    accuracy = math.fsum(accuracy for accuracy, _ in kept) / len(kept)
    loss = math.fsum(loss for _, loss in kept) / len(kept)
    return Score(lost / len(runs), -accuracy, loss, lost)
