"""Fields of a dataclass instance as plain data."""

import copy
from dataclasses import fields
from typing import Any


def field_values(instance: Any) -> dict[str, Any]:
    """Return copies of the fields that the constructor of a dataclass instance takes, by name.

    An array or NumPy scalar, which `__post_init__` may have made of a list or number, is returned as a list or number.
    """
    return {one.name: _plain(getattr(instance, one.name)) for one in fields(instance) if one.init}


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else copy.deepcopy(value)
