"""From what a user wrote to a typed `Config`, or to one line naming the key, the value and what is allowed."""

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

# Keys that steer a sweep that tunes, or any sweep, and mean nothing to a run.
TUNING_ONLY = ("space", "tuning", "extend")
SWEEP_ONLY = ("grids", *TUNING_ONLY)
MISSING = "???"  # OmegaConf's sign for a value that somebody has yet to give
MAX_NUMBERS = 10**8  # numbers that a network may hold for all points: some gigabytes, with what training makes of them


def parse(tree: Mapping[str, Any]) -> Config:
    """A composed, resolved config as a `Config`.

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
    """The optimizer's settings apart from its name, since they depend on it: the fields of its class; and its source."""
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
            f"{key}={named}: must be in a file, so that runs can be told from those of another version ({error})"
        ) from error


def _text(key: str, value: Any) -> str:
    if value is None or value == MISSING:
        raise UserError(f"{key}: is missing; must be a name, or package.module:Class for one of your own")
    if not isinstance(value, str):
        raise UserError(f"{key}={_shown(value)}: must be text")
    return value


def _fields(kind: type[Any], tree: dict[str, Any], prefix: str) -> dict[str, Any]:
    """All fields of an optimizer or dataset, checked against the ranges written beside them, defaults filled in."""
    if inspect.isabstract(kind) or not is_dataclass(kind):
        raise UserError(
            f"{prefix[:-1]}: {kind.__module__}.{kind.__qualname__} must be a dataclass that defines {_abstract(kind)}"
        )
    checked = check(fields_without_post_init(kind), tree, prefix)
    given = {field.name: getattr(checked, field.name) for field in fields(checked)}
    if (wrong := construction_error(kind, given)) is not None:
        raise UserError(f"{prefix[:-1]}: {wrong}")
    return given


def _abstract(kind: type[Any]) -> str:
    return ", ".join(sorted(getattr(kind, "__abstractmethods__", ()))) or "its settings as fields"


def _check_together(config: Config) -> None:
    """Rules that hold between keys."""
    for key, given in (("study", config.study), ("optimizer.name", config.optimizer.name)):
        if not re.fullmatch(NAME_PATTERN, given):
            raise UserError(f"{key}={given}: must be {NAME_RULE}")
    chain, name = config.draws.chain, config.optimizer.name
    if config.draws.kind == "chain" and name not in chain:
        raise UserError(f"optimizer.name={name}: must be one of draws.chain ({', '.join(chain) or 'empty'})")
    pages = known("nnbench.report.pages")
    for page in config.report.pages:
        if page not in pages:
            raise UserError(f"report.pages={page}: no such page; there are {', '.join(pages)}")
    late = [epoch for epoch in config.training.checkpoints if epoch >= config.training.epochs]
    if late:
        last = f"training.epochs={config.training.epochs}"
        raise UserError(f"training.checkpoints={config.training.checkpoints}: must be epochs before {last}")
    _check_size(config)


def _check_size(config: Config) -> None:
    """Refuse what would fill the memory, each of whose numbers is in its range."""
    hidden, options = config.network.hidden, config.dataset.options
    classes = options.get("classes", 1)
    most = max(("samples", "val_samples", "test_samples"), key=lambda part: options[part])
    points, layers = options[most] * classes, [*hidden, classes]
    numbers = points * sum(layers) + sum(one * other for one, other in pairwise(layers))
    if numbers > MAX_NUMBERS:
        given, split = f"network.hidden={_shown(hidden)}", f"dataset.{most}={options[most]} a class"
        limit = f"must be at most {MAX_NUMBERS:,}"
        raise UserError(f"{given}: with {points:,} points it holds {numbers:,} numbers; {limit} (the points are {split})")


_adapter = cast(Callable[[type[Any]], TypeAdapter[Any]], cache(TypeAdapter))  # making one takes milliseconds


def check(kind: type[Any], value: Any, prefix: str) -> Any:
    """`value`, the settings under `prefix` such as `training.`, as the dataclass `kind`.

    Raises:
        UserError: on the first that is missing, unknown, of the wrong type or out of its range.
    """
    if not isinstance(value, Mapping):
        raise UserError(f"{prefix[:-1]}={_shown(value)}: is a section; give {prefix}KEY=VALUE")
    try:
        return _adapter(kind).validate_json(json.dumps(value))  # JSON, since strictly a mapping is no dataclass
    except ValidationError as error:
        raise UserError(_sentence(kind, prefix, error.errors()[0])) from None


