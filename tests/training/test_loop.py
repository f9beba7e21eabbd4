"""Training against the notebook's trajectories, and edge cases: divergence, early stops, minimal sizes."""

import warnings
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.core.random import chain
from nnbench.datasets import Points
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network, SoftmaxCrossEntropy, outputs
from nnbench.optimizers import Optimizer, find
from nnbench.optimizers.adagrad import AdaGrad
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.rmsprop import RMSProp
from nnbench.optimizers.sgd import SGD
from nnbench.records.history import History
from nnbench.training.evaluation import evaluation_epochs
from nnbench.training.full_batch import BLOCK
from nnbench.training.loop import train
from scripts.benchmarks import naive

GOLDEN = Path(__file__).parents[1] / "data" / "golden_float64.npz"
# The notebook's five runs, in the order in which they draw.
RUNS: dict[str, Optimizer] = {
    "sgd": SGD(learning_rate=1.0, decay=1e-3, momentum=0.9),
    "adagrad": AdaGrad(learning_rate=1.0, decay=1e-4),
    "rmsprop": RMSProp(learning_rate=0.001, decay=1e-4, rho=0.9),
    "rmsprop_tuned": RMSProp(learning_rate=0.02, decay=1e-5, rho=0.999),
    "adam": Adam(learning_rate=0.05, decay=5e-7),
}
# The accuracies it printed at epoch 0.
PRINTED = {"sgd": "0.360", "adagrad": "0.410", "rmsprop": "0.270", "rmsprop_tuned": "0.303", "adam": "0.307"}


score = SoftmaxCrossEntropy.score


def points(seed: int = 0, samples: int = 20, classes: int = 3, noise: float = 0.2) -> Points:
    return Spiral(classes=classes, noise=noise).draw(np.random.default_rng(seed), samples)


def network(data: Points, hidden: tuple[int, ...] = (16,), dtype: str = "float32", classes: int = 3, **rest: Any) -> Network:
    made = Network(2, hidden, classes, batch=len(data.labels), dtype=dtype, **rest)
    made.initialize(np.random.default_rng(1), scale=0.1)
    return made


def run(optimizer: Optimizer, data: Points | None = None, **rest: Any) -> History:
    """Train a small network on a small spiral."""
    data = data or points()
    options: dict[str, Any] = {"epochs": 50, **rest}
    return train(network(data), optimizer, data, points(2), points(3), **options)


def same(one: History, other: History) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.weights, other.weights, strict=True)) and np.array_equal(
        one.train_loss, other.train_loss
    )


# --- the notebook


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("seed", range(4))
def test_follows_the_golden_trajectory(seed: int, name: str) -> None:
    with np.load(GOLDEN) as file:
        golden = {key: file[f"seed{seed}/{name}/{key}"] for key in ("W1", "W2", "loss", "accuracy")}
        final = [
            np.vstack([file[f"seed{seed}/{name}/final_W{layer}"], file[f"seed{seed}/{name}/final_b{layer}"]])
            for layer in (1, 2)
        ]
        data = Points(x=file[f"seed{seed}/X"], labels=file[f"seed{seed}/y"])
    net = Network(2, [64], 3, batch=300, dtype="float64")
    net.weights[0][:-1], net.weights[1][:-1] = golden["W1"], golden["W2"]
    # One epoch more: its row is measured on the weights that the golden run ends with.
    history = train(net, RUNS[name], data, None, None, epochs=102, iterations_per="layer")
    np.testing.assert_allclose(history.train_loss[:101], golden["loss"], rtol=1e-9)
    np.testing.assert_array_equal(history.train_accuracy[:101], golden["accuracy"])
    for ours, theirs in zip(history.weights, final, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-7)


@pytest.mark.parametrize(("name", "accuracy"), list(PRINTED.items()))
def test_the_chain_of_draws_gives_the_printed_first_rows(name: str, accuracy: str) -> None:
    spiral, net = Spiral(samples=100), Network(2, [64], 3, batch=300, dtype="float32")
    data = chain(0, list(RUNS).index(name), lambda rng: spiral.draw(rng, spiral.samples), net.initialize)
    history = train(net, RUNS[name], data, None, None, epochs=1)
    assert (f"{history.train_accuracy[0]:.3f}", f"{history.train_loss[0]:.3f}") == (accuracy, "1.099")


