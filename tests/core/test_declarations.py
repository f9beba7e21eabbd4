"""Hyperparameters that are not fields, and so would not be recorded, are refused with the correct declaration."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from nnbench.config.schema import Config
from nnbench.core.declarations import ConstructionError, construct, declaration_error
from nnbench.core.errors import UserError
from nnbench.core.fields import field_values
from nnbench.datasets import Dataset, Distribution
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


class ListWithoutType(_Update):
    betas = [0.9, 0.99]  # noqa: RUF012


class ArrayWithoutType(_Update):
    weights = np.ones(3)


class NoneWithoutType(_Update):
    clip = None


@dataclass(kw_only=True)
class NotGiven(_Update):
    learning_rate: float = field(default=0.01, init=False)


@dataclass(kw_only=True)
class NotGivenArray(_Update):
    betas: Any = field(default_factory=lambda: np.ones(2), init=False)


class Data(Distribution):
    outputs = 2
    noise = 0.2


LOST = {
    NoAnnotation: "learning_rate: float = 0.01",
    InheritedNoAnnotation: "learning_rate: float = 0.01",
    OtherDefault: "learning_rate: float = 0.5",
    Mixed: "@dataclass",
    PlainInit: "learning_rate: float = 0.25",
    InheritedInit: "learning_rate: float = 0.25",
    KeptInit: "learning_rate: float = 0.25",
    ListWithoutType: "betas: list = field(default_factory=lambda: [0.9, 0.99])",
    ArrayWithoutType: "weights: list = field(default_factory=lambda: [1.0, 1.0, 1.0])",
    NoneWithoutType: "clip: float | None = None",
    NotGiven: "learning_rate: float = 0.01",
    NotGivenArray: "betas: list = field(default_factory=lambda: [1.0, 1.0])",
}


@pytest.mark.parametrize("kind", LOST)
def test_an_unrecorded_hyperparameter_is_refused_with_a_correction(kind: type[Optimizer]) -> None:
    wrong = declaration_error(kind, Optimizer)
    assert wrong is not None
    assert LOST[kind] in wrong
    assert "\n" not in wrong


def test_classes_of_datasets_are_checked() -> None:
    wrong = declaration_error(Data, Dataset)
    assert wrong is not None
    assert "noise: float = 0.2" in wrong


@dataclass(kw_only=True)
class Right(_Update):
    layerwise = True
    EPSILON = 1e-8
    _hidden = 3
    order: ClassVar[int] = 2
    state: list[float] = field(default_factory=list, init=False)
    derived: float = field(init=False)
    learning_rate: float = 0.1
    betas: list[float] = field(default_factory=lambda: [0.9])

    def __post_init__(self) -> None:
        self.derived = 2 * self.learning_rate

    @property
    def twice(self) -> float:
        return 2 * self.learning_rate


@pytest.mark.parametrize("kind", [Right, SGD, Adam, broken_optimizers.NoRate, odd_optimizers.Odd])
def test_keys_outside_the_setting_are_ignored(kind: type[Optimizer]) -> None:
    assert declaration_error(kind, Optimizer) is None


@dataclass(kw_only=True)
class Made(_Update):
    """Has a `__post_init__` for each fault, and a correct one."""

    how: str = "right"
    beta: float = 0.9
    betas: list[float] = field(default_factory=lambda: [0.9, 0.99])

    def __post_init__(self) -> None:
        self.keep = 1 - self.beta
        self.betas = np.array(self.betas)  # type: ignore[assignment]  # of the same numbers
        if self.how == "changes":
            self.beta = 1 - self.beta
        if self.how == "changes a part":
            self.betas[0] = 0.5
        if self.how == "refuses":
            raise ValueError("beta must be < betas")
        if self.how == "exits":
            raise SystemExit(3)
        if self.how == "leaves":
            os._exit(3)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("changes", "changes beta;"),
        ("changes a part", "changes betas;"),
        ("refuses", r"^beta must be < betas \(tests/core/test_declarations\.py:\d+\)$"),
        ("leaves", r"^SystemExit: os\._exit\(3\) \(tests/core/test_declarations\.py:\d+\)$"),
        ("exits", r"^SystemExit: 3 \(tests/core/test_declarations\.py:\d+\)$"),
    ],
)
def test_a_class_that_changes_its_fields_is_refused(how: str, told: str) -> None:
    with pytest.raises(ConstructionError, match=told):
        construct(Made, {"how": how, "beta": 0.9, "betas": [0.9, 0.99]})


def test_derived_attributes_are_allowed() -> None:
    values = {"how": "right", "beta": 0.9, "betas": [0.9, 0.99]}
    assert field_values(construct(Made, values)) == values


@pytest.mark.parametrize("how", ["changes", "refuses"])
def test_a_config_is_refused_with_it(how: str, config: Callable[..., Config]) -> None:
    custom = "optimizer=custom", "optimizer.algorithm=tests.core.test_declarations:Made"
    assert config(*custom).optimizer.values == {"how": "right", "beta": 0.9, "betas": [0.9, 0.99]}
    with pytest.raises(UserError, match=r"^optimizer: .*beta"):
        config(*custom, f"+optimizer.how={how}")
    with pytest.raises(UserError, match=r"optimizer\.beta=a lot: must be a number"):
        config(*custom, "+optimizer.beta=a lot")
