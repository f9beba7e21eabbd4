"""Mini-batches and dropout: the order of the points, PyTorch's steps, the History, divergence."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.core.arrays import FloatArray
from nnbench.datasets import Points
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network, SoftmaxCrossEntropy, outputs
from nnbench.optimizers import Optimizer
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.sgd import SGD
from nnbench.records.history import History
from nnbench.training.batches import BLOCK, MiniBatches
from nnbench.training.evaluation import evaluation_epochs
from nnbench.training.loop import train


def points(samples: int = 20, seed: int = 0) -> Points:
    return Spiral().draw(np.random.default_rng(seed), samples)


def network(batch: int, dtype: str = "float64", hidden: tuple[int, ...] = (16,), **rest: Any) -> Network:
    made = Network(2, hidden, 3, batch=batch, dtype=dtype, **rest)
    made.initialize(np.random.default_rng(1), scale=0.3)
    return made


def run(optimizer: Optimizer, batch: int = 16, dropout: float = 0.0, **rest: Any) -> History:
    """Train a small network on a small spiral of 60 points, by batches that do not divide them."""
    options: dict[str, Any] = {"epochs": 40, "order": np.random.default_rng(5), "dropout": np.random.default_rng(6), **rest}
    return train(network(batch, dropout=dropout), optimizer, points(), points(seed=2), points(seed=3), **options)


def positions(batches: MiniBatches) -> list[list[int]]:
    return [positions.tolist() for _, slices in batches.groups for positions in slices]


@given(samples=st.integers(1, 50), batch=st.integers(1, 150), seed=st.integers(0, 2**32 - 1))
def test_an_epoch_has_each_point_once(samples: int, batch: int, seed: int) -> None:
    data = points(samples)
    batch = min(batch, len(data))
    made = MiniBatches(network(batch), SoftmaxCrossEntropy, data, np.random.default_rng(seed), np.random.default_rng(0))
    for _ in range(3):
        made.shuffle()
        found = positions(made)
        assert sorted(chain.from_iterable(found)) == list(range(len(data)))
        assert {len(one) for one in found[:-1]} <= {batch}
        assert len(found) == made.steps == -(-len(data) // batch)
        assert all(one.network.batch == len(slices[0]) for one, slices in made.groups)


def test_the_order_is_drawn_for_each_epoch_from_its_stream() -> None:
    one, same, other = (
        MiniBatches(network(16), SoftmaxCrossEntropy, points(), np.random.default_rng(seed), np.random.default_rng(0))
        for seed in (3, 3, 4)
    )
    orders = []
    for _ in range(4):
        for each in (one, same, other):
            each.shuffle()
        assert positions(one) == positions(same) != positions(other)
        orders.append(positions(one))
    assert len({str(order) for order in orders}) == 4


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("batch", [1, 16, 59])
def test_does_what_pytorch_does_on_the_same_batches(batch: int, momentum: float) -> None:
    torch = pytest.importorskip("torch")
    data, epochs = points(), 12
    net = network(batch)
    order = MiniBatches(net, SoftmaxCrossEntropy, data, np.random.default_rng(8), np.random.default_rng(0))
    parameters = [torch.tensor(weights, requires_grad=True) for weights in net.weights]
    rule = torch.optim.SGD(parameters, lr=0.1, momentum=momentum)
    inputs, labels = torch.tensor(data.x), torch.tensor(data.labels)

    def mean_loss(which: Any) -> Any:
        hidden = torch.relu(inputs[which] @ parameters[0][:-1] + parameters[0][-1])
        return torch.nn.functional.cross_entropy(hidden @ parameters[1][:-1] + parameters[1][-1], labels[which])

    batch_losses, train_losses = [], []
    for epoch in range(epochs):
        train_losses.append(mean_loss(slice(None)).item())
        if epoch == epochs - 1:
            break
        order.shuffle()
        for which in positions(order):
            rule.zero_grad()
            loss = mean_loss(which)
            loss.backward()
            rule.step()
            batch_losses.append(loss.item())
    optimizer = SGD(learning_rate=0.1, momentum=momentum)
    history = train(net, optimizer, data, None, None, epochs=epochs, order=np.random.default_rng(8))
    np.testing.assert_allclose(history.train_loss, train_losses, rtol=1e-9)
    np.testing.assert_allclose(history.batch_loss, batch_losses, rtol=1e-6)  # kept in float32
    for ours, theirs in zip(history.weights, parameters, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-10)


def test_steps_and_epochs_are_two_counters() -> None:
    history = run(Adam(learning_rate=0.02), epochs=300)
    assert history.train_loss.shape == history.train_accuracy.shape == (300,)
    evaluated = evaluation_epochs(300)
    np.testing.assert_array_equal(history.evaluated, evaluated)
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(history.train_loss)), evaluated)
    np.testing.assert_array_equal(history.steps, 4 * evaluated)
    np.testing.assert_array_equal(history.gradient_evaluations, history.steps)
    assert history.batch_loss.shape == (4 * 299,)
    assert np.isfinite(history.batch_loss).all()
    assert history.batch_loss[:4].mean() > history.batch_loss[-4:].mean()
    full = run(Adam(learning_rate=0.02), batch=60, epochs=300)
    np.testing.assert_array_equal(full.steps, full.evaluated)
    assert np.isfinite(full.train_loss).all()
    assert full.batch_loss.shape == (0,)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("batch", [16, 60])
def test_training_points_are_measured_by_a_full_pass_without_dropout(batch: int, dropout: float) -> None:
    data = points()
    history = run(Adam(learning_rate=0.02), batch=batch, dropout=dropout, checkpoints=[0, 39])
    for epoch, weights in history.checkpoints.items():
        expected = SoftmaxCrossEntropy.score(outputs(weights, data.x), data.labels)
        assert (history.train_loss[epoch], history.train_accuracy[epoch]) == pytest.approx(expected, rel=1e-12)


def test_dropout_makes_the_steps_noisy_and_not_the_evaluation() -> None:
    one, same = (run(Adam(learning_rate=0.02), batch=60, dropout=0.3) for _ in range(2))
    np.testing.assert_array_equal(one.batch_loss, same.batch_loss)
    np.testing.assert_array_equal(one.train_loss, same.train_loss)
    drawn = train(
        network(60, dropout=0.3), Adam(learning_rate=0.02), points(), None, None, epochs=40, dropout=np.random.default_rng(7)
    )
    assert drawn.train_loss[0] == one.train_loss[0]
    assert drawn.batch_loss[0] != one.batch_loss[0]


def test_stops_at_an_evaluated_epoch() -> None:
    history = run(Adam(learning_rate=0.05), epochs=400, stop_at_accuracy=0.7)
    last = len(history.train_loss) - 1
    assert history.outcome == "stopped"
    assert last == history.evaluated[-1] < 399
    assert history.train_accuracy[-1] >= 0.7
    assert not (history.train_accuracy[:-1] >= 0.7).any()
    assert history.batch_loss.shape == (4 * last,)


@dataclass(kw_only=True)
class Breaks(Optimizer):
    """Descends, and at one step writes `value` into one parameter."""

    at: int
    value: float = np.nan
    position: int = 0

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        parameters -= 0.1 * gradients
        if iteration == self.at:
            parameters[self.position] = self.value


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 17, 31, 4 * 38 + 3])
def test_divergence_ends_with_the_weights_of_the_last_row(at: int) -> None:
    calm = run(Breaks(at=-1), checkpoints=range(40))
    history = run(Breaks(at=at))
    rows = at // 4 + 1  # four steps an epoch
    assert history.outcome == "diverged"
    assert history.diverged_at == len(history.train_loss) == rows
    np.testing.assert_array_equal(history.train_loss, calm.train_loss[:rows])
    assert history.batch_loss.shape == (at + 1,)
    np.testing.assert_array_equal(history.batch_loss, calm.batch_loss[: at + 1])
    for ours, theirs in zip(history.weights, calm.checkpoints[rows - 1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert np.isnan(history.test_loss)
    assert np.isfinite(history.best_test_loss)


@pytest.mark.parametrize("at", [4, 6, 7, 4 * 38 + 3])
def test_a_parameter_behind_a_dead_unit_is_found_at_the_end_of_the_epoch(at: int) -> None:
    calm = run(Breaks(at=-1), checkpoints=range(40))
    history = run(Breaks(at=at, value=-np.inf, position=32))  # a bias of the hidden layer, whose unit is dead then
    rows = at // 4 + 1
    assert history.outcome == "diverged"
    assert history.diverged_at == len(history.train_loss) == rows
    assert at + 1 <= len(history.batch_loss) <= 4 * rows
    for ours, theirs in zip(history.weights, calm.checkpoints[rows - 1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_infinite_points_diverge_before_the_first_epoch() -> None:
    data = points()
    data.x[3, 0] = np.inf
    history = train(network(16), SGD(), data, None, None, epochs=5)
    assert (history.outcome, history.diverged_at, len(history.train_loss)) == ("diverged", 0, 0)
    assert all(np.isfinite(weights).all() for weights in history.weights)


@pytest.mark.parametrize(("batch", "dropout"), [(8, 0.0), (8, 0.3), (60, 0.3)])
def test_steps_allocate_nothing(batch: int, dropout: float) -> None:
    data = points(1000)  # 3000 points: what is proportional to them would show
    made = MiniBatches(network(batch, dropout=dropout), SoftmaxCrossEntropy, data, *map(np.random.default_rng, (0, 1)))
    (first, slices), *_ = made.groups
    made.shuffle()
    made.compute(first, 0, slices[0])
    tracemalloc.start()
    made.shuffle()
    for row, which in enumerate(slices):
        made.compute(first, row, which)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(slices) == BLOCK
    assert peak < 20_000  # bytes: views, and NumPy's buffer for the comparison of the masks


@dataclass(kw_only=True)
class Halving(Optimizer):
    """Gradient descent that halves its step, by closures, until the loss falls."""

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        closure: Callable[[], float] = vars(self)["closure"]
        before = closure()
        start, slope, rate = parameters.copy(), gradients.copy(), 4.0
        while True:
            parameters[:] = start - rate * slope
            if closure() < before or rate < 1e-9:
                break
            rate /= 2


@pytest.mark.parametrize(("batch", "dropout"), [(60, 0.0), (16, 0.0), (16, 0.3)])
def test_closures_give_the_loss_and_are_counted(batch: int, dropout: float) -> None:
    history = run(Halving(), batch=batch, dropout=dropout, epochs=20)
    assert (history.gradient_evaluations[1:] >= 3 * history.steps[1:]).all()
    if batch == 60:
        assert (np.diff(history.train_loss) < 0).all()  # every step was accepted because the loss fell
        plain = run(SGD(), batch=60, epochs=20)
        assert history.train_loss[0] == plain.train_loss[0]


def test_an_optimizer_of_the_full_batch_is_refused_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Halving, "full_batch", True)
    for batch, dropout in ((16, 0.0), (60, 0.3)):
        with pytest.raises(ValueError, match="Halving needs the full batch"):
            run(Halving(), batch=batch, dropout=dropout)


@dataclass(kw_only=True)
class Averaging(Optimizer):
    """Gradient descent that is judged by the mean of all its iterates, and reports their number."""

    def allocate(self, parameters: FloatArray) -> None:
        self.mean, self.count = parameters.copy(), 0

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        parameters -= 0.3 * gradients
        self.count += 1
        self.mean += (parameters - self.mean) / self.count

    def evaluation_parameters(self, parameters: FloatArray) -> FloatArray:
        return self.mean

    def diagnostics(self) -> dict[str, float]:
        return {"count": self.count}


@pytest.mark.parametrize("batch", [16, 60])
def test_other_parameters_are_evaluated_where_the_optimizer_says_so(batch: int) -> None:
    history = run(Averaging(), batch=batch, epochs=6, checkpoints=[5])
    iterates = []

    @dataclass(kw_only=True)
    class Plain(Optimizer):
        def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
            parameters -= 0.3 * gradients
            iterates.append(parameters.copy())

    plain = run(Plain(), batch=batch, epochs=6)
    np.testing.assert_array_equal(history.train_loss, plain.train_loss)  # of the parameters that are trained
    mean = network(batch).layers(np.mean(iterates, axis=0))
    for ours, saved, expected in zip(history.weights, history.checkpoints[5], mean, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(saved, ours)
    test = points(seed=3)
    assert (history.test_loss, history.test_accuracy) == SoftmaxCrossEntropy.score(
        outputs(history.weights, test.x), test.labels
    )
    assert history.test_loss != plain.test_loss
    np.testing.assert_array_equal(history.diagnostics["count"], history.steps)


@pytest.mark.parametrize("batch", [10, 50])
def test_a_linear_model_finds_the_least_squares(batch: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 3))
    targets = x @ rng.standard_normal((3, 2)) + 2.0
    if batch == 50:  # with noise, mini-batches end near the solution only
        targets += rng.standard_normal((50, 2))
    data = Points(x=x, targets=targets)
    net = Network(3, [], 2, batch=batch, dtype="float64")
    history = train(net, SGD(learning_rate=0.2), data, data, data, epochs=400, loss="mean_squared_error")
    expected, residuals, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(50)]), targets, rcond=None)
    np.testing.assert_allclose(history.weights[0], expected, rtol=0, atol=1e-8)
    assert history.train_loss[-1] == pytest.approx(residuals.sum() / 100, abs=1e-12)
    assert history.test_loss == pytest.approx(history.train_loss[-1], abs=1e-12)
    assert history.test_r2 == pytest.approx(1 - residuals.sum() / (50 * targets.var(axis=0).sum()), abs=1e-12)
    assert history.train_r2.shape == (400,)
    assert history.val_r2[-1] == pytest.approx(history.train_r2[-1], abs=1e-12)
    assert len(history.train_accuracy) == len(history.val_accuracy) == 0
    assert np.isnan([history.test_accuracy, history.best_test_accuracy]).all()


@pytest.mark.parametrize("batch", [10, 50])
def test_a_regression_that_overflows_diverges(batch: int) -> None:
    rng = np.random.default_rng(0)
    data = Points(x=rng.standard_normal((50, 3)), targets=rng.standard_normal((50, 1)))
    net = Network(3, [8], 1, batch=batch)
    net.initialize(rng, scale=1.0)
    history = train(net, SGD(learning_rate=100.0), data, data, data, epochs=60, loss="mean_squared_error")
    assert history.outcome == "diverged"
    assert history.diverged_at == len(history.train_loss) >= 1
    finite = history.train_loss[~np.isnan(history.train_loss)]
    assert np.isfinite(finite).all()
    assert all(np.isfinite(weights).all() for weights in history.weights)