@pytest.mark.parametrize("name", RUNS)
def test_training_agrees_with_the_textbook_loop(name: str) -> None:
    data, optimizer = points(), RUNS[name]
    net = network(data, hidden=(8, 5), dtype="float64")
    algorithm = name.removesuffix("_tuned")
    textbook = naive.OPTIMIZERS[algorithm]
    settings = {name: vars(optimizer)[name] for name in signature(textbook).parameters}
    losses, accuracies = naive.train(net.weights, data.x, data.labels, textbook(**settings), 60)
    history = train(net, optimizer, data, None, None, epochs=60, iterations_per="layer")
    np.testing.assert_allclose(history.train_loss, losses, rtol=1e-7)
    np.testing.assert_array_equal(history.train_accuracy, accuracies)


def test_iterations_per_step_and_per_layer() -> None:
    assert not same(run(Adam(learning_rate=0.1)), run(Adam(learning_rate=0.1), iterations_per="layer"))
    assert same(run(SGD(learning_rate=0.1)), run(SGD(learning_rate=0.1), iterations_per="layer"))  # nothing counts


# --- what a History holds


def test_history_has_a_row_an_epoch_and_the_weights_of_the_last() -> None:
    data = points()
    net = network(data, dtype="float64")
    start = net.snapshot()
    history = train(net, Adam(learning_rate=0.05), data, points(2), points(3), epochs=150, checkpoints=[0, 70, 149, 900])
    assert history.outcome == "finished"
    assert history.diverged_at is None
    assert history.train_loss.shape == history.train_accuracy.shape == (150,)
    assert history.seconds > 0
    # Epochs 0, 70 (past the first block) and 149 are what the weights kept then give.
    assert sorted(history.checkpoints) == [0, 70, 149]
    for epoch, weights in history.checkpoints.items():
        expected = score(outputs(weights, data.x), data.labels)
        assert (history.train_loss[epoch], history.train_accuracy[epoch]) == pytest.approx(expected, rel=1e-12)
    for kept, initial in zip(history.checkpoints[0], start, strict=True):
        np.testing.assert_array_equal(kept, initial)
    for kept, last, left in zip(history.checkpoints[149], history.weights, net.weights, strict=True):
        np.testing.assert_array_equal(kept, last)
        np.testing.assert_array_equal(last, left)
    # Held-out points are looked at in the same way.
    val, test = points(2), points(3)
    np.testing.assert_array_equal(history.evaluated, evaluation_epochs(150))
    assert history.val_loss.shape == history.val_accuracy.shape == history.evaluated.shape
    assert (history.val_loss[-1], history.val_accuracy[-1]) == score(outputs(history.weights, val.x), val.labels)
    assert (history.test_loss, history.test_accuracy) == score(outputs(history.weights, test.x), test.labels)


def test_the_best_validation_epoch_is_judged_with_the_weights_of_that_epoch() -> None:
    plain = run(Adam(learning_rate=0.2), epochs=400)
    best = plain.best_epoch
    assert best is not None
    assert 0 < best < 399  # it overfits: the best is neither the start nor the end
    assert best == plain.evaluated[plain.val_loss.argmin()]
    kept = run(Adam(learning_rate=0.2), epochs=400, checkpoints=[best]).checkpoints[best]
    test = points(3)
    assert (plain.best_test_loss, plain.best_test_accuracy) == score(outputs(kept, test.x), test.labels)
    assert plain.best_test_loss < plain.test_loss


def test_the_last_epoch_may_be_the_best() -> None:
    history = run(SGD(learning_rate=0.05), epochs=20)
    assert history.best_epoch == 19
    assert (history.best_test_loss, history.best_test_accuracy) == (history.test_loss, history.test_accuracy)


