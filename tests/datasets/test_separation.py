"""What the problems with a known minimum separate, after a small search of the learning rate of each optimizer."""

import numpy as np
import pytest

from nnbench.core.arrays import FloatArray
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.base import Optimizer
from nnbench.optimizers.lbfgs import LBFGS
from nnbench.optimizers.rmsprop import RMSProp
from nnbench.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from nnbench.optimizers.sgd import SGD
from nnbench.records.history import History
from nnbench.stats.signed_rank import signed_rank
from tests.datasets.separation import Measure, problem, tuned

pytestmark = pytest.mark.heavy


def _assert_lower(first: FloatArray, second: FloatArray) -> None:
    assert np.median(first) < np.median(second)
    assert signed_rank(first - second) < 0.01


def _adam(rate: float) -> Optimizer:
    return Adam(learning_rate=rate)


def test_averaging_lowers_the_loss_of_the_noisy_quadratic_model() -> None:
    averaged = tuned("quadratic", lambda rate: ScheduleFreeAdamW(learning_rate=rate), [0.03, 0.06, 0.12])
    _assert_lower(averaged, tuned("quadratic", _adam, [0.005, 0.01, 0.02, 0.04]))
    _assert_lower(averaged, tuned("quadratic", lambda rate: SGD(learning_rate=rate, momentum=0.9), [0.005, 0.01, 0.02, 0.04]))


def test_larger_batches_lower_the_loss_of_the_noisy_quadratic_model_after_equally_many_steps() -> None:
    small = tuned("quadratic", lambda rate: SGD(learning_rate=rate), [0.03, 0.06, 0.12], batch_size=5, epochs=6)
    large = tuned("quadratic", lambda rate: SGD(learning_rate=rate), [0.1, 0.2, 0.4], batch_size=100, epochs=101)
    _assert_lower(large, small)


def test_lbfgs_is_ahead_of_adam_and_sgd_on_an_ill_conditioned_regression() -> None:
    lbfgs = tuned("rotated", lambda rate: LBFGS(learning_rate=rate), [1.0])
    adam = tuned("rotated", _adam, [0.01, 0.03, 0.1])
    sgd = tuned("rotated", lambda rate: SGD(learning_rate=rate, momentum=0.9), [0.5, 1.0, 2.0])
    assert lbfgs.max() < 1e-3 * min(adam.min(), sgd.min())


def test_adam_gains_from_axes_that_are_the_eigenvectors_and_sgd_does_not() -> None:
    dataset, _ = problem("rotated")
    aligned = type(dataset)(rotation=False)
    for make, rates, gain in (
        (_adam, [0.03, 0.1], 1e3),
        (lambda rate: SGD(learning_rate=rate, momentum=0.9), [1.0, 2.0], 1.0),
    ):
        ratios = tuned("rotated", make, rates) / tuned("rotated", make, rates, dataset=aligned)
        assert ratios.min() > 0.99 * gain
        assert gain > 1 or ratios.max() < 1.01


def _epochs_to(target: float) -> Measure:
    def epochs(history: History) -> float:
        reached = np.flatnonzero(history.train_r2 >= target)
        return float(reached[0]) if len(reached) else np.inf

    return epochs


def test_momentum_and_orthogonal_weights_shorten_the_plateaus_of_a_deep_linear_network() -> None:
    measure = _epochs_to(0.99)
    plain = tuned("deep_linear", lambda rate: SGD(learning_rate=rate), [0.3, 0.6, 1.0, 1.5], measure, epochs=1001)
    rates = [0.1, 0.3, 0.6, 1.0]
    momentum = tuned("deep_linear", lambda rate: SGD(learning_rate=rate, momentum=0.9), rates, measure, epochs=1001)
    orthogonal = tuned(
        "deep_linear", lambda rate: SGD(learning_rate=rate), [0.1, 0.3, 0.6], measure, epochs=1001, initial="orthogonal"
    )
    _assert_lower(momentum, plain)
    _assert_lower(orthogonal, plain)


def test_sgd_generalises_better_than_rmsprop_from_few_and_noisy_points() -> None:
    rmsprop = tuned("diabetes", lambda rate: RMSProp(learning_rate=rate), [0.001, 0.003, 0.01, 0.03], _lost_r2, _lost_val_r2)
    sgd = tuned("diabetes", lambda rate: SGD(learning_rate=rate), [0.01, 0.03, 0.1, 0.3], _lost_r2, _lost_val_r2)
    _assert_lower(sgd, rmsprop)


def _lost_r2(history: History) -> float:
    return 1 - history.test_r2 if history.outcome == "finished" else np.inf


def _lost_val_r2(history: History) -> float:
    return float(1 - history.val_r2[-1]) if history.outcome == "finished" else np.inf
