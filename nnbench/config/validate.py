"""Validation of a configuration; an error names the key, the value and what is allowed."""

import difflib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, cast, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from nnbench.config.choice import Choice, own_keys
from nnbench.config.schema import Config, SourceConfig, choice_sections, flatten
from nnbench.config.source import nnbench_source, source_of
from nnbench.core.declarations import ConstructionError, construct, fields_without_post_init
from nnbench.core.errors import UserError
from nnbench.core.paths import NAME_PATTERN, NAME_RULE
from nnbench.core.registry import known
from nnbench.core.signals import asks_to_end
from nnbench.core.user_code import describe_error, exits_raised, user_code_location
from nnbench.datasets.base import Distribution
from nnbench.optimizers.base import blocks

# Keys of tuning, and of sweeps in general, that a single run ignores.
TUNING_ONLY = ("space", "tuning", "extend")
SWEEP_ONLY = ("grids", *TUNING_ONLY)
MISSING = "???"  # OmegaConf's mark of a missing value
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
        raise UserError(f"{name}={_shown(value)}: must be one of the options of conf/{name}")
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
        raise UserError(f"{key}={_shown(value)}: must be text")
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
    for key, given in (("study", config.study), ("optimizer.name", config.optimizer.name), ("problem", config.problem)):
        if given is not None and not re.fullmatch(NAME_PATTERN, given):
            raise UserError(f"{key}={given}: must be {NAME_RULE}")
    chain, name = config.draws.chain, config.optimizer.name
    if config.draws.kind == "chain" and name not in chain:
        raise UserError(f"optimizer.name={name}: must be one of draws.chain ({', '.join(chain) or 'empty'})")
    dataset = config.dataset.instance
    if config.draws.kind == "chain" and not isinstance(dataset, Distribution):
        raise UserError(f"draws.kind=chain: draws points from a Distribution, and dataset.name={config.dataset.name} is none")
    if config.training.stop_at_accuracy is not None and dataset.loss != "cross_entropy":
        given = f"training.stop_at_accuracy={config.training.stop_at_accuracy}"
        raise UserError(f"{given}: must be null, since dataset.name={config.dataset.name} is a regression, without accuracy")
    pages = known("nnbench.report.pages")
    for page in config.report.pages:
        if page not in pages:
            raise UserError(f"report.pages={page}: no such page; must be one of {', '.join(pages)}")
    late = [epoch for epoch in config.training.checkpoints if epoch >= config.training.epochs]
    if late:
        last = f"training.epochs={config.training.epochs}"
        raise UserError(f"training.checkpoints={config.training.checkpoints}: must be epochs before {last}")
    _check_training(config)
    _check_size(config)


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
        given = f"network.hidden={_shown(config.network.hidden)}"
        raise UserError(f"{given}: has no weights that {named} takes; all would be updated by {type(rest).__name__}")


def _check_size(config: Config) -> None:
    """Refuse a network that would not fit in memory, even though each value is in its range."""
    hidden, (points, decided_by, outputs) = config.network.hidden, _sizes(config)
    layers = [*hidden, outputs]
    numbers = points * sum(layers) + sum(one * other for one, other in pairwise(layers))
    if numbers > MAX_NUMBERS:
        given, limit = f"network.hidden={_shown(hidden)}", f"must be at most {MAX_NUMBERS:,}"
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


def _make_adapter(kind: type[Any], without: tuple[str, ...] = ()) -> TypeAdapter[Any]:
    """Return a converter to a dataclass, or to one with its fields, in their order, except those named."""
    if not without:
        return TypeAdapter(kind)
    hints = get_type_hints(kind, include_extras=True)
    kept = [(one.name, hints[one.name], field(default=one.default)) for one in fields(kind) if one.name not in without]
    config = {"__pydantic_config__": kind.__pydantic_config__}
    return TypeAdapter(make_dataclass(kind.__name__, kept, namespace=config, kw_only=True))


_adapter = cast(Callable[..., TypeAdapter[Any]], cache(_make_adapter))  # creation takes milliseconds


def check(kind: type[Any], value: Any, prefix: str, *, without: tuple[str, ...] = ()) -> Any:
    """Convert `value`, the section under `prefix` such as `training.`, to the dataclass `kind`.

    Args:
        kind: a dataclass with annotated ranges.
        value: as the user gave it.
        prefix: of its keys.
        without: fields of `kind` that the user does not give as such; the result is a dataclass of the other fields.

    Raises:
        UserError: on the first key that is missing, unknown, of the wrong type or out of its range.
    """
    if not isinstance(value, Mapping):
        raise UserError(f"{prefix[:-1]}={_shown(value)}: is a section; give {prefix}KEY=VALUE")
    try:
        # In strict mode, only JSON is converted to a dataclass.
        return _adapter(kind, without).validate_json(json.dumps(value))
    except ValidationError as error:
        raise UserError(_message(kind, prefix, error.errors()[0], without)) from None


