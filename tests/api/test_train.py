"""Training in this process: the numbers of a tracked run, and refusal of values out of range."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnbench
from nnbench.config.schema import Config
from nnbench.datasets.diabetes import Diabetes
from nnbench.datasets.spiral import Spiral
from nnbench.optimizers.adam import Adam
from nnbench.optimizers.sgd import SGD
from nnbench.training.execute import execute

Make = Callable[..., Config]


def test_the_numbers_are_those_of_a_tracked_run(config: Make) -> None:
    chosen = {"activation": "gelu", "initial": "he", "dropout": 0.2, "hidden": [8, 5]}
    keys = ["network.activation=gelu", "network.initial=he", "network.dropout=0.2", "network.hidden=[8,5]"]
    made = config("optimizer=adam", "seed=4", "training.epochs=12", "training.batch_size=32", *keys)
    tracked = execute(made).history
    options: dict[str, Any] = {"seed": 4, "epochs": 12, "batch_size": 32, **chosen}
    history = nnbench.train(made.optimizer.instance, made.dataset.instance, **options)
    np.testing.assert_array_equal(history.batch_loss, tracked.batch_loss)
    np.testing.assert_array_equal(history.train_loss, tracked.train_loss)
    assert history.test_loss == tracked.test_loss


def test_a_regression_is_trained_by_the_loss_of_its_dataset() -> None:
    history = nnbench.train(Adam(learning_rate=0.01), Diabetes(), epochs=101, hidden=[], batch_size=64)
    assert history.test_r2 > 0.3  # least squares on all points explains about half of the variance
    assert np.isnan(history.test_accuracy)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2.5}, "batch_size=2.5: must be a whole number"),
        ({"epochs": 0}, "epochs=0: must be a whole number >= 1"),
        ({"hidden": [4, 0]}, "=0: must be a list, each a whole number >= 1"),
        ({"clip_norm": 0}, "clip_norm=0: must be a number > 0"),
        ({"weight_decay": -1}, "weight_decay=-1: must be a number >= 0"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"activation": "softplus"}, "activation=softplus"),
        ({"initial": "uniform"}, "initial=uniform"),
        ({"dataset": Diabetes(), "stop_at_accuracy": 0.9}, "no accuracy"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nnbench.train(Adam(), **{"epochs": 2, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 0.1, "hidden": []}, r"dropout=0.1: has no effect with hidden=\[\]"),
        ({"activation": "tanh", "hidden": ()}, "activation=tanh: has no effect"),
        ({"initial": "he", "initial_scale": 0.5}, "initial_scale=0.5: has no effect with initial=he"),
        ({"decay_biases": True}, "decay_biases=true: has no effect with weight_decay=0.0 and l2=0.0"),
        ({"epochs": 5, "budget": 9}, "epochs=5: has no effect with budget=9"),
        (
            {"batch_size": 300, "dataset": Spiral(samples=100)},
            "has no effect with the 300 training points of Spiral",
        ),
        ({"optimizer": SGD(nesterov=True)}, "optimizer.nesterov=true: has no effect with optimizer.momentum=0"),
    ],
)
def test_values_without_effect_are_refused_as_in_a_sweep(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nnbench.train(**{"optimizer": Adam(), **options})


def test_numbers_of_numpy_are_admitted() -> None:
    history = nnbench.train(Adam(), epochs=np.int64(3), hidden=np.array([4]), weight_decay=np.float32(0.1))  # type: ignore[arg-type]
    assert len(history.train_loss) == 3


def test_a_schedule_is_an_instance() -> None:
    with pytest.raises(TypeError, match="schedule='cosine': must be an instance"):
        nnbench.train(Adam(), epochs=2, schedule="cosine")  # type: ignore[arg-type]
