"""Speed of the training loop as a ratio to other loops that do the same work; ratios depend less on the machine than times."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection
from dataclasses import asdict
from inspect import signature
from time import process_time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nnbench.datasets import Points
from nnbench.datasets.spiral import Spiral
from nnbench.nn import Network
from nnbench.optimizers import Optimizer, find
from nnbench.training.loop import train
from scripts.benchmarks import jax_scan, naive, ratios, sklearn_mlp, torch_eager

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
    ratios.add_arguments(parser, RIVALS, SETTINGS, rounds=15, epochs=1000)
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> None:
    """Print the table of times and ratios."""
    rival, rules = RIVALS[arguments.vs]
    title = f"300 points, 2-{HIDDEN[0]}-3, whole batch, one thread; CPU µs an epoch, medians of {arguments.rounds} rounds"

    def compare_one(name: str, dtype: str) -> tuple[Any, Any]:
        return compare(rival, name, dtype, arguments.rounds, arguments.epochs)

    ratios.print_table(title, arguments, filter(rules.__contains__, arguments.optimizers), compare_one)


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
