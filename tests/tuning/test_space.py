"""Search spaces: declarations, samples, and best points on an edge."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from nnbench.config.folder import CONF
from nnbench.config.validate import parse
from nnbench.core.errors import UserError
from nnbench.tuning.contender import Contender
from nnbench.tuning.samplers import Design, sample
from nnbench.tuning.space import Choice, Range, Setting, Space, edges, read, widened
from tests.conftest import composed

SAMPLERS: tuple[Design, ...] = ("halton", "random", "grid")
DECLARED = sorted(path.stem for path in (CONF / "space").glob("*.yaml"))


def anything(key: str, value: Any) -> None:
    """Allows every value."""


def declared(optimizer: str) -> Space:
    tree = composed(f"optimizer={optimizer}")

    def check(key: str, value: Any) -> None:
        parse({**tree, "optimizer": {**tree["optimizer"], key: value}})

    return read(tree["space"], check)


ranges = st.builds(
    lambda low, ratio, kind: Range(low=low, high=low * ratio, kind=kind),
    st.floats(1e-8, 10),
    st.floats(2, 1e6),
    st.sampled_from(["log", "linear"]),
)
choices = st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True).map(lambda values: Choice(values=values))
# The first axis is a range, as a learning rate is: the space then holds as many configs as one likes.
spaces = st.builds(
    lambda first, rest: {f"axis_{place}": axis for place, axis in enumerate([first, *rest])},
    ranges,
    st.lists(ranges | choices, max_size=3),
)
samplers = st.sampled_from(SAMPLERS)


@given(space=spaces, sampler=samplers, configs=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_samples_are_distinct_and_within_the_bounds(space: Space, sampler: Design, configs: int, seed: int) -> None:
    drawn = sample(space, sampler, configs, seed)
    assert len({repr(setting) for setting in drawn}) == len(drawn) == configs
    for setting in drawn:
        assert list(setting) == list(space)
        for key, value in setting.items():
            axis = space[key]
            assert value in axis.values if isinstance(axis, Choice) else axis.low <= value <= axis.high
    assert drawn == sample(space, sampler, configs, seed)


@given(space=spaces, sampler=st.sampled_from(SAMPLERS[:2]), configs=st.integers(1, 20), seed=st.integers(0, 2**32))
def test_a_larger_sample_begins_with_the_smaller_one(space: Space, sampler: Design, configs: int, seed: int) -> None:
    assert sample(space, sampler, 2 * configs, seed)[:configs] == sample(space, sampler, configs, seed)


@pytest.mark.parametrize("sampler", ["halton", "random"])
def test_another_seed_draws_others(sampler: Design) -> None:
    space: Space = {"learning_rate": Range(low=1e-4, high=1, kind="log")}
    assert sample(space, sampler, 8, 0) != sample(space, sampler, 8, 1)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("configs", [8, 32])
@pytest.mark.heavy
def test_every_optimizer_gets_the_same_number_of_configs(sampler: Design, configs: int) -> None:
    assert {len(sample(declared(optimizer), sampler, configs, 0)) for optimizer in DECLARED} == {configs}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_log_axis_spreads_over_its_decades(sampler: Design) -> None:
    drawn = sample({"learning_rate": Range(low=1e-4, high=1, kind="log")}, sampler, 400, 0)
    decades = np.floor([math.log10(min(setting["learning_rate"], 0.999)) for setting in drawn])
    counts = np.unique(decades, return_counts=True)[1]
    assert len(counts) == 4
    assert counts.min() >= 75


def test_the_points_of_existing_studies_are_drawn_again() -> None:
    """Other points would be other runs: a study that is continued would be tuned anew."""
    space = {key: axis for key, axis in declared("adam").items() if key in ("learning_rate", "beta_1", "beta_2", "decay")}
    assert [list(setting.values()) for setting in sample(space, "halton", 3, 0)] == [
        [0.1298, 0.7252, 0.99, 0.0004284],
        [0.01298, 0.8852, 0.999, 3.083e-05],
        [0.4106, 0.5652, 0.9, 8.271e-06],
    ]


def test_halton_fills_the_space_more_evenly_than_chance() -> None:
    space: Space = {name: Range(low=0, high=1, kind="linear") for name in "ab"}
    points = {sampler: np.array([[*each.values()] for each in sample(space, sampler, 64, 0)]) for sampler in SAMPLERS[:2]}
    assert qmc.discrepancy(points["halton"]) < qmc.discrepancy(points["random"]) / 3


def test_a_grid_is_a_full_factorial_with_the_most_values_on_the_first_axis() -> None:
    space: Space = {
        "rate": Range(low=0.01, high=1, kind="log"),
        "momentum": Range(low=0, high=0.9, kind="linear"),
        "nesterov": Choice(values=[False, True]),
    }
    drawn = sample(space, "grid", 18, 0)
    values = {key: sorted({setting[key] for setting in drawn}) for key in space}
    assert values["rate"] == [0.01, 0.1, 1.0]
    assert values["momentum"] == [0.0, 0.45, 0.9]
    assert values["nesterov"] == [False, True]
    assert {key: len({each[key] for each in sample(space, "grid", 23, 0)}) for key in space} == {
        "rate": 23,
        "momentum": 1,
        "nesterov": 1,
    }


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_space_with_too_few_configurations_is_refused(sampler: Design) -> None:
    space: Space = {"a": Choice(values=[1, 2, 3]), "b": Choice(values=["x", "y"])}
    assert len(sample(space, sampler, 6, 0)) == 6
    with pytest.raises(UserError, match=r"tuning.configs=7: .*6"):
        sample(space, sampler, 7, 0)


SPACE: Space = {
    "rate": Range(low=0.01, high=1, kind="log"),
    "momentum": Range(low=0, high=0.9, kind="linear"),
    "rho": Choice(values=[0.9, 0.99]),
}


def fraction(key: str, value: Any) -> None:
    """As the ranges of real hyperparameters: a rate is positive, a momentum in [0, 1)."""
    if not (value > 0 if key == "rate" else 0 <= value < 1):
        raise UserError(f"{key}={value}")


def _tried(rate: float, momentum: float, rho: float = 0.9) -> Setting:
    return {"rate": rate, "momentum": momentum, "rho": rho}


@pytest.mark.parametrize(
    ("best", "on_edge"),
    [
        (_tried(0.1, 0.5), {}),
        (_tried(0.99, 0.5), {"rate": "high"}),
        (_tried(0.0101, 0.5), {"rate": "low"}),
        (_tried(0.1, 0.88), {"momentum": "high"}),
        (_tried(0.1, 0.0), {}),  # less is impossible
        (_tried(1.0, 0.9, 0.99), {"rate": "high", "momentum": "high"}),
    ],
)
def test_a_best_point_on_the_edge_is_flagged(best: Setting, on_edge: dict[str, str]) -> None:
    assert edges(SPACE, best, fraction) == on_edge


def test_next_to_the_bound_counts_as_the_bound() -> None:
    assert edges(SPACE, _tried(0.9, 0.5), fraction) == {"rate": "high"}


def test_the_outermost_sample_is_no_edge_within_the_space() -> None:
    """One of eight samples is always the lowest, so that it is no edge."""
    assert edges(SPACE, _tried(0.02, 0.45), fraction) == {}


def test_a_space_is_widened_by_a_third_on_one_side() -> None:
    wider = widened(SPACE, {"rate": "high"}, fraction)
    assert wider == {**SPACE, "rate": Range(low=0.01, high=4.642, kind="log")}  # a third of its two decades
    lower = widened(SPACE, {"rate": "low"}, fraction)["rate"]
    assert isinstance(lower, Range)
    assert lower.low == pytest.approx(0.01 * 10 ** (-2 / 3), rel=1e-3)


def test_no_further_than_is_allowed() -> None:
    wider = widened(SPACE, {"momentum": "high"}, fraction)["momentum"]
    assert isinstance(wider, Range)
    assert wider.low == 0
    assert wider.high == pytest.approx(0.9 + 0.9 / 12)


@settings(max_examples=50)
@given(axis=ranges, side=st.sampled_from(["low", "high"]))
def test_a_widened_axis_contains_the_old_one(axis: Range, side: Any) -> None:
    wider = axis.widened(side, lambda value: value > 0)
    if wider is not None:
        assert wider.low <= axis.low < axis.high <= wider.high
        assert (wider.low < axis.low) == (side == "low")


@pytest.mark.parametrize("optimizer", DECLARED)
def test_a_declared_space_has_fields_of_its_optimizer(optimizer: str) -> None:
    space = declared(optimizer)
    rate = space["d_coefficient" if optimizer == "prodigy" else "learning_rate"]
    assert isinstance(rate, Range)
    assert rate.kind == "log"
    own = composed(f"optimizer={optimizer}")["optimizer"]
    for key, axis in space.items():
        default = own[key]
        if isinstance(axis, Choice):
            assert default in axis.values
        else:  # a weight decay of zero is none, which a logarithmic axis cannot include
            assert axis.low <= default <= axis.high or (key, default) == ("weight_decay", 0.0)


def test_the_four_of_the_study_have_a_space() -> None:
    assert {"sgd", "adagrad", "rmsprop", "adam"} <= set(DECLARED)


LOG = {"kind": "log", "low": 0.1, "high": 1.0}


def test_hyperparameters_of_all_groups_may_have_an_axis() -> None:
    tree = {
        "learning_rate": LOG,
        "network": {"initial_scale": LOG, "hidden": {"kind": "choice", "values": [[8], [16, 16]]}},
        "training.dtype": {"kind": "choice", "values": ["float32", "float64"]},
        "optimizer": {"beta_1": {"kind": "linear", "low": 0.5, "high": 0.9}},
    }
    contender = Contender(label="adam", overrides=(), tree=composed("optimizer=adam"), space={})
    space = read(tree, contender.check)
    assert list(space) == ["learning_rate", "network.initial_scale", "network.hidden", "training.dtype", "beta_1"]
    for setting in sample(space, "halton", 16, 0):
        config = contender.job(0, setting, 0).config
        assert config.network.hidden == setting["network.hidden"]
        assert config.network.initial_scale == setting["network.initial_scale"]
        assert config.training.dtype == setting["training.dtype"]
        assert config.leaves()["optimizer.beta_1"] == setting["beta_1"]


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        ({"network": {"hiden": {"kind": "choice", "values": [[8]]}}}, "did you mean network.hidden?"),
        ({"network.initial_scale": {**LOG, "high": 2000}}, "space.network.initial_scale.high=2000.0: network.initial_scale"),
        ({"dataset": {"noise": LOG}}, "space.dataset.noise: cannot be tuned"),
        ({"tracking": {"patience": LOG}}, "space.tracking.patience: cannot be tuned"),
        ({"optimizer": {"algorithm": {"kind": "choice", "values": ["sgd"]}}}, "space.algorithm: cannot be tuned"),
    ],
)
def test_a_key_that_may_have_no_axis(tree: Any, line: str) -> None:
    contender = Contender(label="adam", overrides=(), tree=composed("optimizer=adam"), space={})
    with pytest.raises(UserError, match=re.escape(line)):
        read(tree, contender.check)


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        (None, "space=None: must have an axis for at least one hyperparameter"),
        ({}, "space={}: must have an axis for at least one hyperparameter"),
        ({"rate": 0.1}, "space.rate=0.1: must be one of log, linear"),
        ({"rate": {**LOG, "kind": "lgo"}}, "space.rate.kind=lgo: must be one of log, linear"),
        ({"rate": {"low": 1, "high": 2}}, "space.rate.kind=None: must be one of log"),
        ({"rate": {"kind": "log", "low": 0.1}}, "space.rate.high: is missing"),
        ({"rate": {**LOG, "hihg": 2}}, "space.rate.hihg: no such key; did you mean space.rate.high?"),
        ({"rate": {**LOG, "values": [1]}}, "space.rate.values: no such key; space.rate has kind, low, high"),
        ({"rate": {**LOG, "low": "small"}}, "space.rate.low=small: must be a number"),
        ({"rate": {**LOG, "low": True}}, "space.rate.low=true: must be a number"),
        ({"rate": {**LOG, "high": math.inf}}, "space.rate.high=inf: must be a number"),
        ({"rate": {**LOG, "high": 0.1}}, "space.rate.low=0.1: must be < space.rate.high=0.1"),
        ({"rate": {**LOG, "low": 2}}, "space.rate.low=2: must be < space.rate.high=1"),
        ({"rate": {**LOG, "low": 0}}, "space.rate.low=0: must be > 0 on a log axis"),
        ({"rate": {**LOG, "low": -1}}, "space.rate.low=-1: must be > 0 on a log axis"),
        ({"momentum": {"kind": "linear", "low": 0, "high": 2}}, "space.momentum.high=2.0: momentum=2.0"),
        ({"rho": {"kind": "choice", "values": 0.9}}, "space.rho.values=0.9: must be a list of at least 1"),
        ({"rho": {"kind": "choice", "values": []}}, r"space.rho.values=\[\]: must be a list of at least 1"),
        ({"rho": {"kind": "choice", "values": [0.9, 0.9]}}, "must all be different"),
        ({"rho": {"kind": "choice", "values": [0.9, 1.5]}}, "space.rho.values=1.5: rho=1.5"),
    ],
)
def test_an_invalid_space_is_refused(tree: Any, line: str) -> None:
    with pytest.raises(UserError, match=line):
        read(tree, fraction)
