"""How fast training on mini-batches is, as a ratio to PyTorch and JAX: batches of 32 on digits, layers of 64, 128 and 10."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection
from statistics import median
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
from scripts.benchmarks import jax_scan, torch_eager

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
    """The options of the command."""
    parser.add_argument("--vs", choices=list(RIVALS), default="torch", help="the loop to compare with")
    parser.add_argument("--optimizers", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--dtypes", nargs="+", choices=["float32", "float64"], default=["float32", "float64"])
    parser.add_argument("--rounds", type=int, default=9, help="pairs of runs, one after the other")
    parser.add_argument("--epochs", type=int, default=101, help="epochs a run")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print a line for each dtype and optimizer: the median time of a step on both sides, and of the rounds' ratios."""
    rival, _ = RIVALS[arguments.vs]
    print(f"{POINTS} points, 64-{HIDDEN[0]}-10, batches of {BATCH}; CPU µs a step, medians of {arguments.rounds} rounds")
    print(f"{'dtype':8} {'optimizer':10} {arguments.vs:>8} {'nnbench':>8} {'ratio':>6}  lowest-highest")
    for dtype in arguments.dtypes:
        for name in arguments.optimizers:
            theirs, ours = compare(rival, name, dtype, arguments.rounds, arguments.epochs)
            ratios = sorted(theirs / ours)
            print(
                f"{dtype:8} {name:10} {median(theirs):8.1f} {median(ours):8.1f} {median(ratios):6.2f}"
                f"  {ratios[0]:.2f}-{ratios[-1]:.2f}",
                flush=True,
            )


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