def _sentence(kind: type[Any], prefix: str, error: ErrorDetails) -> str:
    """What is wrong, from pydantic's error: its place, walked down to the section it lies in, and that field's rule."""
    path = list(error["loc"])
    while len(path) > 1 and (inner := _section(kind, str(path[0]))):
        kind, prefix = inner, f"{prefix}{path.pop(0)}."
    name, *within = path
    key = prefix + str(name) + "".join(f"[{part}]" for part in within if isinstance(part, int))
    known = [field.name for field in fields(kind) if field.init]
    if name not in known:
        return _unknown(key, prefix, str(name), known)
    if error["type"] == "value_error":  # of a check that the user has written
        return f"{key}={_shown(error['input'])}: {error['ctx']['error']}"
    allowed_values = describe_field(kind, str(name))
    if error["type"].startswith("missing") or error["input"] == MISSING:
        return f"{key}: is missing; must be {allowed_values}"
    return f"{key}={_shown(error['input'])}: must be {allowed_values}"


def _section(kind: type[Any], name: str) -> type[Any] | None:
    """The dataclass of the section of that name, where `kind` has one."""
    inner = get_type_hints(kind).get(name)
    return inner if isinstance(inner, type) and is_dataclass(inner) else None


def unknown_key(key: str, tree: Mapping[str, Any]) -> str:
    """The line for a key that the config `tree` does not hold: where it goes astray, and what is there instead."""
    if key in _fields_not_given(tree):
        return f"{key}: is not among the keys that its YAML gives; add it with +{key}=..."
    node: Any = tree
    place, rest = "", key.split(".")
    while len(rest) > 1 and isinstance(node, Mapping) and isinstance(node.get(rest[0]), Mapping):
        node = node[rest[0]]
        place += f"{rest.pop(0)}."
    # From the top, a key of some section may be meant without its section.
    below = {} if place else {leaf.rpartition(".")[2]: leaf for leaf, _ in flatten(tree)}
    return _unknown(key, place, ".".join(rest), list(node), below)


def _fields_not_given(tree: Mapping[str, Any]) -> set[str]:
    """The settings of the chosen optimizer and dataset that have a default in their class alone."""
    found = set()
    for section, key, find in (("optimizer", "algorithm", optimizers.find), ("dataset", "name", datasets.find)):
        given = tree.get(section)
        if isinstance(given, Mapping) and isinstance(name := given.get(key), str) and name != MISSING:
            with suppress(UserError, TypeError):
                found |= {f"{section}.{field.name}" for field in fields(find(name)) if field.init and field.name not in given}
    return found


def _unknown(key: str, place: str, astray: str, known: Iterable[str], below: Mapping[str, str] | None = None) -> str:
    first, dot, rest = astray.partition(".")
    public = {str(name): place + str(name) for name in known if not str(name).startswith("_")}
    near = difflib.get_close_matches(first, candidates := {**(below or {}), **public}, n=1)
    hint = (
        f"did you mean {candidates[near[0]]}{dot}{rest}?"
        if near
        else f"{place[:-1] or 'the config'} knows {', '.join(public)}"
    )
    return f"{key}: no such key; {hint}"


def allowed_values(key: str) -> str | None:
    """What the key of a config may hold, in words; None where that depends on an optimizer or a dataset, or is Hydra's."""
    kind: type[Any] = Config
    *sections, name = key.split(".")
    for section in sections:
        kind = _section(kind, section) or kind
    return describe_field(kind, name) if name in get_type_hints(kind) else None


def describe_field(kind: type[Any], name: str) -> str:
    """What a field may hold, in words, from its annotation."""
    schema = _adapter(kind).json_schema()["properties"][name]
    return "a section of settings" if "$ref" in schema else _words(schema)


def _words(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_words(option) for option in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(str(option) for option in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        least = f" of at least {schema['minItems']}" if "minItems" in schema else ""
        return f"a list{least}, each {_words(schema['items'])}"
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
    """A value as the user would write it on the command line, cut to a readable length."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str) and re.fullmatch(r"[-+.\d][-+.\de_]*|true|false|null", value, re.IGNORECASE):
        text = f"'{value}'"  # a word that looks like a number: with its quotes, so that it does not
    return text if len(text) <= 60 else text[:57] + "..."
