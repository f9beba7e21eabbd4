"""Check of a section against its dataclass, by pydantic, with messages that name key, value and allowed values."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import cache
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from nnbench.config.schema import Config, choice_sections, flatten
from nnbench.core.errors import UserError

MISSING = "???"  # OmegaConf's mark of a missing value


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
        raise UserError(f"{prefix[:-1]}={shown(value)}: is a section; give {prefix}KEY=VALUE")
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
        return f"{key}={shown(error['input'])}: {error['ctx']['error']}"
    allowed_values = describe_field(kind, str(name))
    if error["type"].startswith("missing") or error["input"] == MISSING:
        return f"{key}: is missing; must be {allowed_values}"
    return f"{key}={shown(error['input'])}: must be {allowed_values}"


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


def shown(value: Any) -> str:
    """Format a value as on the command line, at most 60 characters."""
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str) and re.fullmatch(r"[-+.\d][-+.\de_]*|true|false|null", value, re.IGNORECASE):
        text = f"'{value}'"  # a string that looks like a number: quoted
    return text if len(text) <= 60 else text[:57] + "..."
