"""Base class of schedules: the multiplier of the learning rate as a function of the step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi
from typing import Any, ClassVar


@dataclass(kw_only=True)
class Schedule(ABC):
    """Multiplier of an optimizer's learning rate in each step.

    To add one, subclass this as a keyword-only dataclass whose fields are its settings, each with its range, and define
    `multiplier`. The learning rate of step k is the configured one times the multiplier of k; an optimizer's own `decay`
    comes on top of it. Lengths are fields that are fractions of the budget, so that one setting suits all budgets.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from nnbench import Schedule, Share
    >>> @dataclass(kw_only=True)
    ... class Halved(Schedule):
    ...     after: Share = 0.5
    ...
    ...     def multiplier(self, step, steps):
    ...         return 0.5 if step >= self.after * steps else 1.0
    >>> [Halved().multiplier(step, 4) for step in range(4)]
    [1.0, 1.0, 0.5, 0.5]
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False, "strict": True}

    @abstractmethod
    def multiplier(self, step: int, steps: int) -> float:
        """Return the multiplier of one step, finite and not negative; a pure function of the arguments and the fields.

        Args:
            step: how many updates came before this one, from 0 to `steps` - 1.
            steps: updates in the budget.
        """


def warmup(step: int, length: int) -> float:
    """Return the linear rise from 1 / (length + 1) in step 0 to 1 in step `length`."""
    return (step + 1) / (length + 1)


def between(start: float, end: float, fraction: float) -> float:
    """Return the half cosine that falls or rises from `start` at fraction 0 to `end` at fraction 1."""
    return end + (start - end) * (1 + cos(pi * fraction)) / 2
