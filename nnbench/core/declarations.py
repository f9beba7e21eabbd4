"""Checks of a user's optimizer or dataset class: every hyperparameter must be a dataclass field.

Otherwise its value would not be recorded. For the same reason `__post_init__` must not change a field.
"""

import copy
import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, TypeVar, get_origin, get_type_hints

import numpy as np

from nnbench.core.signals import asks_to_end
from nnbench.core.user_code import describe_error, exits_raised, user_code_location

T = TypeVar("T")

# Types of class attributes that are taken for hyperparameters; functions, classes and descriptors are not.
VALUE_TYPES = (bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset, np.ndarray, np.generic, type(None))


@cache
def declaration_error(kind: type, base: type) -> str | None:
    """Return a message on the first hyperparameter that is not a field, with the correct declaration; None if all are.

    Args:
        kind: the class; its base classes are checked too.
        base: `Optimizer` or `Dataset`, which is not checked.
    """
    return next((error for cls in kind.__mro__ if cls not in base.__mro__ for error in _errors(cls, base)), None)


@cache
def fields_without_post_init(kind: type[Any]) -> type[Any]:
    """Return a dataclass with the fields of `kind` that its constructor takes, without its `__post_init__`."""
    hints = get_type_hints(kind, include_extras=True)
    fields = []
    for one in dataclasses.fields(kind):
        if one.init and one.default_factory is not dataclasses.MISSING:
            fields.append((one.name, hints[one.name], dataclasses.field(default_factory=one.default_factory)))
        elif one.init:
            fields.append((one.name, hints[one.name], dataclasses.field(default=one.default)))
    config = {"__pydantic_config__": kind.__pydantic_config__}
    return dataclasses.make_dataclass(kind.__name__, fields, namespace=config, kw_only=True)


class ConstructionError(Exception):
    """A class that refuses the values of its fields, or changes them; the text says which in one line."""


def construct(kind: type[T], values: Mapping[str, Any]) -> T:
    """Construct `kind` with copies of these values of its fields.

    Raises:
        ConstructionError: that fails, or changes a field.
    """
    try:
        with exits_raised():
            instance = kind(**copy.deepcopy(dict(values)))
        changed = [name for name, value in values.items() if not _equal(getattr(instance, name), value)]
    except BaseException as error:  # a user's `__post_init__` may raise anything, SystemExit included
        if asks_to_end(error):
            raise
        place = f" ({where})" if (where := user_code_location(error)) else ""
        raise ConstructionError(f"{describe_error(error).removeprefix('ValueError: ')}{place}") from error
    if changed:
        name = f"{kind.__module__}.{kind.__qualname__}"
        raise ConstructionError(
            f"`__post_init__` of {name} changes {', '.join(changed)}; store a derived value under another name"
        )
    return instance


def _equal(one: Any, other: Any) -> bool:
    return one is other or bool(np.array_equal(one, other))


def _errors(cls: type, base: type) -> Iterator[str]:
    where = f"in {cls.__module__}.{cls.__qualname__}"
    attributes = vars(cls)
    annotated = inspect.get_annotations(cls)
    fields = [name for name, kind in annotated.items() if not _is_class_variable(kind)]
    if fields and "__dataclass_fields__" not in attributes:
        yield f"{where}: declares fields, so it needs @dataclass(kw_only=True)"
    for name, field in attributes.get("__dataclass_fields__", {}).items():
        if name in annotated and field._field_type is dataclasses._FIELD_INITVAR:  # type: ignore[attr-defined]
            yield f"{where}: {name} is an InitVar, so it is not recorded; make it a field: {_as_field(name, field.default)}"
        elif name in annotated and not name.startswith("_") and _is_fixed(field):
            value = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
            right = f"{_as_field(name, value)} (state: self.{name} in allocate)"
            yield f"{where}: {name} has init=False, so it is not recorded; write {right}"
    init = attributes.get("__init__")
    if inspect.isfunction(init) and init.__code__.co_filename != "<string>":  # the file name of a generated `__init__`
        given = [one for one in inspect.signature(init).parameters.values() if one.name != "self"]
        example = _as_field(given[0].name, given[0].default) if given else "learning_rate: float = 0.01"
        yield f"{where}: the arguments of __init__ are not recorded; write fields of a @dataclass(kw_only=True): {example}"
    for name, value in attributes.items():
        known = name.startswith("_") or name.isupper() or name in annotated or _is_declared(base, name)
        if not known and isinstance(value, VALUE_TYPES):
            right = f"{_as_field(name, value)} (a constant: {name.upper()}; state: self.{name} in allocate)"
            yield f"{where}: {name} = {_shown(value)} has no type annotation, so it is not recorded; write {right}"


def _is_declared(base: type, name: str) -> bool:
    """Return whether `base` declares the attribute for subclasses to define, such as `layerwise` or `classes`."""
    annotations = [inspect.get_annotations(cls).get(name) for cls in base.__mro__]
    return any(map(_is_class_variable, annotations)) or isinstance(inspect.getattr_static(base, name, None), property)


def _is_class_variable(annotation: Any) -> bool:
    text = annotation if isinstance(annotation, str) else ""
    return annotation is ClassVar or get_origin(annotation) is ClassVar or text.startswith(("ClassVar", "typing.ClassVar"))


def _is_fixed(field: "dataclasses.Field[Any]") -> bool:
    """Return whether a field has init=False and a value; None or an empty container marks state instead."""
    if field.init:
        return False
    by_factory = field.default_factory not in (dataclasses.MISSING, list, dict, set)
    return by_factory or not (field.default is dataclasses.MISSING or field.default is None)


def _as_field(name: str, value: Any) -> str:
    """Format a declaration such as `learning_rate: float = 0.01`."""
    if value is inspect.Parameter.empty or value is dataclasses.MISSING:
        return f"{name}: float"
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None:
        return f"{name}: float | None = None"
    if isinstance(value, list | dict | set):
        return f"{name}: {type(value).__name__} = field(default_factory=lambda: {_shown(value)})"
    return f"{name}: {type(value).__name__} = {_shown(value)}"


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
