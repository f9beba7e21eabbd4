"""Values that were given and have no effect, such as a standard deviation of initial weights that are not normal.

A field declares what it needs to have an effect by the annotation `nnbench.core.constraints.Needs`. A value from a YAML file
may have none: a file lists every option. A value from the command line, an axis or a search space that has none is a mistake.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from nnbench.config.check import shown
from nnbench.config.choice import Choice
from nnbench.config.schema import Config
from nnbench.core.constraints import Needs
from nnbench.core.errors import UserError
from nnbench.core.random import streams

Overrides = Sequence[str]
_BATCH_SIZE = "training.batch_size"
_POINTS: dict[tuple[type, str], int | None] = {}  # training points by dataset and values


def refuse_without_effect(runs: Iterable[tuple[Config, Overrides]]) -> None:
    """Refuse a value that has no effect in any run, and values of a key that make equal runs.

    Args:
        runs: the config of each run, and the overrides that were given for it, such as `network.dropout=0.1`.

    Raises:
        UserError: there is such a value.
    """
    reasons: dict[str, str] = {}  # by override
    effective: set[str] = set()
    equal: dict[tuple[str, frozenset[str]], str] = {}
    for config, overrides in runs:
        given = {_key(override): override for override in overrides}
        for key, override in given.items():
            if (reason := missing(config, key)) is None:
                effective.add(override)
                continue
            if is_on(config, key):
                reasons.setdefault(override, reason)
            others = key, frozenset(given.values()) - {override}
            if equal.setdefault(others, override) != override:
                raise UserError(f"{reason}; {equal[others]} and {override} would be equal runs")
    for override, reason in reasons.items():
        if override not in effective:
            raise UserError(reason)


def refuse_axes_without_effect(config: Config, keys: Iterable[str]) -> None:
    """Refuse an axis of a search space that has no effect, unless what it needs is searched too.

    Raises:
        UserError: there is such an axis.
    """
    searched = set(keys)
    for key in searched:
        needs = _needs(config, key)
        if needs and not searched & {_sibling(key, one) for one in needs.fields} and (reason := missing(config, key)):
            raise UserError(f"space: {reason}")


def missing(config: Config, key: str) -> str | None:
    """Return in one line why a value of a config has no effect; None if it has one."""
    return _no_mini_batch(config) if key == _BATCH_SIZE else unmet(config, key)


def unmet(sections: object, key: str) -> str | None:
    """Return in one line what the field of a key needs and does not have; None if it needs nothing or has it.

    Args:
        sections: has the section of the key and those of the fields that it needs as attributes, as a `Config` does.
        key: such as `network.dropout`.
    """
    needs = _needs(sections, key)
    if needs is None:
        return None
    value = _value(sections, key)
    found = {name: _value(sections, name) for name in (_sibling(key, one) for one in needs.fields)}
    if any(one in needs.values if needs.values else one for one in found.values()):
        return None
    reasons = " and ".join(f"{name}={shown(one)}" for name, one in found.items())
    allowed = " or ".join(shown(one) for one in needs.values) if needs.values else f"other than {_off(found.values())}"
    which = next(iter(found)) if len(found) == 1 else "one of these"
    return f"{key}={shown(value)}: has no effect with {reasons}; {which} must be {allowed}"


def is_on(sections: object, key: str) -> bool:
    """Whether a value is another than 0, false, null and an empty list, which ask for nothing."""
    return bool(_value(sections, key))


def too_large_batch(key: str, size: int, points: int, dataset: str, *, null: str = "null") -> str:
    """Say that a size of mini-batches has no effect, as there are no more training points."""
    points_of = f"{points:,} training points of {dataset}"
    return f"{key}={size}: has no effect with the {points_of}; must be less, or {null} for all of them"


def _no_mini_batch(config: Config) -> str | None:
    """Why the size of mini-batches has no effect: it is no less than the number of training points."""
    size = config.training.batch_size
    if size is None:
        return None
    points = _training_points(type(config.dataset.instance), json.dumps(config.dataset.values, default=repr), config)
    if points is None or size < points:
        return None
    return too_large_batch(_BATCH_SIZE, size, points, f"dataset.name={config.dataset.name}")


def _training_points(kind: type, values: str, config: Config) -> int | None:
    """The number of training points of a dataset; None if a user's class cannot tell."""
    if (kind, values) not in _POINTS:
        _POINTS[kind, values] = None
        with suppress(Exception):  # its run fails with it
            _POINTS[kind, values] = len(config.dataset.new_instance().split(streams(config.seed)).train)
    return _POINTS[kind, values]


def _off(values: Iterable[Any]) -> str:
    return " or ".join(dict.fromkeys(map(shown, values)))


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _sibling(key: str, field: str) -> str:
    """The dotted key of a field beside another key; a field with a dot is a key already."""
    return field if "." in field else f"{key.rpartition('.')[0]}.{field}"


def _value(sections: object, key: str) -> Any:
    section, _, field = key.partition(".")
    node = getattr(sections, section, None)
    if isinstance(node, Choice):
        return (node.keys() | node.values).get(field)
    return getattr(node, field, None) if field else node


def _needs(sections: object, key: str) -> Needs | None:
    """What the field of a key needs; None if it always has an effect, or is no field of a section."""
    section, _, field = key.partition(".")
    node = getattr(sections, section, None)
    kind: type = type(node.instance if isinstance(node, Choice) else node)
    return _declared(kind).get(field)


@cache
def _declared(kind: type) -> Mapping[str, Needs]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: one for name, hint in hints.items() if (one := _annotation(hint)) is not None}


def _annotation(hint: Any) -> Needs | None:
    metadata = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((one for one in metadata if isinstance(one, Needs)), None)