def _message(kind: type[Any], prefix: str, error: ErrorDetails, without: tuple[str, ...]) -> str:
    """Translate pydantic's error: the full key, its value, and the allowed values of that field."""
    path = list(error["loc"])
    while len(path) > 1 and (inner := _section(kind, str(path[0]))):
        kind, prefix = inner, f"{prefix}{path.pop(0)}."
    name, *within = path
    key = prefix + str(name) + "".join(f"[{part}]" for part in within if isinstance(part, int))
    known = [one.name for one in fields(kind) if one.init and one.name not in without]
    if name not in known:
        return _unknown(key, prefix, str(name), [*known, *choice_sections()] if kind is Config else known)
    if error["type"] == "value_error":  # raised by a user's validator
        return f"{key}={_shown(error['input'])}: {error['ctx']['error']}"
    allowed_values = describe_field(kind, str(name))
    if error["type"].startswith("missing") or error["input"] == MISSING:
        return f"{key}: is missing; must be {allowed_values}"
    return f"{key}={_shown(error['input'])}: must be {allowed_values}"


def _section(kind: type[Any], name: str) -> type[Any] | None:
    """Return the dataclass of a section of `kind`, or None."""
    inner = get_type_hints(kind).get(name)
    return inner if isinstance(inner, type) and is_dataclass(inner) else None


def unknown_key(key: str, tree: Mapping[str, Any]) -> str:
    """Return the message for a key that is not in the config `tree`, with a suggestion."""
    if key in _fields_not_given(tree):
        return f"{key}: is not in its YAML file; add it with +{key}=..."
    node: Any = tree
    prefix, rest = "", key.split(".")
    while len(rest) > 1 and isinstance(node, Mapping) and isinstance(node.get(rest[0]), Mapping):
        node = node[rest[0]]
        prefix += f"{rest.pop(0)}."
    # At the top level, the user may have omitted the section.
    below = {} if prefix else {leaf.rpartition(".")[2]: leaf for leaf, _ in flatten(tree)}
    return _unknown(key, prefix, ".".join(rest), list(node), below)


def _fields_not_given(tree: Mapping[str, Any]) -> set[str]:
    """Return the fields of the chosen classes, such as the optimizer, that are not in their YAML files."""
    found = set()
    for name, section in choice_sections().items():
        given = tree.get(name)
        if (
            isinstance(given, Mapping)
            and isinstance(class_name := given.get(section.CLASS_KEY), str)
            and class_name != MISSING
        ):
            with suppress(UserError, TypeError):
                lacking = [one.name for one in fields(section.find(class_name)) if one.init and one.name not in given]
                found |= {f"{name}.{key}" for key in lacking}
    return found


def _unknown(key: str, prefix: str, name: str, known: Iterable[str], below: Mapping[str, str] | None = None) -> str:
    first, dot, rest = name.partition(".")
    public = {str(each): prefix + str(each) for each in known if not str(each).startswith("_")}
    near = difflib.get_close_matches(first, candidates := {**(below or {}), **public}, n=1)
    hint = (
        f"did you mean {candidates[near[0]]}{dot}{rest}?" if near else f"{prefix[:-1] or 'the config'} has {', '.join(public)}"
    )
    return f"{key}: no such key; {hint}"


def allowed_values(key: str) -> str | None:
    """Describe the allowed values of a key; None for fields of an optimizer or dataset, and for Hydra's keys."""
    kind: type[Any] = Config
    *sections, name = key.split(".")
    for section in sections:
        kind = _section(kind, section) or kind
    return describe_field(kind, name) if name in get_type_hints(kind) else None


def describe_field(kind: type[Any], name: str) -> str:
    """Describe the allowed values of a field, from its annotation."""
    schema = _adapter(kind).json_schema()["properties"][name]
    return "a section" if "$ref" in schema else _describe_schema(schema)


def _describe_schema(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_describe_schema(option) for option in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(str(option) for option in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        least = f" of at least {schema['minItems']}" if "minItems" in schema else ""
        return f"a list{least}, each {_describe_schema(schema['items'])}"
    noun = {
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
        "string": "text",
        "null": "null",
    }.get(schema.get("type", ""), "a value")
    signs = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
    bounds = [f"{sign} {_number(schema[bound])}" for bound, sign in signs.items() if bound in schema]
    if "minLength" in schema:
        bounds.append(f"of at least {schema['minLength']} character" + "s" * (schema["minLength"] > 1))
    if "maxLength" in schema:
        bounds.append(f"of at most {schema['maxLength']}")
    return " ".join([noun, " and ".join(bounds)]).strip()


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(value: Any) -> str:
    """Format a value as on the command line, at most 60 characters."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str) and re.fullmatch(r"[-+.\d][-+.\de_]*|true|false|null", value, re.IGNORECASE):
        text = f"'{value}'"  # a string that looks like a number: quoted
    return text if len(text) <= 60 else text[:57] + "..."