@pytest.mark.parametrize("epochs", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_results_do_not_depend_on_the_block_size(epochs: int) -> None:
    long, short = run(Adam(learning_rate=0.02), epochs=3 * BLOCK), run(Adam(learning_rate=0.02), epochs=epochs)
    np.testing.assert_array_equal(short.train_loss, long.train_loss[:epochs])
    np.testing.assert_array_equal(short.train_accuracy, long.train_accuracy[:epochs])


def test_many_outputs_wait_in_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = run(Adam(learning_rate=0.02))
    for block in (0, 1, 5):
        monkeypatch.setattr(
            "nnbench.training.full_batch.MAX_BUFFERED_OUTPUTS", block * 3 * 64
        )  # 60 points of three classes, padded
        assert same(run(Adam(learning_rate=0.02)), usual)


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 100, 101, 1000, 10001, 123457])
def test_evaluation_epochs(epochs: int) -> None:
    due = evaluation_epochs(epochs)
    assert due[0] == 0
    assert due[-1] == epochs - 1
    assert (np.diff(due) > 0).all()
    assert len(due) <= 110
    if epochs >= 1000:
        assert len(due) >= 90
        np.testing.assert_array_equal(due[:5], range(5))  # dense early
        assert np.diff(due).max() <= epochs / 40  # and nowhere sparse


@pytest.mark.parametrize("none", [None, Points(x=np.empty((0, 2)), labels=np.empty(0, np.int64))])
def test_without_held_out_points(none: Points | None) -> None:
    data = points()
    history = train(network(data), SGD(learning_rate=0.1), data, none, none, epochs=10)
    assert len(history.val_loss) == len(history.val_accuracy) == 0
    assert history.best_epoch is None
    assert np.isnan([history.test_loss, history.test_accuracy, history.best_test_loss, history.best_test_accuracy]).all()


def test_the_optimizer_is_not_changed_and_runs_are_repeatable() -> None:
    optimizer = Adam(learning_rate=0.05)
    before = vars(optimizer).copy()
    assert same(run(optimizer), run(optimizer))
    assert vars(optimizer) == before


def test_global_random_generators_are_not_used() -> None:
    before = np.random.get_state(legacy=False)["state"]
    run(Adam(learning_rate=0.05))
    after = np.random.get_state(legacy=False)["state"]
    assert before["pos"] == after["pos"]
    np.testing.assert_array_equal(before["key"], after["key"])


# --- early stop


def test_stops_at_the_first_epoch_that_is_accurate_enough() -> None:
    full = run(Adam(learning_rate=0.05), epochs=400)
    goal = 0.7
    first = int(np.argmax(full.train_accuracy >= goal))
    assert 0 < first < 399
    history = run(Adam(learning_rate=0.05), epochs=400, stop_at_accuracy=goal)
    assert history.outcome == "stopped"
    np.testing.assert_array_equal(history.train_accuracy, full.train_accuracy[: first + 1])
    np.testing.assert_array_equal(history.train_loss, full.train_loss[: first + 1])
    assert history.evaluated[-1] == first
    assert np.isfinite(history.test_loss)
    data = points()
    assert score(outputs(history.weights, data.x), data.labels)[1] == history.train_accuracy[-1]


def test_a_target_never_reached_changes_nothing() -> None:
    history = run(SGD(learning_rate=0.01), stop_at_accuracy=1.0)
    assert history.outcome == "finished"
    assert same(history, run(SGD(learning_rate=0.01)))


# --- divergence


