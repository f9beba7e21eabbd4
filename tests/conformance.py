"""Requirements of the fields of every optimizer, schedule and dataset."""

import json
from dataclasses import asdict, fields
from typing import Any, Literal, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

NOT_ALLOWED = "NaN", "1e400", "-1.0", '"1"'  # JSON that no field may accept; 1e400 is read as infinity


def assert_fields_are_checked(kind: type[Any]) -> None:
    """Assert that all fields are keyword-only, have a range, and are validated strictly."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    assert adapter.validate_json("{}") == adapter.validate_json(json.dumps(asdict(kind()))) == kind()
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        assert field.kw_only
        assert hasattr(hint, "__metadata__") or hint is bool or get_origin(hint) is Literal, f"{field.name} has no range"
        for text in (*(f'{{"{field.name}": {value}}}' for value in NOT_ALLOWED), f'{{"{field.name}_": 1.0}}'):
            with pytest.raises(ValidationError):
                adapter.validate_json(text)
