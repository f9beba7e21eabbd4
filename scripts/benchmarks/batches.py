"""How fast training on mini-batches is, as a ratio to PyTorch and JAX: batches of 32 on digits, layers of 64, 128 and 10."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection
from time import process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.core.arrays import IntArray
from nnbench.datasets import Points
from nnbench.datasets.digits import Digits
from nnbench.nn import Network
from nnbench.optimizers import Optimizer, find
from nnbench.training.loop import train
from scripts.benchmarks import jax_scan, ratios, torch_eager

HIDDEN, BATCH, POINTS = [128], 32, 1792  # points that fill whole batches, since a compiled scan has steps of one size
SETTINGS: dict[str, dict[str, float]] = {
    "sgd": {"learning_rate": 0.1, "momentum": 0.9},
    "rmsprop": {"learning_rate": 0.001, "rho": 0.99},
    "adam": {"learning_rate": 0.001},
}
Rival = Callable[[Network, Points, str, Optimizer, IntArray], list[float]]
RIVALS: dict[str, tuple[Rival, Collection[str]]] = {
    "torch": (torch_eager.train_on_batches, torch_eager.RULES),
    "jax": (jax_scan.train_on_batches, jax_scan.RULES),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of the command."""
    ratios.add_arguments(parser, RIVALS, SETTINGS, rounds=9, epochs=101)
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print the table of times and ratios."""
    rival, _ = RIVALS[arguments.vs]
    title = f"{POINTS} points, 64-{HIDDEN[0]}-10, batches of {BATCH}; CPU µs a step, medians of {arguments.rounds} rounds"

    def compare_one(name: str, dtype: str) -> tuple[Any, Any]:
        return compare(rival, name, dtype, arguments.rounds, arguments.epochs)

    ratios.print_table(title, arguments, arguments.optimizers, compare_one)


def task(dtype: str) -> tuple[Network, Points]:
    """The network with its initial weights, and the points."""
    points = Digits().load()
    network = Network(64, HIDDEN, 10, batch=BATCH, dtype=dtype)
    network.initialize(np.random.default_rng(0), initial="he")
    return network, Points(x=points.x[:POINTS] / 16, labels=points.labels[:POINTS])


def orders(epochs: int, seed: int) -> IntArray:
    """The orders of the points that `train` draws, shape (epochs - 1, points)."""
    rng, positions = np.random.default_rng(seed), np.arange(POINTS)
    drawn = np.empty((epochs - 1, POINTS), np.int64)
    for row in drawn:
        rng.shuffle(positions)
        row[:] = positions
    return drawn


def compare(rival: Rival, name: str, dtype: str, rounds: int, epochs: int) -> tuple[Any, Any]:
    """Time `rival` and `train` in turn, from the same weights on the same batches, both on one thread.

    Both evaluate all points at the same epochs; `rival` is given the orders, which `train` draws. A round more goes before
    them and is not counted, since a rival may have to compile.

    Returns:
        Microseconds a step of the rival and of `train`, shape (rounds,) each; those of one round ran side by side. They are
        of CPU time, which a busy machine stretches less than that of the clock.
    """
    optimizer = find(name)(**SETTINGS[name])
    network, points = task(dtype)
    start, given = network.parameters.copy(), orders(epochs, 0)
    times = np.empty((2, rounds + 1))
    with threadpool_limits(1):
        for turn in range(rounds + 1):
            network.parameters[:] = start
            begun = process_time()
            rival(network, points, name, optimizer, given)
            between = process_time()
            train(network, optimizer, points, None, None, epochs=epochs, order=np.random.default_rng(0))
            times[:, turn] = between - begun, process_time() - between
    theirs, ours = 1e6 * times[:, 1:] / (len(given) * POINTS / BATCH)
    return theirs, ours
