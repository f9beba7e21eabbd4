"""Guarantees and requirements of the stepper."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nnbench.core.constraints import Positive
from nnbench.optimizers import Optimizer
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.base import Block, Layers, blocks
from nnbench.optimizers.sgd import SGD
from nnbench.training.regularization import Regularization
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


# --- the schedule, blocks, evaluation parameters, closures, diagnostics


@dataclass(kw_only=True)
class TenLines(Optimizer):
    """As in README: it knows of no schedule."""

    learning_rate: Positive = 0.5

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= self.learning_rate * gradients


def test_a_rule_that_knows_of_no_schedule_follows_it() -> None:
    optimizer, parameters, gradients = TenLines(), np.zeros(3), np.ones(3)
    stepper = Stepper(optimizer, parameters, gradients, multiplier=[1.0, 0.5, 0.0, 2.0].__getitem__)
    path = []
    for k in range(4):
        stepper.step(k)
        path.append(parameters[0])
    assert path == [-0.5, -0.75, -0.75, -1.75]
    assert stepper.diagnostics() == {"multiplier": 2.0}
    assert vars(optimizer) == {"learning_rate": 0.5}


@dataclass(kw_only=True)
class OtherRate(Optimizer):
    """Its rate has a name of its own, and a hyperparameter has that of an attribute of the contract."""

    speed: Positive = 0.5
    closure: Positive = 3.0  # type: ignore[assignment, misc]

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters -= self.speed * self.multiplier * gradients
        assert self.closure == 3.0


def test_a_rate_of_another_name_uses_the_multiplier() -> None:
    parameters, gradients = np.zeros(3), np.ones(3)
    Stepper(OtherRate(), parameters, gradients, multiplier=lambda k: 0.25).step(0)
    assert (parameters == -0.125).all()


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, "1", None])
def test_a_multiplier_that_is_no_share_of_a_rate_is_refused(bad: Any) -> None:
    step = Stepper(TenLines(), np.zeros(3), np.ones(3), multiplier=lambda k: bad if k == 2 else 1.0).step
    step(0)
    step(1)
    with pytest.raises(ValueError, match="multiplier in step 2 is"):
        step(2)


def test_decay_alone_does_not_hide_an_update_that_is_not_in_place() -> None:
    parameters, gradients = np.ones(3), np.ones(3)
    step = Stepper(Rebinds(), parameters, gradients, regularization=Regularization(weight_decay=0.1)).step
    with pytest.raises(TypeError, match="changed no parameter"):  # noqa: PT012
        for k in range(12):
            gradients[:] = 1
            step(k)


def problem(widths: Sequence[int]) -> tuple[Any, Any, Layers]:
    shapes = [(rows + 1, columns) for rows, columns in pairwise(widths)]
    sizes = [rows * columns for rows, columns in shapes]
    vectors = [np.zeros(sum(sizes)) for _ in range(2)]
    parts = [
        [part.reshape(shape) for part, shape in zip(np.split(vector, np.cumsum(sizes)[:-1]), shapes, strict=True)]
        for vector in vectors
    ]
    return vectors[0], vectors[1], list(zip(*parts, strict=True))


def test_blocks_have_names_roles_and_the_shapes_of_weights_and_biases() -> None:
    parameters, _, layers = problem([2, 5, 4, 3])
    found = list(blocks(layers))
    assert [(block.name, block.kind, block.role, block.values.shape) for block in found] == [
        ("layer_1.weights", "weights", "first", (2, 5)),
        ("layer_1.bias", "bias", "first", (5,)),
        ("layer_2.weights", "weights", "hidden", (5, 4)),
        ("layer_2.bias", "bias", "hidden", (4,)),
        ("layer_3.weights", "weights", "last", (4, 3)),
        ("layer_3.bias", "bias", "last", (3,)),
    ]
    assert all(np.shares_memory(block.values, parameters) for block in found)
    assert sum(block.values.size for block in found) == parameters.size
    assert [block.role for block in blocks(problem([2, 3])[2])] == ["last", "last"]


@dataclass(kw_only=True)
class Halves(Optimizer):
    """Takes blocks of one role, writes 1 into them and tells their size; the rest is a Recorder's."""

    role: str = "hidden"

    def takes(self, block: Block) -> bool:
        return block.role == self.role and block.kind == "weights"

    def rest(self) -> Optimizer:
        return TenLines()

    def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
        parameters[:] = 1

    def evaluation_parameters(self, parameters: Any) -> Any:
        return parameters + 10

    def diagnostics(self) -> dict[str, float]:
        return {"size": 7.0}


@pytest.mark.parametrize("iterations_per", ["step", "layer"])
@pytest.mark.parametrize("role", ["first", "hidden", "last"])
def test_a_rule_gets_the_blocks_that_it_takes_and_another_the_rest(role: str, iterations_per: Any) -> None:
    parameters, gradients, layers = problem([2, 5, 4, 3])
    gradients[:] = 2
    stepper = Stepper(Halves(role=role), parameters, gradients, layers, iterations_per=iterations_per)
    assert stepper.evaluation_parameters() is not parameters
    stepper.step(0)
    judged = stepper.evaluation_parameters()
    for block in blocks(layers):
        taken = block.role == role and block.kind == "weights"
        assert (block.values == (1 if taken else -1)).all(), block.name
        span = slice((start := (block.values.ctypes.data - parameters.ctypes.data) // 8), start + block.values.size)
        assert (judged[span] == (11 if taken else -1)).all(), block.name
    (name,) = stepper.diagnostics()
    assert name == f"layer_{('first', 'hidden', 'last').index(role) + 1}.weights/size"


@dataclass(kw_only=True)
class Lists(Halves):
    """As `Halves`, with diagnostics that are no dict of numbers."""

    def diagnostics(self) -> Any:
        return [7.0]


def test_diagnostics_of_another_type_are_refused_with_the_place_of_the_method() -> None:
    parameters, gradients, layers = problem([2, 5, 3])
    stepper = Stepper(Lists(role="first"), parameters, gradients, layers)
    line = Lists.diagnostics.__code__.co_firstlineno
    with pytest.raises(TypeError, match=rf"Lists\.diagnostics in .*test_stepper\.py:{line} must return a dict .* \[7\.0\]"):
        stepper.diagnostics()


def test_neighbouring_blocks_of_the_rest_are_one_vector() -> None:
    parameters, gradients, layers = problem([2, 5, 4, 4, 3])
    stepper = Stepper(Halves(), parameters, gradients, layers)
    kinds = [type(one).__name__ for one in stepper.optimizers]
    assert kinds == ["TenLines", "Halves", "TenLines", "Halves", "TenLines"]


def test_a_rule_that_would_take_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="takes none of the weights of a network with 2 layers; TenLines would"):
        Stepper(Halves(), *problem([2, 5, 3]))


def test_the_identity_costs_no_copy() -> None:
    parameters, gradients, layers = problem([2, 5, 3])
    assert Stepper(SGD(), parameters, gradients, layers).evaluation_parameters() is parameters
    assert Stepper(SGD(), parameters, gradients, layers, iterations_per="layer").evaluation_parameters() is parameters
