"""Given values without effect are refused; values of a YAML file, or with an effect in another run, are not."""

from collections.abc import Callable, Sequence
from functools import cache

import pytest

from nnbench.config.effects import missing, refuse_axes_without_effect, refuse_without_effect
from nnbench.config.schema import Config, choice_sections
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from tests.conftest import CommandOutput, composed


@cache
def config(*overrides: str) -> Config:
    """The checked config of command-line words."""
    return parse(composed(*overrides))


def refusal(*runs: Sequence[str]) -> str | None:
    """The message about runs with these overrides; None if there is none."""
    try:
        refuse_without_effect([(config(*overrides), overrides) for overrides in runs])
    except UserError as error:
        return str(error)
    return None


HE, NORMAL = "network.initial=he", "network.initial=normal"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            [HE, "network.initial_scale=0.5"],
            "network.initial_scale=0.5: has no effect with network.initial=he; network.initial must be normal",
        ),
        (
            ["network.hidden=[]", "network.dropout=0.1"],
            "network.dropout=0.1: has no effect with network.hidden=[]; network.hidden must be other than []",
        ),
        (["network.hidden=[]", "network.activation=tanh"], "network.activation=tanh: has no effect with network.hidden=[]"),
        (["training.budget=10", "training.epochs=5"], "training.epochs=5: has no effect with training.budget=10"),
        (
            ["training.decay_biases=true"],
            "training.decay_biases=true: has no effect with training.weight_decay=0.0 and training.l2=0.0; one of these must",
        ),
        (
            ["training.batch_size=300", "dataset.samples=100"],
            "training.batch_size=300: has no effect with the 300 training points of dataset.name=spiral; must be less",
        ),
        (
            ["optimizer=sgd", "optimizer.momentum=0", "optimizer.nesterov=true"],
            "optimizer.nesterov=true: has no effect with optimizer.momentum=0.0",
        ),
    ],
)
def test_a_value_without_effect_is_refused(given: list[str], message: str) -> None:
    assert (refusal(given) or "").startswith(message)


@pytest.mark.parametrize(
    "given",
    [
        [HE, "network.hidden=[]", "network.dropout=0", "training.batch_size=null", "study=x"],
        [NORMAL, "network.initial_scale=0.5", "training.l2=0.1", "training.decay_biases=true", "network.dropout=0.1"],
        [
            "optimizer=sgd",
            "optimizer.nesterov=true",
            "optimizer.momentum=0.9",
            "training.batch_size=299",
            "dataset.samples=100",
        ],
    ],
)
def test_a_value_with_an_effect_is_accepted(given: list[str]) -> None:
    assert refusal(given) is None


def test_a_value_may_be_for_some_runs_of_a_sweep_but_not_make_equal_ones() -> None:
    one, other = "network.initial_scale=0.1", "network.initial_scale=0.2"
    assert refusal([HE, one], [NORMAL, one]) is None
    assert refusal([HE, one], [NORMAL, one], [NORMAL, other]) is None
    assert (refusal([HE, one], [HE, other], [NORMAL, one], [NORMAL, other]) or "").endswith(
        f"{one} and {other} would be equal runs"
    )
    assert (refusal([HE, one], [NORMAL, other]) or "").startswith(f"{one}: has no effect with {HE}")
    linear, drop = "network.hidden=[]", ("network.dropout=0", "network.dropout=0.1")
    assert "would be equal runs" in (refusal([linear, drop[0]], [linear, drop[1]], ["network.hidden=[4]", drop[1]]) or "")


def test_an_axis_of_a_space_needs_what_it_depends_on_there_or_in_the_config() -> None:
    he = config(HE)
    with pytest.raises(UserError, match=r"space: network\.initial_scale=0\.01: has no effect"):
        refuse_axes_without_effect(he, ["optimizer.learning_rate", "network.initial_scale"])
    refuse_axes_without_effect(he, ["network.initial", "network.initial_scale"])
    refuse_axes_without_effect(config(), ["network.initial_scale"])


def test_every_declared_need_names_fields_that_exist() -> None:
    """A misspelt name would refuse every value of its field."""
    for optimizer in ("sgd", "muon"):
        tree = config(f"optimizer={optimizer}")
        leaves = {f"{name}.{field}" for name in choice_sections() for field in getattr(tree, name).values} | set(tree.leaves())
        for key in leaves:
            found = missing(tree, key)
            assert found is None or "=None" not in found, found


@pytest.mark.heavy
def test_a_sweep_and_a_run_are_refused_before_they_start(nnbench: Callable[..., CommandOutput]) -> None:
    for words in ([], ["-m"], ["-m", "hydra/sweeper=basic"], ["-m", "experiment=tuned", "optimizer=sgd"]):
        said = nnbench(*words, "network.hidden=[]", "network.dropout=0.5", "dry_run=true")
        assert (said.status, said.out) == (2, "")
        assert said.err.startswith("nnbench: network.dropout=0.5: has no effect with network.hidden=[]")
        assert said.err.count("\n") == 1
