"""How settings must be declared in a class of a user's own: whatever is declared otherwise would be recorded nowhere."""

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any, ClassVar, get_origin

PLAIN = (bool, int, float, str, tuple)  # what a setting may be; others are the class's own business


def lost_setting(kind: type, base: type) -> str | None:
    """What is wrong with the first setting that would be lost in silence, and how to write it; None where all are fields.

    Args:
        kind: the class, with all that it inherits from.
        base: what it must be a subclass of, whose own declarations are in order.
    """
    return next((wrong for cls in kind.__mro__ if cls not in base.__mro__ for wrong in _wrong(cls, base)), None)


def _wrong(cls: type, base: type) -> Iterator[str]:
    where = f"in {cls.__module__}.{cls.__qualname__}"
    own = vars(cls)
    annotated = inspect.get_annotations(cls)
    fields = [name for name, kind in annotated.items() if not _is_class_variable(kind)]
    if fields and "__dataclass_fields__" not in own:
        yield f"{where}: has fields of its own, so it needs @dataclass(kw_only=True)"
    for name, field in own.get("__dataclass_fields__", {}).items():
        if name in annotated and field._field_type is dataclasses._FIELD_INITVAR:  # type: ignore[attr-defined]
            yield f"{where}: {name} is passed on and recorded nowhere; write it as a field: {_as_field(name, field.default)}"
    init = own.get("__init__")
    if inspect.isfunction(init) and init.__code__.co_filename != "<string>":  # which is where a dataclass's own comes from
        given = [one for one in inspect.signature(init).parameters.values() if one.name != "self"]
        example = _as_field(given[0].name, given[0].default) if given else "learning_rate: float = 0.01"
        yield f"{where}: what __init__ is given is recorded nowhere; write fields of a @dataclass(kw_only=True): {example}"
    for name, value in own.items():
        known = name.startswith("_") or name.isupper() or name in annotated or _is_declared(base, name)
        if not known and isinstance(value, PLAIN):
            right = f"{_as_field(name, value)} (a constant: {name.upper()}; state: self.{name} in allocate)"
            yield f"{where}: {name} = {value!r} has no type, so that it is recorded nowhere; write {right}"


def _is_declared(base: type, name: str) -> bool:
    """Whether `base` leaves it to a subclass to say, as `layerwise` or the number of classes."""
    annotations = [inspect.get_annotations(cls).get(name) for cls in base.__mro__]
    return any(map(_is_class_variable, annotations)) or isinstance(inspect.getattr_static(base, name, None), property)


def _is_class_variable(annotation: Any) -> bool:
    text = annotation if isinstance(annotation, str) else ""
    return annotation is ClassVar or get_origin(annotation) is ClassVar or text.startswith(("ClassVar", "typing.ClassVar"))


def _as_field(name: str, value: Any) -> str:
    """`learning_rate: float = 0.01`."""
    missing = value is inspect.Parameter.empty or value is dataclasses.MISSING
    kind = "float" if missing else type(value).__name__
    return f"{name}: {kind}" if missing else f"{name}: {kind} = {value!r}"
