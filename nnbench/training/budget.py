"""Length of a training: passes over the points, updates, or evaluations of the gradient."""

from collections.abc import Callable
from dataclasses import dataclass

from nnbench.config.sections import BudgetUnit
from nnbench.schedules.base import Schedule
from nnbench.training.evaluation import CountedClosure


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a run may spend on its updates; its schedule ends with it.

    Attributes:
        amount: passes over the points, updates, or gradients computed, those for the updates and those of closures.
        unit: of the amount.
    """

    amount: int
    unit: BudgetUnit

    def length(self, steps_per_epoch: int) -> "Length":
        """The length of a training with so many steps an epoch."""
        if self.unit == "epochs":
            return Length(epochs=self.amount + 1, steps=self.amount * steps_per_epoch, evaluations=None)
        evaluations = self.amount if self.unit == "gradient_evaluations" else None
        return Length(epochs=-(-self.amount // steps_per_epoch) + 1, steps=self.amount, evaluations=evaluations)


@dataclass(frozen=True, kw_only=True)
class Length:
    """Length of a training.

    Attributes:
        epochs: measured at most, the initial weights included; the last one may begin after a part of an epoch.
        steps: updates made at most.
        evaluations: gradients computed at most; None if the steps decide, since each computes one.
    """

    epochs: int
    steps: int
    evaluations: int | None = None

    def multiplier(self, schedule: Schedule, closure: CountedClosure) -> Callable[[int], float]:
        """Return the multiplier of the learning rate as a function of the step; its last value is that of the budget's end."""
        if self.evaluations is None:
            return lambda step: schedule.multiplier(step, self.steps)
        total = self.evaluations
        return lambda step: schedule.multiplier(step + closure.calls, total)

    def limit(self, closure: CountedClosure) -> "Limit | None":
        """Return the limit on the evaluations; None if there is none."""
        return None if self.evaluations is None else Limit(self.evaluations, closure)


class Limit:
    """Limit on the evaluations of the gradient.

    Args:
        most: evaluations that may be made.
        closure: counts those that the optimizer asks for.

    Attributes:
        reached: whether `left` has found none left.
    """

    def __init__(self, most: int, closure: CountedClosure) -> None:
        self._most, self._closure = most, closure
        self.reached = False

    def left(self, steps: int) -> int:
        """Return how many evaluations are left after so many steps.

        A negative number says that the last step took more than were left. It must be taken back; those beyond the limit are
        not counted.
        """
        left = self._most - steps - self._closure.calls
        self.reached = left <= 0
        if left < 0:
            self._closure.calls += left
        return left
