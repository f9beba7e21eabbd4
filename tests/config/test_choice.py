"""The optimizer and the dataset in a config: one checked instance, which travels to workers and is never changed."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from nnbench.config.schema import Config
from nnbench.config.sections import DatasetConfig, OptimizerConfig
from nnbench.core.constraints import Share
from nnbench.core.errors import UserError
from nnbench.datasets.spiral import Spiral
from nnbench.optimizers import Optimizer
from nnbench.optimizers.adam import Adam
from nnbench.schedules import Schedule
from nnbench.training.execute import execute

Make = Callable[..., Config]


def test_a_config_holds_typed_instances(config: Make) -> None:
    made = config("optimizer.learning_rate=0.25", "dataset.noise=0.5")
    assert made.optimizer.instance == Adam(learning_rate=0.25, decay=5e-7)
    assert made.dataset.instance == Spiral(noise=0.5)
    assert made.choices == {"dataset": made.dataset, "optimizer": made.optimizer, "schedule": made.schedule}


def test_equal_sections_share_an_instance(config: Make) -> None:
    """A dataset may hold a large table; a sweep has thousands of configs."""
    one, other = config("seed=1"), config("seed=2", "optimizer.learning_rate=0.1")
    assert one.dataset.instance is other.dataset.instance
    assert one.optimizer.instance is not other.optimizer.instance


def _class_of_its_own() -> type[Optimizer]:
    @dataclass(kw_only=True)
    class Unpicklable(Optimizer):
        """Neither the class nor its derived attribute can be pickled."""

        learning_rate: float = 0.1
        betas: list[float] = field(default_factory=lambda: [0.9, 0.99])

        def __post_init__(self) -> None:
            self.rate: Callable[[int], float] = lambda k: self.learning_rate / (1 + k)
            self.betas = np.array(self.betas)  # type: ignore[assignment]

        def update(self, parameters: Any, gradients: Any, iteration: int) -> None:
            self.betas[0] = 0.5
            parameters -= self.rate(iteration) * gradients

    return Unpicklable


Unpicklable = _class_of_its_own()
OWN = "optimizer=custom", f"optimizer.algorithm={__name__}:Unpicklable", "training.epochs=3", "+optimizer.learning_rate=0.5"


def test_any_class_travels_to_a_worker(config: Make) -> None:
    sent = config(*OWN)
    received: Config = pickle.loads(pickle.dumps(sent))
    assert type(received.optimizer.instance) is Unpicklable
    assert received.optimizer.values == {"learning_rate": 0.5, "betas": [0.9, 0.99]}
    assert received.nested() == sent.nested()
    assert received.identity == sent.identity
    assert execute(received).history.train_loss.tolist() == execute(sent).history.train_loss.tolist()


def test_a_run_does_not_change_the_instance(config: Make) -> None:
    made = config(*OWN)
    execute(made)
    assert made.optimizer.values == {"learning_rate": 0.5, "betas": [0.9, 0.99]}


def test_the_record_has_the_sections_keys_and_the_fields_side_by_side() -> None:
    optimizer = OptimizerConfig(name="a", algorithm="adam", instance=Adam(learning_rate=1.0))
    assert list({**optimizer.keys(), **optimizer.values}) == [
        *("name", "algorithm", "learning_rate", "decay", "beta_1", "beta_2", "epsilon"),
    ]
    dataset = DatasetConfig(name="spiral", redraw=True, instance=Spiral())
    assert dataset.class_name == "spiral"


@pytest.mark.parametrize("key", ["instance", "source"])
def test_the_source_cannot_be_set(config: Make, key: str) -> None:
    with pytest.raises(UserError, match=rf"^optimizer\.{key}: no such key"):
        config(f"+optimizer.{key}=1")


@dataclass(kw_only=True)
class Halved(Schedule):
    """Half of the rate after a part of the budget."""

    after: Share = 0.5

    def multiplier(self, step: int, steps: int) -> float:
        return 0.5 if step >= self.after * steps else 1.0


def test_a_schedule_of_ones_own_is_trained_by(config: Make) -> None:
    keys = f"schedule.name={__name__}:Halved", "+schedule.after=0.75", "training.epochs=9"
    sent = config(*keys)
    received: Config = pickle.loads(pickle.dumps(sent))
    assert received.schedule.values == {"after": 0.75}
    assert received.identity == sent.identity
    assert sent.source.schedule != config("training.epochs=9").source.schedule
    halved, constant = (execute(one).history.train_loss for one in (received, config("training.epochs=9")))
    np.testing.assert_array_equal(halved[:7], constant[:7])  # six updates with the full rate
    assert halved[7] != constant[7]
    with pytest.raises(UserError, match=r"^schedule\.after=2\.0: must be a number > 0 and <= 1"):
        config(keys[0], "+schedule.after=2.0")
