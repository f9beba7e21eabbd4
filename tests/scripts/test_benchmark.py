"""The benchmark compares equal work and prints its results; speed itself is not tested."""

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from nnbench.datasets import Points
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.optimizers import Optimizer, find, known
from nnbench.training.loop import train
from scripts.benchmarks import batches, naive
from scripts.benchmarks.training import RIVALS, SETTINGS, against_naive, compare

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden_float64.npz"

# Small enough that no point's loss is clipped, which the rivals do not do.
RATES = {"sgd": 0.1, "adagrad": 0.01, "rmsprop": 0.002, "adam": 0.01}


def test_every_optimizer_of_the_naive_loop_is_compared() -> None:
    assert sorted(SETTINGS) == sorted(naive.OPTIMIZERS)
    assert set(SETTINGS) <= set(known())


def test_the_naive_loop_is_the_notebooks() -> None:
    with np.load(GOLDEN) as golden:
        start = [np.vstack([golden[f"seed0/adam/W{layer}"], np.zeros((1, width))]) for layer, width in ((1, 64), (2, 3))]
        rule = naive.Adam(learning_rate=0.05, decay=5e-7, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
        losses, accuracies = naive.train(start, golden["seed0/X"], golden["seed0/y"], rule, 101)
        np.testing.assert_allclose(losses, golden["seed0/adam/loss"], rtol=1e-11)
        np.testing.assert_array_equal(accuracies, golden["seed0/adam/accuracy"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_naive_loop_keeps_the_dtype(dtype: str) -> None:
    layer = naive.Dense(np.ones((3, 2), dtype))
    layer.backward(layer.forward(np.ones((4, 2), dtype)))
    for _ in range(2):
        naive.Adam(learning_rate=0.05, decay=0.0, beta_1=0.9, beta_2=0.999, epsilon=1e-7).update(layer)
    assert {layer.weights.dtype, layer.biases.dtype, *(s.dtype for s in layer.state.values())} == {np.dtype(dtype)}


def test_rounds_are_paired() -> None:
    theirs, ours = compare(against_naive, "adam", "float32", rounds=3, epochs=5)
    assert theirs.shape == ours.shape == (3,)
    assert (theirs > 0).all()
    assert (ours > 0).all()


def task(dtype: str) -> tuple[Network, Points]:
    rng = np.random.default_rng(0)
    points = Spiral().draw(rng, 30)
    network = Network(2, [16], 3, batch=90, dtype=dtype)
    network.initialize(rng)
    network.parameters *= 20  # far enough from zero for the losses to move within a few epochs
    return network, points


def task_of(rival: str, name: str, dtype: str) -> tuple[Network, Points, Optimizer]:
    network, points = task(dtype)
    decay = 0.01 if rival == "jax" and name != "sgd" else 0.0  # torch has none; JAX's momentum means another thing under it
    return network, points, find(name)(**(SETTINGS[name] | {"learning_rate": RATES[name], "decay": decay}))


def losses_of(rival: str, name: str, dtype: str) -> list[float]:
    network, points, optimizer = task_of(rival, name, dtype)
    return list(RIVALS[rival][0](network, points, name, optimizer, 40))


@pytest.fixture(scope="module")
def other_process() -> Iterator[Executor]:
    """One process for all rivals.

    JAX starts threads, and from then on a process that forks, as other tests do, gets warnings.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        yield pool


@pytest.mark.heavy
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("rival", ["jax", "torch"])
def test_the_compared_loops_do_the_same_training(other_process: Executor, rival: str, name: str, dtype: str) -> None:
    theirs = other_process.submit(losses_of, rival, name, dtype).result()
    network, points, optimizer = task_of(rival, name, dtype)
    ours = train(network, optimizer, points, None, None, epochs=40).train_loss
    assert abs(ours[-1] - ours[0]) > 0.01
    rtol = 1e-3 if (rival, name) == ("jax", "rmsprop") else 1e-5  # that one's epsilon is under the root
    np.testing.assert_allclose(theirs, ours, rtol=rtol)


@pytest.mark.parametrize("name", RIVALS["sklearn"][1])
def test_scikit_learn_trains_as_long(name: str) -> None:
    network, points = task("float64")
    losses = RIVALS["sklearn"][0](network, points, name, find(name)(**SETTINGS[name]), 40)
    assert len(losses) == 40
    assert losses[-1] < 0.99 * losses[0]


@pytest.mark.heavy
@pytest.mark.parametrize("rival", RIVALS)
def test_the_command_prints_a_line_for_each_pair(rival: str) -> None:
    command = [sys.executable, "scripts/benchmark.py", "training", "--vs", rival, "--rounds", "1", "--epochs", "3"]
    printed = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in printed.splitlines()[2:]]
    assert [row[:2] for row in rows] == [
        [dtype, name] for dtype in ("float32", "float64") for name in SETTINGS if name in RIVALS[rival][1]
    ]
    assert all(float(row[4]) > 0 for row in rows)


@pytest.mark.heavy
def test_the_cost_of_a_sweep_is_printed() -> None:
    command = [sys.executable, "scripts/benchmark.py", "sweep", "--jobs", "6", "--epochs", "3"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    costs = re.search(r"costs (-?[\d.]+) ms of processor time, ([\d.]+) ms of it for the training loop", printed)
    beyond = re.search(r"beyond that (-?[\d.]+) ms", printed)
    assert costs is not None, printed
    assert beyond is not None, printed
    # So few runs cost less than two starts of the interpreter differ by: the difference may even be negative.
    assert float(costs[1]) == pytest.approx(float(costs[2]) + float(beyond[1]), abs=0.11)
    assert float(costs[2]) > 0


def batch_losses_of(rival: str, name: str, dtype: str) -> list[float]:
    network, points = batches.task(dtype)
    optimizer = find(name)(**batches.SETTINGS[name])
    return batches.RIVALS[rival][0](network, points, name, optimizer, batches.orders(4, seed=3))


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["sgd", "adam"])
@pytest.mark.parametrize("rival", batches.RIVALS)
def test_the_compared_loops_do_the_same_training_on_batches(other_process: Executor, rival: str, name: str) -> None:
    theirs = other_process.submit(batch_losses_of, rival, name, "float64").result()
    network, points = batches.task("float64")
    optimizer = find(name)(**batches.SETTINGS[name])
    ours = train(network, optimizer, points, None, None, epochs=4, order=np.random.default_rng(3)).batch_loss
    assert len(ours) == 3 * 56
    np.testing.assert_allclose(theirs, ours, rtol=1e-4)


@pytest.mark.heavy
def test_the_command_for_batches_prints_a_line_for_each_pair() -> None:
    command = [sys.executable, "scripts/benchmark.py", "batches", "--rounds", "1", "--epochs", "2", "--optimizers", "adam"]
    printed = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in printed.splitlines()[2:]]
    assert [row[:2] for row in rows] == [["float32", "adam"], ["float64", "adam"]]
    assert all(float(row[4]) > 0 for row in rows)
