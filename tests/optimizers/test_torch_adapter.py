"""PyTorch's optimizers in this project's training: against this project's rules, and against PyTorch's own loop."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nnbench.config.source import source_of
from nnbench.core.arrays import FloatArray
from nnbench.core.errors import UserError
from nnbench.core.random import streams
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.optimizers import Optimizer, find
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnbench.optimizers.sgd import SGD
from nnbench.records.history import History
from nnbench.schedules import Schedule
from nnbench.schedules.constant import Constant
from nnbench.schedules.cosine import Cosine
from nnbench.training.loop import train
from nnbench.training.stepper import Stepper

torch: Any = pytest.importorskip("torch")
from nnbench.optimizers._torch import ELEMENTWISE  # noqa: E402  # imports torch when it is used

SHAPES = (3, 5), (6, 4), (5, 2)  # weights with the biases as their last row


def adapter(name: str, **values: Any) -> Optimizer:
    return find(name)(**values)


def trained(optimizer: Optimizer, schedule: Schedule | None = None, epochs: int = 301) -> History:
    source, spiral = streams(0), Spiral(samples=30)
    points = spiral.draw(source.data, spiral.samples)
    network = Network(2, [16], 3, batch=len(points), dtype="float64")
    network.initialize(source.weights, scale=0.1)
    return train(network, optimizer, points, None, None, epochs=epochs, schedule=schedule, rng=source.optimizer)


def problem() -> tuple[FloatArray, FloatArray, list[tuple[FloatArray, FloatArray]]]:
    """Parameters of three layers, their gradients, and the matrices that are views of both."""
    sizes = [rows * columns for rows, columns in SHAPES]
    vectors = np.random.default_rng(0).standard_normal((2, sum(sizes)))
    views = [
        [part.reshape(shape) for part, shape in zip(np.split(vector, np.cumsum(sizes)[:-1]), SHAPES, strict=True)]
        for vector in vectors
    ]
    return vectors[0], vectors[1], list(zip(*views, strict=True))


def stepped(optimizer: Optimizer, steps: int = 20) -> FloatArray:
    parameters, gradients, layers = problem()
    stepper = Stepper(optimizer, parameters, gradients, layers)
    for k in range(steps):
        gradients[:] = np.random.default_rng([1, k]).standard_normal(gradients.size)
        stepper.step(k)
    return stepper.evaluation_parameters()


def by_torch(make: Any, steps: int = 20, only: Any = lambda name: True) -> dict[str, FloatArray]:
    """The same steps on tensors as `torch.nn.Linear` has them: weights (outputs, inputs) and biases, by name."""
    layers = problem()[2]
    tensors = {}
    for number, (values, _) in enumerate(layers, 1):
        tensors[f"{number}.weight"] = torch.tensor(values[:-1].T.copy(), requires_grad=True)
        tensors[f"{number}.bias"] = torch.tensor(values[-1].copy(), requires_grad=True)
    given = [tensor for name, tensor in tensors.items() if only(name)]
    optimizer = make(given)
    for k in range(steps):
        noise = np.random.default_rng([1, k]).standard_normal(sum(rows * columns for rows, columns in SHAPES))
        parts = np.split(noise, np.cumsum([rows * columns for rows, columns in SHAPES])[:-1])
        for number, (part, shape) in enumerate(zip(parts, SHAPES, strict=True), 1):
            slopes = part.reshape(shape)
            tensors[f"{number}.weight"].grad = torch.tensor(slopes[:-1].T.copy())
            tensors[f"{number}.bias"].grad = torch.tensor(slopes[-1].copy())
        optimizer.step()
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def as_tensors(parameters: FloatArray) -> dict[str, FloatArray]:
    found, start = {}, 0
    for number, (rows, columns) in enumerate(SHAPES, 1):
        matrix = parameters[start : start + rows * columns].reshape(rows, columns)
        found[f"{number}.weight"], found[f"{number}.bias"] = matrix[:-1].T, matrix[-1]
        start += rows * columns
    return found


def test_adam_trains_as_ours_does() -> None:
    ours, theirs = trained(Adam(learning_rate=0.02, epsilon=1e-8)), trained(adapter("torch.optim:Adam", learning_rate=0.02))
    np.testing.assert_allclose(theirs.train_loss, ours.train_loss, rtol=1e-9)
    for one, other in zip(theirs.weights, ours.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("schedule", "form", "equal"),
    [(Constant(), "gradient", True), (Cosine(), "velocity", True), (Cosine(), "gradient", False)],
)
def test_momentum_is_ours_in_one_of_its_two_forms(schedule: Schedule, form: Any, equal: bool) -> None:
    """Under a schedule, PyTorch's rate multiplies the velocity; by default, ours multiplies the gradient."""
    ours = trained(SGD(learning_rate=0.1, momentum=0.9, rate_scales=form), schedule)
    theirs = trained(adapter("torch.optim:SGD", learning_rate=0.1, momentum=0.9), schedule)
    assert np.allclose(theirs.train_loss, ours.train_loss, rtol=1e-9) == equal


