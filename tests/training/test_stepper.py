"""What the stepper promises to optimizers, and what it asks of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nnbench.optimizers import Optimizer
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.sgd import SGD
from nnbench.training.stepper import CHECK_AFTER, Stepper


@dataclass(kw_only=True)
class Recorder(Optimizer):
    """Writes the iteration it sees into the parameters, and the number of its calls below."""

    def allocate(self, parameters: Any) -> None:
        self.calls = np.zeros(())

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        self.calls += 1
        parameters[0], parameters[1] = iteration, self.calls


@dataclass(kw_only=True)
class Whole(Recorder):
    """Looks at layers as wholes."""

    layerwise = True


@pytest.mark.parametrize(
    ("kind", "iterations_per", "seen"),
    [
        (Recorder, "step", [6, 7, 0, 0, 0, 0]),
        (Whole, "step", [6, 7, 6, 7, 6, 7]),
        (Recorder, "layer", [18, 7, 19, 7, 20, 7]),
        (Whole, "layer", [18, 7, 19, 7, 20, 7]),
    ],
)
def test_iterations_count_steps_or_layers(kind: type[Optimizer], iterations_per: Any, seen: list[int]) -> None:
    parameters, gradients = np.zeros(6), np.zeros(6)
    layers = [(parameters[i : i + 2], gradients[i : i + 2]) for i in (0, 2, 4)]
    step = Stepper(kind(), parameters, gradients, layers, iterations_per=iterations_per).step
    for k in range(7):
        step(k)
    np.testing.assert_array_equal(parameters, seen)


@dataclass(kw_only=True)
class Copies(Optimizer):
    """Works on a copy and returns it."""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        return parameters - gradients  # type: ignore[no-any-return]


@dataclass(kw_only=True)
class Misshapen(Optimizer):
    """Its state does not fit."""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        if iteration == 3:
            parameters += np.zeros(7)


@dataclass(kw_only=True)
class Rebinds(Optimizer):
    """Changes what its own name stands for, and spoils the gradients on the way."""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters = parameters - gradients
        gradients[:] = 0


@dataclass(kw_only=True)
class WarmsUp(Optimizer):
    """Begins with a rate of zero."""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= (iteration > CHECK_AFTER - 2) * gradients


@dataclass(kw_only=True)
class Oscillates(Optimizer):
    """Every second step leads back to the start."""

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= gradients if iteration % 2 else -gradients


@pytest.mark.parametrize(
    ("kind", "error", "says", "at"),
    [
        (Copies, TypeError, "in place and return None", 0),
        (Misshapen, ValueError, "broadcast", 3),
        (Rebinds, TypeError, "11 updates changed no parameter; write `parameters -= ", 10),
    ],
)
def test_a_faulty_update_is_named(kind: type[Optimizer], error: type[Exception], says: str, at: int) -> None:
    gradients = np.zeros(3)
    step = Stepper(kind(), np.zeros(3), gradients, []).step
    with pytest.raises(error, match=says) as caught:  # noqa: PT012  # which step fails is what is asked
        for k in range(12):
            gradients[:] = 1
            step(k)
    assert caught.value.__notes__ == [f"In {kind.__name__}.update, step {at}."]


@pytest.mark.parametrize(("kind", "slope"), [(WarmsUp, 1.0), (Oscillates, 1.0), (Rebinds, 0.0)])
def test_styles_of_known_optimizers_do_not_change(kind: type[Optimizer], slope: float) -> None:
    gradients = np.zeros(3)
    step = Stepper(kind(), np.zeros(3), gradients, []).step
    for k in range(2 * CHECK_AFTER):
        gradients[:] = slope
        step(k)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), Adam()])
def test_tiny_state_is_set_to_zero(optimizer: Optimizer, dtype: type[np.floating]) -> None:
    values, slopes = np.ones(4, dtype), np.ones(4, dtype)
    states: list[Any] = []

    class Spied(type(optimizer)):  # type: ignore[misc]  # the same, but its state can be seen
        def allocate(self, parameters: Any) -> None:
            super().allocate(parameters)
            states.extend(value for value in vars(self).values() if isinstance(value, np.ndarray) and value.ndim)

    step = Stepper(Spied(), values, slopes, []).step
    tiny = np.finfo(dtype).tiny
    for k in range(8000 if dtype is np.float64 else 1200):
        step(k)
        slopes[:] = 0
        for state in states:
            assert not ((np.abs(state) > 0) & (np.abs(state) < tiny)).any(), k
    assert (states[0] == 0).all()
