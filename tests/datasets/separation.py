"""Runs on a problem as its YAML file has it, for tests of what it separates."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from nnbench import train
from nnbench.config.validate import parse
from nnbench.core.arrays import FloatArray
from nnbench.optimizers.base import Optimizer
from nnbench.records.history import History
from tests.conftest import composed

TUNING, FINAL = range(1000, 1003), range(12)
Measure = Callable[[History], float]


def train_loss(history: History) -> float:
    """Return the training loss after the last epoch, infinite for a run that diverged."""
    return float(history.train_loss[-1]) if history.outcome == "finished" else np.inf


@cache
def problem(name: str) -> tuple[Any, dict[str, Any]]:
    """Return the dataset of a problem, and the arguments of `train`."""
    config = parse(composed(f"problem={name}"))
    options = {key: getattr(config.network, key) for key in ("hidden", "activation", "initial", "initial_scale")}
    options |= {key: getattr(config.training, key) for key in ("epochs", "batch_size", "dtype")}
    return config.dataset.instance, options


def run(name: str, optimizer: Optimizer, seeds: Iterable[int], measure: Measure, changes: dict[str, Any]) -> FloatArray:
    """Return the measure of a run with each seed."""
    dataset, options = problem(name)
    options = options | changes
    if options["initial"] != "normal":  # the scale is that of normal weights
        del options["initial_scale"]
    dataset = options.pop("dataset", dataset)
    return np.array([measure(train(optimizer, dataset, seed=seed, **options)) for seed in seeds])


def tuned(
    name: str,
    make: Callable[[float], Optimizer],
    rates: Iterable[float],
    measure: Measure = train_loss,
    select: Measure | None = None,
    **changes: Any,
) -> FloatArray:
    """Return the measure on the final seeds, with the learning rate that is the best on the tuning seeds.

    Args:
        select: what the best rate has the lowest mean of; by default the measure.
    """
    best = min(rates, key=lambda rate: run(name, make(rate), TUNING, select or measure, changes).mean())
    return run(name, make(best), FINAL, measure, changes)