def test_schedule_free_is_evaluated_at_its_average() -> None:
    pytest.importorskip("schedulefree")
    theirs = trained(adapter("schedulefree:AdamWScheduleFreePaper", learning_rate=0.01), epochs=101)
    ours = trained(ScheduleFreeAdamW(learning_rate=0.01), epochs=101)
    np.testing.assert_allclose(theirs.train_loss, ours.train_loss, rtol=1e-9)
    for one, other in zip(theirs.weights, ours.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


def test_lbfgs_gets_the_closure_and_its_calls_are_counted() -> None:
    history = trained(adapter("torch.optim:LBFGS", line_search_fn="strong_wolfe", max_iter=5), epochs=20)
    assert history.train_loss[-1] < 0.7 * history.train_loss[0]
    assert history.gradient_evaluations[-1] > 2 * history.steps[-1]


def test_training_with_torch_uses_one_thread() -> None:
    threads = []
    kind = find("torch.optim:SGD")

    class Asks(kind):  # type: ignore[misc, valid-type]
        def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
            threads.append(torch.get_num_threads())
            super().update(parameters, gradients, iteration)

    with threadpool_limits(1):  # as `nnbench.training.execute` does
        trained(Asks(), epochs=3)
    assert threads == [1, 1]


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_one_tensor_of_all_parameters_gives_the_steps_of_a_tensor_for_each_block(name: str) -> None:
    kind = find(f"torch.optim:{name}")
    apart = type("Apart", (kind,), {"ONE_TENSOR": False})
    np.testing.assert_allclose(stepped(apart()), stepped(kind()), rtol=1e-12)


def test_other_rules_get_the_tensors_of_linear_layers() -> None:
    """Adafactor keeps row and column sums of a matrix, so it must see the matrices."""
    found = as_tensors(stepped(adapter("torch.optim:Adafactor", learning_rate=0.05)))
    for name, expected in by_torch(lambda tensors: torch.optim.Adafactor(tensors, lr=0.05)).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-12)


@pytest.mark.heavy  # the first step of Muon takes seconds
def test_muon_has_the_hidden_matrices_and_adamw_the_rest() -> None:
    found = as_tensors(stepped(adapter("torch.optim:Muon", learning_rate=0.05)))
    muon = by_torch(lambda tensors: torch.optim.Muon(tensors, lr=0.05), only=lambda name: name == "2.weight")
    adamw = by_torch(lambda tensors: torch.optim.AdamW(tensors, lr=3e-4, eps=1e-8, weight_decay=0.0))
    np.testing.assert_allclose(found["2.weight"], muon["2.weight"], rtol=1e-9)
    for name in found.keys() - {"2.weight"}:
        np.testing.assert_allclose(found[name], adamw[name], rtol=1e-6)


NOISY = """
import torch

class Noisy(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1, scale: float = 0.01, note=None):
        super().__init__(params, dict(lr=lr, scale=scale))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.data = p - group["lr"] * p.grad + group["scale"] * torch.randn(p.shape)

class Needs(Noisy):
    def __init__(self, params, other: torch.optim.Optimizer):
        super().__init__(params)
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "own_torch.py").write_text(NOISY)
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_torch"
    sys.modules.pop("own_torch", None)


def test_a_class_of_ones_own_draws_from_the_seed_and_may_replace_its_tensors(own: str) -> None:
    kind: Any = find(f"{own}:Noisy")
    assert [name for name in vars(kind()) if not name.startswith("_")] == ["learning_rate", "scale"]
    np.testing.assert_array_equal(stepped(kind()), stepped(kind()))
    assert not np.array_equal(stepped(kind()), stepped(kind(scale=0.0)))


def test_the_digest_has_the_users_source_and_the_version_of_torch(own: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "own_torch.py" in source_of(find(f"{own}:Noisy"), f"{own}:Noisy").files
    kind = find("torch.optim:RAdam")
    assert f"torch {metadata.version('torch')}\n" == kind.VERSIONS  # type: ignore[attr-defined]
    later = type("RAdam", (kind,), {"VERSIONS": "torch 99\n", "__module__": kind.__module__})
    assert source_of(kind, "torch.optim:RAdam").digest != source_of(later, "torch.optim:RAdam").digest


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("torch.optim:AdamWW", "has no attribute 'AdamWW'; did you mean AdamW?"),
        ("own_torch:Needs", "needs other: torch.optim.optimizer.Optimizer, which cannot be given in a config"),
        ("torch:Tensor", "is not a subclass of nnbench.optimizers.base.Optimizer"),
    ],
)
def test_a_class_that_cannot_be_used_is_reported_in_one_line(own: str, name: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        find(name)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_values_and_classes_that_torch_refuses_are_reported_before_a_run() -> None:
    with pytest.raises(ValueError, match=r"torch.optim.adam.Adam: Invalid beta parameter at index 0: 1.5"):
        adapter("torch.optim:Adam", beta_1=1.5)
    with pytest.raises(ValueError, match="SparseAdam does not support dense gradients"):
        adapter("torch.optim:SparseAdam")


def test_without_torch_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", "torch.optim"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=r"ModuleNotFoundError: .*; pip install 'nnbench\[torch\]'"):
        find("torch.optim:Adam")
