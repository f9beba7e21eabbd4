"""A run's identity: the same for the same numbers, however they were written; another for other numbers."""

from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnbench.config.schema import Config
from nnbench.config.sections import Activation, Initial
from nnbench.config.validate import parse
from nnbench.nn.activations import ACTIVATIONS
from nnbench.nn.initializers import INITIALIZERS
from tests.conftest import composed

Make = Callable[..., Config]


def _shuffled(tree: Any, random: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    keys = list(tree)
    random.shuffle(keys)
    return {key: _shuffled(tree[key], random) for key in keys}


@pytest.fixture(scope="module")
def tree() -> dict[str, Any]:
    return composed("optimizer=sgd")


@given(random=st.randoms(use_true_random=False))
def test_identity_does_not_depend_on_the_order_of_keys(tree: dict[str, Any], random: Any) -> None:
    assert parse(_shuffled(tree, random)).identity == parse(tree).identity


@pytest.mark.parametrize(
    ("one", "other"),
    [("1e-3", "0.001"), ("1", "1.0"), ("0.5", "5e-1")],
)
def test_identity_does_not_depend_on_how_a_number_is_written(config: Make, one: str, other: str) -> None:
    assert config(f"optimizer.learning_rate={one}").identity == config(f"optimizer.learning_rate={other}").identity


@pytest.mark.parametrize(
    "around",
    [
        "study=other",
        "resume=false",
        "fail_fast=true",
        "tracking.uri=sqlite:///x.db",
        "report=none",
        "report.title=x",
        "training.checkpoints=[3]",
        "draws.chain=[a]",
    ],
)
def test_the_identity_ignores_keys_of_storage_and_display(config: Make, around: str) -> None:
    assert config(around).identity == config().identity


def test_an_added_key_at_its_default_is_not_part_of_the_digests(config: Make) -> None:
    """Runs from before the key was added have the same identity."""
    one = config("optimizer=sgd").numbers()["optimizer"]
    assert one.keys() == {"name", "algorithm", "learning_rate", "decay", "momentum"}
    assert config("optimizer=sgd", "optimizer.nesterov=true").numbers()["optimizer"] == {**one, "nesterov": True}


@pytest.mark.parametrize(
    "within",
    [
        "seed=1",
        "optimizer=sgd",
        "optimizer.learning_rate=0.051",
        "dataset.noise=0.1",
        "network.hidden=[65]",
        "training.epochs=10",
        "training.dtype=float64",
        "training.iterations_per=layer",
    ],
)
def test_the_identity_depends_on_keys_that_change_the_numbers(config: Make, within: str) -> None:
    assert config(within).identity != config().identity


def test_an_omitted_default_equals_an_explicit_one(config: Make) -> None:
    assert config("~optimizer.beta_1").identity == config("optimizer.beta_1=0.9").identity


def test_leaves_have_dotted_keys_and_are_complete(config: Make) -> None:
    leaves = config("optimizer=rmsprop", "seed=3").leaves()
    assert leaves["seed"] == 3
    assert leaves["optimizer.rho"] == 0.999
    assert leaves["network.hidden"] == [64]
    assert not any(key.startswith(("optimizer.instance", "dataset.instance")) for key in leaves)


def test_the_config_knows_all_activations_and_initial_weights() -> None:
    assert get_args(Activation) == tuple(ACTIVATIONS)
    assert get_args(Initial) == tuple(INITIALIZERS)


REGULARIZED = ["training.weight_decay=0.1", "training.l2=0.1", "training.clip_norm=1.0", "training.decay_biases=true"]


def test_a_constant_schedule_is_not_part_of_the_digests_and_any_other_is(config: Make) -> None:
    constant, cosine = config(), config("schedule=cosine")
    assert "schedule" not in constant.numbers()
    assert constant.numbers()["source"].keys() == {"optimizer", "dataset", "nnbench"}
    assert cosine.numbers()["schedule"] == {"name": "cosine", "final": 0.0}
    assert cosine.numbers()["source"].keys() == {"optimizer", "schedule", "dataset", "nnbench"}
    assert constant.configuration != cosine.configuration
    assert cosine.identity != config("schedule=cosine", "schedule.final=0.1").identity


@pytest.mark.parametrize("key", ["network.initial=he", "network.dropout=0.1", "training.batch_size=32", *REGULARIZED])
def test_keys_that_were_added_count_where_they_are_used(config: Make, key: str) -> None:
    name, _, _ = key.partition("=")
    section, _, field = name.rpartition(".")
    assert field not in config().numbers()[section]  # so that the digests of earlier runs stay
    assert field in config(key).numbers()[section]
    assert config().identity != config(key).identity
