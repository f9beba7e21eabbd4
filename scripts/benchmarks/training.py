"""Speed of the training loop as a ratio to other loops that do the same work; ratios depend less on the machine than times."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection
from dataclasses import asdict
from inspect import signature
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.datasets import Points
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.optimizers import Optimizer, find
from nnbench.training.loop import train
from scripts.benchmarks import jax_scan, naive, sklearn_mlp, torch_eager

HIDDEN = [64]
SETTINGS: dict[str, dict[str, float]] = {
    "sgd": {"decay": 1e-3, "momentum": 0.9},
    "adagrad": {},
    "rmsprop": {"learning_rate": 0.02, "decay": 1e-5, "rho": 0.999},
    "adam": {"learning_rate": 0.05, "decay": 5e-7},
}
Rival = Callable[[Network, Points, str, Optimizer, int], list[float]]


def against_naive(network: Network, points: Points, name: str, optimizer: Optimizer, epochs: int) -> list[float]:
    """Train with the textbook's loop."""
    textbook = naive.OPTIMIZERS[name]
    known = signature(textbook).parameters  # ours may have options that are off by default
    rule = textbook(**{key: value for key, value in asdict(optimizer).items() if key in known})
    losses, _ = naive.train(network.weights, points.x.astype(network.parameters.dtype), points.labels, rule, epochs)
    return losses


RIVALS: dict[str, tuple[Rival, Collection[str]]] = {
    "naive": (against_naive, naive.OPTIMIZERS),
    "jax": (jax_scan.train, jax_scan.RULES),
    "torch": (torch_eager.train, torch_eager.RULES),
    "sklearn": (sklearn_mlp.train, sklearn_mlp.RULES),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--vs", choices=list(RIVALS), default="naive", help="the loop to compare with")
    parser.add_argument("--optimizers", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--dtypes", nargs="+", choices=["float32", "float64"], default=["float32", "float64"])
    parser.add_argument("--rounds", type=int, default=15, help="pairs of runs, one after the other")
    parser.add_argument("--epochs", type=int, default=1000, help="epochs a run")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print for each dtype and optimizer the median times of an epoch, and the median of the ratios of the rounds."""
    rival, rules = RIVALS[arguments.vs]
    print(f"300 points, 2-{HIDDEN[0]}-3, whole batch, one thread; CPU µs an epoch, medians of {arguments.rounds} rounds")
    print(f"{'dtype':8} {'optimizer':10} {arguments.vs:>8} {'nnbench':>8} {'ratio':>6}  lowest-highest")
    for dtype in arguments.dtypes:
        for name in filter(rules.__contains__, arguments.optimizers):
            theirs, ours = compare(rival, name, dtype, arguments.rounds, arguments.epochs)
            ratios = sorted(theirs / ours)
            print(
                f"{dtype:8} {name:10} {median(theirs):8.1f} {median(ours):8.1f} {median(ratios):6.2f}"
                f"  {ratios[0]:.2f}-{ratios[-1]:.2f}",
                flush=True,
            )


def compare(rival: Rival, name: str, dtype: str, rounds: int, epochs: int) -> tuple[Any, Any]:
    """Time `rival` and `train` in turn, from the same weights on the same points, both on one thread.

    An additional first round is not counted, since the other loop may compile.

    Returns:
        CPU time of an epoch in microseconds, of the rival and of `train`, shape (rounds,) each; the two runs of a round are
        consecutive. CPU time depends less than wall time on other processes.
    """
    optimizer = find(name)(**SETTINGS[name])
    rng = np.random.default_rng(0)
    points = Spiral().draw(rng, 100)
    network = Network(2, HIDDEN, 3, batch=300, dtype=dtype)
    network.initialize(rng)
    start = network.parameters.copy()
    times = np.empty((2, rounds + 1))
    with threadpool_limits(1):
        for turn in range(rounds + 1):
            network.parameters[:] = start
            started = process_time()
            rival(network, points, name, optimizer, epochs)
            between = process_time()
            train(network, optimizer, points, None, None, epochs=epochs)
            times[:, turn] = between - started, process_time() - between
    theirs, ours = 1e6 * times[:, 1:] / epochs
    return theirs, ours
