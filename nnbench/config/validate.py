"""Validation of a configuration; an error names the key, the value and what is allowed."""

import inspect
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from nnbench.config.axis_syntax import ZIP
from nnbench.config.check import MISSING, check, shown
from nnbench.config.choice import Choice, own_keys
from nnbench.config.schema import Config, choice_sections
from nnbench.config.sections import SourceConfig, TrainingConfig
from nnbench.config.source import nnbench_source, source_of
from nnbench.core.declarations import ConstructionError, construct, fields_without_post_init
from nnbench.core.errors import UserError
from nnbench.core.installed_pages import installed_pages
from nnbench.core.paths import NAME_PATTERN, NAME_RULE
from nnbench.core.registry import known
from nnbench.core.signals import asks_to_end
from nnbench.core.user_code import describe_error, exits_raised, user_code_location
from nnbench.datasets.base import Distribution
from nnbench.optimizers.base import blocks

# Keys of tuning, and of sweeps in general, that a single run ignores.
TUNING_ONLY = ("space", "tuning", "extend")
SWEEP_ONLY = ("grids", ZIP, *TUNING_ONLY)
MAX_NUMBERS = 10**8  # numbers in a network and its activations: some gigabytes, with the buffers of training


def parse(tree: Mapping[str, Any]) -> Config:
    """Convert a composed, resolved config to a `Config`.

    Raises:
        UserError: on the first key that is missing, unknown, of the wrong type or out of its range.
    """
    plain = {key: value for key, value in tree.items() if key not in SWEEP_ONLY}
    chosen: dict[str, Any] = {}
    digests = {"nnbench": nnbench_source().digest}
    for name, section in choice_sections().items():
        chosen[name], digests[name] = _choice(section, plain.pop(name, None), name)
    checked = check(Config, plain, "", without=(*chosen, "source"))
    config = Config(**vars(checked), **chosen, source=SourceConfig(**digests))
    _check_together(config)
    return config


def _choice(section: type[Choice[Any]], value: Any, name: str) -> tuple[Choice[Any], str]:
    """Return a section with a checked instance of the class that it names, and the digest of the source of that class."""
    if not isinstance(value, Mapping):
        raise UserError(f"{name}={shown(value)}: must be one of the options of conf/{name}")
    tree = dict(value)
    keys = {key: tree.pop(key, None) for key in own_keys(section)}
    class_key = f"{name}.{section.CLASS_KEY}"
    kind = section.find(class_name := _text(class_key, keys[section.CLASS_KEY]))
    instance = _instance(kind, name, json.dumps(tree))  # type: ignore[arg-type]  # a class is hashable
    checked = check(section, keys, f"{name}.", without=("instance",))
    return section(**vars(checked), instance=instance), _source(kind, class_key, class_name)


def _source(kind: type[Any], key: str, named: str) -> str:
    try:
        return source_of(kind, named).digest  # type: ignore[arg-type]  # a class is hashable
    except OSError as error:
        raise UserError(
            f"{key}={named}: must be in a file, so that runs of different versions can be distinguished ({error})"
        ) from error


def _text(key: str, value: Any) -> str:
    if value is None or value == MISSING:
        raise UserError(f"{key}: is missing; must be a name, or package.module:Class for your own")
    if not isinstance(value, str):
        raise UserError(f"{key}={shown(value)}: must be text")
    return value


# Cached, since the jobs of a sweep have few different optimizers and datasets: a dataset may hold a large table.
@lru_cache(maxsize=128)
def _instance(kind: type[Any], section: str, values: str) -> Any:
    """Check the fields of a class, JSON, against their annotations, and construct an instance with these and the defaults."""
    if inspect.isabstract(kind) or not is_dataclass(kind):
        raise UserError(f"{section}: {kind.__module__}.{kind.__qualname__} must be a dataclass that defines {_abstract(kind)}")
    checked = check(fields_without_post_init(kind), json.loads(values), f"{section}.")
    try:
        return construct(kind, vars(checked))
    except ConstructionError as error:
        raise UserError(f"{section}: {error}") from error


def _abstract(kind: type[Any]) -> str:
    return ", ".join(sorted(getattr(kind, "__abstractmethods__", ()))) or "its hyperparameters as fields"


