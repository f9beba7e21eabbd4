"""Validation of a configuration; an error names the key, the value and what is allowed."""

import copy
import difflib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from nnbench import datasets, optimizers
from nnbench.config.schema import Config, flatten
from nnbench.config.source import nnbench_source, source_of
from nnbench.core.declarations import construction_error, fields_without_post_init
from nnbench.core.errors import UserError
from nnbench.core.paths import NAME_PATTERN, NAME_RULE
from nnbench.core.registry import known

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
    if "source" in plain:
        raise UserError(_unknown("source", "", "source", plain.keys() - {"source"}))
    plain["optimizer"], algorithm = _optimizer(_mapping(plain, "optimizer"))
    plain["dataset"], data = _dataset(_mapping(plain, "dataset"))
    plain["source"] = {"optimizer": algorithm, "dataset": data, "nnbench": nnbench_source().digest}
    config: Config = check(Config, plain, "")
    _check_together(config)
    return config


def _mapping(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = tree.get(name)
    if not isinstance(value, Mapping):
        raise UserError(f"{name}={_shown(value)}: must be one of the options of conf/{name}")
    return dict(value)


def _optimizer(tree: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the optimizer's section, with all fields of its class as hyperparameters, and the digest of its source."""
    named = {key: tree.pop(key, None) for key in ("name", "algorithm")}
    kind = optimizers.find(algorithm := _text("optimizer.algorithm", named["algorithm"]))
    return {**named, "hyperparameters": _fields(kind, tree, "optimizer.")}, _source(kind, "optimizer.algorithm", algorithm)


def _dataset(tree: dict[str, Any]) -> tuple[dict[str, Any], str]:
    named = {key: tree.pop(key, None) for key in ("name", "redraw")}
    kind = datasets.find(name := _text("dataset.name", named["name"]))
    return {**named, "options": _fields(kind, tree, "dataset.")}, _source(kind, "dataset.name", name)


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


def _fields(kind: type[Any], tree: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Check the fields of an optimizer or dataset against their annotations and fill in the defaults."""
    if inspect.isabstract(kind) or not is_dataclass(kind):
        raise UserError(
            f"{prefix[:-1]}: {kind.__module__}.{kind.__qualname__} must be a dataclass that defines {_abstract(kind)}"
        )
    checked = check(fields_without_post_init(kind), tree, prefix)
    given = {field.name: getattr(checked, field.name) for field in fields(checked)}
    if (error := construction_error(kind, given)) is not None:
        raise UserError(f"{prefix[:-1]}: {error}")
    return given


def _abstract(kind: type[Any]) -> str:
    return ", ".join(sorted(getattr(kind, "__abstractmethods__", ()))) or "its hyperparameters as fields"


def _check_together(config: Config) -> None:
    """Check the rules between keys."""
    for key, given in (("study", config.study), ("optimizer.name", config.optimizer.name)):
        if not re.fullmatch(NAME_PATTERN, given):
            raise UserError(f"{key}={given}: must be {NAME_RULE}")
    chain, name = config.draws.chain, config.optimizer.name
    if config.draws.kind == "chain" and name not in chain:
        raise UserError(f"optimizer.name={name}: must be one of draws.chain ({', '.join(chain) or 'empty'})")
    pages = known("nnbench.report.pages")
    for page in config.report.pages:
        if page not in pages:
            raise UserError(f"report.pages={page}: no such page; must be one of {', '.join(pages)}")
    late = [epoch for epoch in config.training.checkpoints if epoch >= config.training.epochs]
    if late:
        last = f"training.epochs={config.training.epochs}"
        raise UserError(f"training.checkpoints={config.training.checkpoints}: must be epochs before {last}")
    _check_size(config)


def _check_size(config: Config) -> None:
    """Refuse a network that would not fit in memory, even though each value is in its range."""
    hidden = config.network.hidden
    dataset = datasets.find(config.dataset.name)(**copy.deepcopy(config.dataset.options))
    points, decided_by = dataset.largest()
    layers = [*hidden, dataset.outputs]
    numbers = points * sum(layers) + sum(one * other for one, other in pairwise(layers))
    if numbers > MAX_NUMBERS:
        given, limit = f"network.hidden={_shown(hidden)}", f"must be at most {MAX_NUMBERS:,}"
        raise UserError(f"{given}: with {points:,} points it takes {numbers:,} numbers; {limit} (the points are {decided_by})")


_adapter = cast(Callable[[type[Any]], TypeAdapter[Any]], cache(TypeAdapter))  # creation takes milliseconds


def check(kind: type[Any], value: Any, prefix: str) -> Any:
    """Convert `value`, the section under `prefix` such as `training.`, to the dataclass `kind`.

    Raises:
        UserError: on the first key that is missing, unknown, of the wrong type or out of its range.
    """
    if not isinstance(value, Mapping):
        raise UserError(f"{prefix[:-1]}={_shown(value)}: is a section; give {prefix}KEY=VALUE")
    try:
        return _adapter(kind).validate_json(json.dumps(value))  # in strict mode, only JSON is converted to a dataclass
    except ValidationError as error:
        raise UserError(_message(kind, prefix, error.errors()[0])) from None


def _message(kind: type[Any], prefix: str, error: ErrorDetails) -> str:
    """Translate pydantic's error: the full key, its value, and the allowed values of that field."""
    path = list(error["loc"])
    while len(path) > 1 and (inner := _section(kind, str(path[0]))):
        kind, prefix = inner, f"{prefix}{path.pop(0)}."
    name, *within = path
    key = prefix + str(name) + "".join(f"[{part}]" for part in within if isinstance(part, int))
    known = [field.name for field in fields(kind) if field.init]
    if name not in known:
        return _unknown(key, prefix, str(name), known)
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
    """Return the fields of the chosen optimizer and dataset that are not in their YAML files."""
    found = set()
    for section, key, find in (("optimizer", "algorithm", optimizers.find), ("dataset", "name", datasets.find)):
        given = tree.get(section)
        if isinstance(given, Mapping) and isinstance(name := given.get(key), str) and name != MISSING:
            with suppress(UserError, TypeError):
                found |= {f"{section}.{field.name}" for field in fields(find(name)) if field.init and field.name not in given}
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
