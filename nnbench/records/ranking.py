"""Choice of the best setting of an optimizer: one rule for tuning, for MLflow's tag and note, and for the report.

The rule uses validation points, or the training loss where `report.rank_by` says that settings are ranked by it. It differs
from the report's ranking, which compares the settings of all optimizers on test points: there, the best setting by this rule
may rank below another setting of the same optimizer.
"""

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from nnbench.core.keys import RankBy
from nnbench.records.kinds import CRITERIA
from nnbench.records.outcomes import COMPLETED

# Final validation accuracy and loss of a run, or the negated training loss and that loss; None if the run was lost (diverged,
# failed or killed) or has none.
FinalValidation = tuple[float, float] | None
TRAIN_LOSS = "final/train_loss"


def criteria(rank_by: RankBy, known: Container[str]) -> tuple[str, str]:
    """Return the keys of the measure that settings are chosen by, and of the loss that decides between equals.

    Args:
        rank_by: with `train_loss` settings are chosen by the training loss; otherwise by the score on validation points or,
            without any, on training points.
        known: keys of the measures of which the runs have a value.
    """
    if rank_by == "train_loss":
        return TRAIN_LOSS, TRAIN_LOSS
    return next((names for names in CRITERIA if names[0] in known), CRITERIA[-1])


@dataclass(frozen=True, order=True)
class Score:
    """Score of a setting on validation points; the lowest is the best.

    Scores are compared by the share of runs that were lost (diverged, failed or killed), then by the mean of the final
    validation accuracies over seeds (of a regression, of R²; of settings chosen by the training loss, of that loss), then by
    the mean validation loss. Among equal settings, the first is chosen. The mean is used instead of the interquartile mean of
    the report, which would leave out two of five tuning seeds.

    Attributes:
        share: share of the runs that were lost.
        inaccuracy: mean accuracy over the others, negated; 0 if there are none.
        loss: mean loss over the others.
        lost: number of runs that were lost.
    """

    share: float
    inaccuracy: float
    loss: float
    lost: int = field(default=0, compare=False)

    @property
    def accuracy(self) -> float:
        """Mean accuracy over the runs that were not lost, or mean training loss, negated; 0 if there are none."""
        return 0.0 - self.inaccuracy

    @property
    def value(self) -> float:
        """Number to maximize, for samplers that need one; it has the order of lost runs, then of accuracy.

        Negative numbers, of R² and of losses, are mapped to (-1, 0), so that none outweighs a lost run.
        """
        return (self.accuracy if self.accuracy >= 0 else self.accuracy / (1 - self.accuracy)) - 2 * self.lost


def final_validation(outcome: object, accuracy: float | None, loss: float | None, key: str = "") -> FinalValidation:
    """Return the accuracy and loss of a run, or None if it did not complete or has no accuracy; a missing loss is infinite.

    Args:
        outcome: outcome of the run, from its tag `nnbench.outcome`; None for a run that is not in the store.
        accuracy: final validation accuracy or R², or the final training loss; None or NaN if there is none.
        loss: final validation loss; None or NaN if there is none.
        key: of the measure that `accuracy` is, the first of `criteria`; the training loss is negated.
    """
    if outcome not in COMPLETED or accuracy is None or math.isnan(accuracy):
        return None
    return float(-accuracy if key == TRAIN_LOSS else accuracy), math.inf if loss is None or math.isnan(loss) else float(loss)


def score(runs: Sequence[FinalValidation]) -> Score:
    """Compute the score of a setting from the results of its runs, one a seed; at least one."""
    kept = [run for run in runs if run is not None]
    if not kept:
        return Score(1.0, 0.0, math.inf, len(runs))
    lost = len(runs) - len(kept)
    accuracy = math.fsum(accuracy for accuracy, _ in kept) / len(kept)
    loss = math.fsum(loss for _, loss in kept) / len(kept)
    return Score(lost / len(runs), -accuracy, loss, lost)
