"""Optimizers, schedules and datasets that do not depend only on the seed, and some that do."""

import random
import time
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from nnbench.datasets import Distribution, Points
from nnbench.optimizers import Optimizer
from nnbench.schedules import Schedule

STATE: dict[str, Any] = {}


class _Noisy(Optimizer):
    @abstractmethod
    def noise(self, gradients: Any) -> Any: ...

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= 0.1 * gradients * (1 + self.noise(gradients))


class NumpysRandom(_Noisy):
    def noise(self, gradients: Any) -> Any:
        return np.random.standard_normal(gradients.shape)


class PythonsRandom(_Noisy):
    def noise(self, gradients: Any) -> Any:
        return random.random()


class Fresh(_Noisy):
    def allocate(self, parameters: Any) -> None:
        self.own = np.random.default_rng()

    def noise(self, gradients: Any) -> Any:
        return self.own.random()


class Clock(_Noisy):
    def noise(self, gradients: Any) -> Any:
        return time.perf_counter() % 1


class HashOrder(_Noisy):
    def noise(self, gradients: Any) -> Any:
        return int("".join(str(ord(letter)) for letter in {"a", "b", "c", "d", "e", "f"}))


class InTheClass(_Noisy):
    state: ClassVar[dict[str, Any]] = {}

    def noise(self, gradients: Any) -> Any:
        self.state["steps"] = self.state.get("steps", 0) + 1
        return self.state["steps"]


class FirstRunDecides(_Noisy):
    scale: ClassVar[Any] = None

    def noise(self, gradients: Any) -> Any:
        if self.scale is None:
            type(self).scale = float(np.abs(gradients).max())
        return self.scale


class InTheModule(_Noisy):
    def noise(self, gradients: Any) -> Any:
        return STATE.setdefault("first", float(gradients[0]))


class InADefault(_Noisy):
    def noise(self, gradients: Any, seen: list[float] = []) -> Any:  # noqa: B006
        seen.append(1.0)
        return len(seen)


@dataclass(kw_only=True)
class OwnRandom(_Noisy):
    """Right: layers and all."""

    layerwise = True
    betas: list[float] = field(default_factory=lambda: [0.9])

    def allocate(self, parameters: Any) -> None:
        self.start = self.rng.standard_normal()

    def noise(self, gradients: Any) -> Any:
        self.betas[0] *= 0.9  # its own, in every run anew
        print("heard of nowhere")
        return self.start + self.betas[0] * self.rng.standard_normal(gradients.shape)


class Exits(_Noisy):
    def noise(self, gradients: Any) -> Any:
        raise SystemExit(0)


@dataclass(kw_only=True)
class RandomData(Distribution):
    features = 2
    outputs = 2
    good: bool = True

    def draw(self, rng: Any, samples: int) -> Points:
        x = (rng if self.good else np.random).standard_normal((2 * samples, 2))
        return Points(x=x, labels=np.repeat(np.arange(2), samples))


@dataclass(kw_only=True)
class NoisyWhenOn(Optimizer):
    """Repeatable with its default settings only."""

    noise: float = 0.0
    kind: str = "none"

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        drawn = np.random.standard_normal(gradients.shape) if self.noise > 0.01 or self.kind == "on" else 0.0
        parameters -= 0.1 * gradients * (1 + drawn)


@dataclass(kw_only=True)
class RandomSchedule(Schedule):
    def multiplier(self, step: int, steps: int) -> float:
        return float(np.random.random())


@dataclass(kw_only=True)
class PureSchedule(Schedule):
    def multiplier(self, step: int, steps: int) -> float:
        return 1 - step / steps


@dataclass(kw_only=True)
class CopiesItsRate(Optimizer):
    """Reads its learning rate once, so that no schedule has an effect."""

    learning_rate: float = 0.1

    def allocate(self, parameters: Any) -> None:
        self.rate = self.learning_rate

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= self.rate * gradients


@dataclass(kw_only=True)
class ReadsItsRate(CopiesItsRate):
    """Reads its learning rate in every step."""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= self.learning_rate * gradients