@dataclass(kw_only=True)
class Breaks(Optimizer):
    """Descends, and at one step writes `value` into one parameter."""

    at: int
    value: float
    position: int = 0

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        parameters -= 0.1 * gradients
        if iteration == self.at:
            parameters[self.position] = self.value


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("position", [0, 40, -1])  # a weight, a bias, the last bias
@pytest.mark.parametrize("at", [0, 5, BLOCK - 1, BLOCK, BLOCK + 3])
def test_divergence_stops_the_run_and_keeps_finite_values(at: int, position: int, value: float) -> None:
    epochs = BLOCK + 20
    calm = run(Breaks(at=at, value=0.0), epochs=epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = run(Breaks(at=at, value=value, position=position), epochs=epochs)
    assert history.outcome == "diverged"
    assert history.diverged_at == at + 1
    np.testing.assert_array_equal(history.train_loss, calm.train_loss[: at + 1])
    np.testing.assert_array_equal(history.train_accuracy, calm.train_accuracy[: at + 1])
    assert np.isfinite(history.val_loss).all()
    assert (history.evaluated <= at).all()
    assert np.isnan([history.test_loss, history.test_accuracy]).all()
    assert history.best_epoch == calm.evaluated[calm.val_loss[calm.evaluated <= at].argmin()]
    assert np.isfinite([history.best_test_loss, history.best_test_accuracy]).all()
    data = points()
    assert score(outputs(history.weights, data.x), data.labels)[0] == pytest.approx(history.train_loss[-1], rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("rate", [1e3, 1e30, 1e300])
@pytest.mark.parametrize("name", ["sgd", "adagrad", "rmsprop", "adam"])
def test_huge_learning_rates_end_in_finite_numbers(name: str, rate: float, activation: str, dtype: str) -> None:
    data = points()
    net = network(data, hidden=(16, 16), dtype=dtype, activation=activation)
    optimizer = find(name)(learning_rate=rate)  # type: ignore[call-arg]  # every optimizer has one
    history = train(net, optimizer, data, points(2), points(3), epochs=30)
    rows = len(history.train_loss)
    assert history.outcome == ("finished" if rows == 30 else "diverged")
    assert rows >= 1
    for values in (history.train_loss, history.train_accuracy, history.val_loss, *history.weights):
        assert np.isfinite(values).all()


def test_infinite_points_diverge_before_the_first_epoch() -> None:
    data = points()
    data.x[3, 0] = np.inf
    history = run(SGD(), data)
    assert (history.outcome, history.diverged_at, len(history.train_loss)) == ("diverged", 0, 0)
    assert all(np.isfinite(weights).all() for weights in history.weights)


# --- the smallest of everything


@pytest.mark.parametrize(("samples", "classes", "noise"), [(1, 3, 0.2), (20, 1, 0.2), (1, 1, 0.0), (20, 3, 0.0), (7, 30, 0.2)])
@pytest.mark.parametrize("hidden", [(), (1,), (3, 2, 1)])
def test_small_problems_run_to_their_end(samples: int, classes: int, noise: float, hidden: tuple[int, ...]) -> None:
    data = points(samples=samples, classes=classes, noise=noise)
    history = train(network(data, hidden, classes=classes), Adam(learning_rate=0.05), data, data, data, epochs=30)
    assert history.outcome == "finished"
    assert np.isfinite(history.train_loss).all()
    assert history.train_loss[-1] < history.train_loss[0] + 1e-3
    assert history.test_loss == pytest.approx(history.train_loss[-1], rel=1e-5, abs=2e-7)  # the clip is on the training loss
    assert history.test_accuracy == history.train_accuracy[-1]


def test_a_dead_network_stays_at_chance() -> None:
    data = points()
    net = network(data)
    net.weights[0][:-1], net.weights[0][-1] = 0.0, -1.0
    history = train(net, Adam(learning_rate=0.05), data, None, None, epochs=300)
    assert history.outcome == "finished"
    assert history.train_loss[-1] == pytest.approx(np.log(3), rel=1e-3)
    np.testing.assert_array_equal(history.weights[0][-1], -1.0)


def test_an_easy_problem_is_learned() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 30)
    data = Points(x=np.array([[0, 3], [3, -3], [-3, -3]])[labels] + rng.standard_normal((90, 2)) * 0.3, labels=labels)
    for activation in ("relu", "tanh"):
        net = network(data, activation=activation)
        history = train(net, Adam(learning_rate=0.05), data, None, None, epochs=200)
        assert history.train_accuracy[-1] == 1.0
        assert history.train_loss[-1] < 0.01


# --- faults of the caller


@pytest.mark.parametrize(
    "change",
    [
        {"x": np.zeros((60, 3))},
        {"x": np.zeros((59, 2)), "labels": np.zeros(59, np.int64)},
        {"labels": np.full(60, 3)},
    ],
)
def test_points_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    data = points()
    net = network(data)
    wrong = Points(**{"x": data.x, "labels": data.labels, **change})
    with pytest.raises(ValueError, match="do not fit the network"):
        train(net, SGD(), wrong, None, None, epochs=5)


def test_no_epochs_are_refused() -> None:
    with pytest.raises(ValueError, match="0 epochs"):
        run(SGD(), epochs=0)


@dataclass(kw_only=True)
class Faulty(Optimizer):
    """Has a bug that shows at step 4."""

    def update(self, parameters: FloatArray, gradients: FloatArray, iteration: int) -> None:
        if iteration == 4:
            parameters += np.zeros(3)


def test_an_optimizers_exception_has_its_file_and_line() -> None:
    with pytest.raises(ValueError, match="broadcast") as caught:
        run(Faulty())
    assert caught.value.__notes__ == ["In Faulty.update, step 4."]