def _check_together(config: Config) -> None:
    """Check the rules between keys."""
    for key, given in (("study", config.study), ("optimizer.name", config.optimizer.name)):
        if not re.fullmatch(NAME_PATTERN, given):
            raise UserError(f"{key}={given}: must be {NAME_RULE}")
    if config.problem is not None and not re.fullmatch(f"({NAME_PATTERN}/)?{NAME_PATTERN}", config.problem):
        raise UserError(f"problem={config.problem}: must be {NAME_RULE}, after the name of a folder and a / if it is in one")
    chain, name = config.draws.chain, config.optimizer.name
    if config.draws.kind == "chain" and name not in chain:
        raise UserError(f"optimizer.name={name}: must be one of draws.chain ({', '.join(chain) or 'empty'})")
    dataset = config.dataset.instance
    if config.draws.kind == "chain" and not isinstance(dataset, Distribution):
        raise UserError(f"draws.kind=chain: draws points from a Distribution, and dataset.name={config.dataset.name} is none")
    if config.training.stop_at_accuracy is not None and dataset.loss != "cross_entropy":
        given = f"training.stop_at_accuracy={config.training.stop_at_accuracy}"
        raise UserError(f"{given}: must be null, since dataset.name={config.dataset.name} is a regression, without accuracy")
    pages = {*known("nnbench.report.pages"), *known("nnbench.report.pages", "suite")}
    for page in config.report.pages:
        if page not in pages and page not in installed_pages():
            allowed = ", ".join(sorted(pages | {*installed_pages()}))
            raise UserError(f"report.pages={page}: no such page; must be one of {allowed}")
    _check_length(config.training)
    _check_training(config)
    _check_size(config)


def _check_length(training: TrainingConfig) -> None:
    """Refuse a unit without a budget, and checkpoints after the end of the training."""
    if training.budget is None and training.budget_unit != "epochs":
        raise UserError(f"training.budget_unit={training.budget_unit}: must be epochs, unless training.budget is a number")
    if training.budget is None:
        last, end = f"training.epochs={training.epochs}", training.epochs
    else:
        last, end = f"training.budget={training.budget}", training.budget + 1  # a step is at most an epoch
    if training.checkpoints != "auto" and any(epoch >= end for epoch in training.checkpoints):
        raise UserError(f"training.checkpoints={training.checkpoints}: must be epochs before {last}")


def _check_training(config: Config) -> None:
    """Refuse mini-batches and dropout for an optimizer that does not admit them."""
    training, dropout = config.training, config.network.dropout
    if config.optimizer.instance.full_batch and (training.batch_size is not None or dropout):
        key, value, allowed = (
            ("network.dropout", dropout, 0) if dropout else ("training.batch_size", training.batch_size, "null")
        )
        raise UserError(f"{key}={value}: must be {allowed} for {config.optimizer.algorithm}, which needs the full batch")
    _check_optimizer(config)


def _check_optimizer(config: Config) -> None:
    """Refuse options of the training, or a network, that the optimizer cannot be used with."""
    training, named, optimizer = config.training, config.optimizer.algorithm, config.optimizer.instance
    if training.weight_decay and optimizer.parameters_from_state:
        given = f"training.weight_decay={training.weight_decay}"
        raise UserError(f"{given}: must be 0 for {named}, which needs a weight decay of its own")
    if training.weight_decay and optimizer.full_batch:
        given = f"training.weight_decay={training.weight_decay}"
        raise UserError(f"{given}: must be 0 for {named}, whose search follows the loss; training.l2 is a part of it")
    if training.clip_norm is not None and optimizer.full_batch:
        given = f"training.clip_norm={training.clip_norm}"
        raise UserError(f"{given}: must be null for {named}, which compares the gradients of different steps")
    if training.iterations_per == "layer" and optimizer.indivisible:
        raise UserError(f"training.iterations_per=layer: must be step for {named}, which updates all parameters at once")
    takes_none = False
    with suppress(Exception):  # raised by a user's class: its run fails with it
        rest, widths = optimizer.rest(), [config.dataset.instance.features, *config.network.hidden, _sizes(config)[2]]
        matrices = [np.broadcast_to(0.0, (inputs + 1, outputs)) for inputs, outputs in pairwise(widths)]
        takes_none = rest is not None and not any(map(optimizer.takes, blocks([(one, one) for one in matrices])))
    if takes_none:
        given = f"network.hidden={shown(config.network.hidden)}"
        raise UserError(f"{given}: has no weights that {named} takes; all would be updated by {type(rest).__name__}")


def _check_size(config: Config) -> None:
    """Refuse a network that would not fit in memory, even though each value is in its range."""
    hidden, (points, decided_by, outputs) = config.network.hidden, _sizes(config)
    layers = [*hidden, outputs]
    numbers = points * sum(layers) + sum(one * other for one, other in pairwise(layers))
    if numbers > MAX_NUMBERS:
        given, limit = f"network.hidden={shown(hidden)}", f"must be at most {MAX_NUMBERS:,}"
        raise UserError(f"{given}: with {points:,} points it takes {numbers:,} numbers; {limit} (the points are {decided_by})")


def _sizes(config: Config) -> tuple[int, str, int]:
    """Return the number of points of the largest split, what decides it, and the number of outputs.

    Raises:
        UserError: the dataset's class raises an exception, such as that a file of a table is not there.
    """
    dataset = config.dataset.instance
    try:
        with exits_raised():
            return (*dataset.largest(), dataset.outputs)
    except BaseException as error:  # a user's class may raise anything, SystemExit included
        if asks_to_end(error):
            raise
        place = f" ({where})" if (where := user_code_location(error)) else ""
        raise UserError(f"dataset.name={config.dataset.name}: {describe_error(error)}{place}") from error
