"""What the problems with a known minimum separate, after a small search of the learning rate of each optimizer."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import pytest

from nnbench import train
from nnbench.config.validate import parse
from nnbench.core.arrays import FloatArray
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.base import Optimizer
from nnbench.optimizers.lbfgs import LBFGS
from nnbench.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnbench.optimizers.sgd import SGD
from nnbench.records.history import History
from nnbench.stats.signed_rank import signed_rank
from tests.conftest import composed

pytestmark = pytest.mark.heavy

TUNING, FINAL = range(1000, 1003), range(12)
Measure = Callable[[History], float]


def _train_loss(history: History) -> float:
    return float(history.train_loss[-1]) if history.outcome == "finished" else np.inf


@cache
def _problem(name: str) -> tuple[Any, dict[str, Any]]:
    """Return the dataset of a problem, and the arguments of `train`."""
    config = parse(composed(f"problem={name}"))
    options = {key: getattr(config.network, key) for key in ("hidden", "activation", "initial", "initial_scale")}
    options |= {key: getattr(config.training, key) for key in ("epochs", "batch_size", "dtype")}
    return config.dataset.instance, options


def _run(problem: str, optimizer: Optimizer, seeds: Iterable[int], measure: Measure, changes: dict[str, Any]) -> FloatArray:
    dataset, options = _problem(problem)
    options = options | changes
    dataset = options.pop("dataset", dataset)
    return np.array([measure(train(optimizer, dataset, seed=seed, **options)) for seed in seeds])


def _tuned(
    problem: str, make: Callable[[float], Optimizer], rates: Iterable[float], measure: Measure = _train_loss, **changes: Any
) -> FloatArray:
    """Return the measure on the final seeds, with the learning rate that is the best on the tuning seeds."""
    best = min(rates, key=lambda rate: _run(problem, make(rate), TUNING, measure, changes).mean())
    return _run(problem, make(best), FINAL, measure, changes)


def _assert_lower(first: FloatArray, second: FloatArray) -> None:
    assert np.median(first) < np.median(second)
    assert signed_rank(first - second) < 0.01


def _adam(rate: float) -> Optimizer:
    return Adam(learning_rate=rate)


def test_averaging_lowers_the_loss_of_the_noisy_quadratic_model() -> None:
    averaged = _tuned("quadratic", lambda rate: ScheduleFreeAdamW(learning_rate=rate), [0.03, 0.06, 0.12])
    _assert_lower(averaged, _tuned("quadratic", _adam, [0.005, 0.01, 0.02, 0.04]))
    _assert_lower(averaged, _tuned("quadratic", lambda rate: SGD(learning_rate=rate, momentum=0.9), [0.005, 0.01, 0.02, 0.04]))


def test_larger_batches_lower_the_loss_of_the_noisy_quadratic_model_after_equally_many_steps() -> None:
    small = _tuned("quadratic", lambda rate: SGD(learning_rate=rate), [0.03, 0.06, 0.12], batch_size=5, epochs=6)
    large = _tuned("quadratic", lambda rate: SGD(learning_rate=rate), [0.1, 0.2, 0.4], batch_size=100, epochs=101)
    _assert_lower(large, small)


def test_lbfgs_is_ahead_of_adam_and_sgd_on_an_ill_conditioned_regression() -> None:
    lbfgs = _tuned("rotated", lambda rate: LBFGS(learning_rate=rate), [1.0])
    adam = _tuned("rotated", _adam, [0.01, 0.03, 0.1])
    sgd = _tuned("rotated", lambda rate: SGD(learning_rate=rate, momentum=0.9), [0.5, 1.0, 2.0])
    assert lbfgs.max() < 1e-3 * min(adam.min(), sgd.min())


def test_adam_gains_from_axes_that_are_the_eigenvectors_and_sgd_does_not() -> None:
    dataset, _ = _problem("rotated")
    aligned = type(dataset)(rotation=False)
    for make, rates, gain in (
        (_adam, [0.03, 0.1], 1e3),
        (lambda rate: SGD(learning_rate=rate, momentum=0.9), [1.0, 2.0], 1.0),
    ):
        ratios = _tuned("rotated", make, rates) / _tuned("rotated", make, rates, dataset=aligned)
        assert ratios.min() > 0.99 * gain
        assert gain > 1 or ratios.max() < 1.01


def _epochs_to(target: float) -> Measure:
    def epochs(history: History) -> float:
        reached = np.flatnonzero(history.train_r2 >= target)
        return float(reached[0]) if len(reached) else np.inf

    return epochs


def test_momentum_and_orthogonal_weights_shorten_the_plateaus_of_a_deep_linear_network() -> None:
    measure = _epochs_to(0.99)
    plain = _tuned("deep_linear", lambda rate: SGD(learning_rate=rate), [0.3, 0.6, 1.0, 1.5], measure, epochs=1001)
    rates = [0.1, 0.3, 0.6, 1.0]
    momentum = _tuned("deep_linear", lambda rate: SGD(learning_rate=rate, momentum=0.9), rates, measure, epochs=1001)
    orthogonal = _tuned(
        "deep_linear", lambda rate: SGD(learning_rate=rate), [0.1, 0.3, 0.6], measure, epochs=1001, initial="orthogonal"
    )
    _assert_lower(momentum, plain)
    _assert_lower(orthogonal, plain)
