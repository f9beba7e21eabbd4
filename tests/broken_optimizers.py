"""Faulty optimizers of users, each with one fault, and some unusual ones that are correct."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nnbench.core.constraints import Positive
from nnbench.optimizers import Optimizer

NotAClass = 3


class NotAnOptimizer:
    """Has nothing to do with the base class."""


@dataclass(kw_only=True)
class NoUpdate(Optimizer):
    """Forgot the one method there must be."""

    learning_rate: Positive = 0.1


class NoDataclass(Optimizer):
    """Lacks the decorator, and so has no hyperparameters."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= self.learning_rate * gradients


@dataclass(kw_only=True)
class Returns(Optimizer):
    """Works on a copy, as most libraries do, and returns it."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        return parameters - self.learning_rate * gradients  # type: ignore[no-any-return]


@dataclass(kw_only=True)
class Shapes(Optimizer):
    """Brings a state of another shape."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= np.ones(7)


@dataclass(kw_only=True)
class Raises(Optimizer):
    """Fails at its first step."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        raise ArithmeticError("no step today")


@dataclass(kw_only=True)
class NotANumber(Optimizer):
    """Loses its numbers at the third step."""

    learning_rate: Positive = 0.1

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters += np.nan if iteration == 2 else 0.0


@dataclass(kw_only=True)
class NoRate(Optimizer):
    """Correct, without hyperparameters."""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= 0.1 * gradients


@dataclass(kw_only=True)
class RateInWords(Optimizer):
    """Right, though its learning rate is a word."""

    learning_rate: Literal["low", "high"] = "low"

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= {"low": 0.1, "high": 1.0}[self.learning_rate] * gradients
