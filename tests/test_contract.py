"""Settings that are declared so that they would be recorded nowhere are refused, and the message says how to write them."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from nnbench.contract import lost_setting
from nnbench.datasets import Dataset
from nnbench.optimizers import Optimizer
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.sgd import SGD
from tests import broken_optimizers, odd_optimizers


class _Update(Optimizer):
    def update(self, parameters: Any, gradients: Any, iteration: int) -> None: ...


@dataclass(kw_only=True)
class NoAnnotation(_Update):
    learning_rate = 1e-2


@dataclass(kw_only=True)
class InheritedNoAnnotation(NoAnnotation):
    momentum: float = 0.9


@dataclass(kw_only=True)
class OtherDefault(SGD):
    learning_rate = 0.5


class Mixin:
    learning_rate: float = 0.1


@dataclass(kw_only=True)
class Mixed(Mixin, _Update):
    momentum: float = 0.9


class PlainInit(_Update):
    def __init__(self, learning_rate: float = 0.25) -> None:
        self.learning_rate = learning_rate


class InheritedInit(PlainInit):
    pass


@dataclass(kw_only=True)
class KeptInit(_Update):
    momentum: float = 0.9

    def __init__(self, learning_rate: float = 0.25) -> None:
        self.learning_rate = learning_rate


class Data(Dataset):
    classes = 2
    noise = 0.2


LOST = {
    NoAnnotation: "learning_rate: float = 0.01",
    InheritedNoAnnotation: "learning_rate: float = 0.01",
    OtherDefault: "learning_rate: float = 0.5",
    Mixed: "@dataclass",
    PlainInit: "learning_rate: float = 0.25",
    InheritedInit: "learning_rate: float = 0.25",
    KeptInit: "learning_rate: float = 0.25",
}


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_hyperparameter_is_refused_with_the_line_to_write(kind: type[Optimizer]) -> None:
    wrong = lost_setting(kind, Optimizer)
    assert wrong is not None
    assert LOST[kind] in wrong
    assert "\n" not in wrong


def test_a_datasets_too() -> None:
    wrong = lost_setting(Data, Dataset)
    assert wrong is not None
    assert "noise: float = 0.2" in wrong


@dataclass(kw_only=True)
class Right(_Update):
    layerwise = True
    EPSILON = 1e-8
    _hidden = 3
    order: ClassVar[int] = 2
    moment = None
    learning_rate: float = 0.1
    betas: list[float] = field(default_factory=lambda: [0.9])

    def __post_init__(self) -> None:
        self.derived = 2 * self.learning_rate

    @property
    def twice(self) -> float:
        return 2 * self.learning_rate


@pytest.mark.parametrize("kind", [Right, SGD, Adam, broken_optimizers.NoRate, odd_optimizers.Odd])
def test_what_is_no_setting_may_be_anything(kind: type[Optimizer]) -> None:
    assert lost_setting(kind, Optimizer) is None
