"""Lossless conversion of configuration values to text and back, for MLflow's parameters and the table of a selection."""

import json
from collections.abc import Hashable
from functools import lru_cache

LONGEST_NUMBER = 40  # characters
_ENCODER = json.JSONEncoder(default=str)  # `json.dumps` would make one for every value


def as_text(value: object) -> str:
    """Format a value as JSON, such as `null`, `true`, `5e-07` or `[64]`; a string is quoted only if it is ambiguous."""
    if not isinstance(value, str):
        return _ENCODER.encode(value)
    return value if as_value(value) == value else json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=4096)  # the runs of a sweep share most of their values
def as_value(text: str) -> Hashable:
    """Return the value that `as_text` was given, if it was a number, a string or None; else the text itself."""
    if text[:1] == '"' == text[-1:] and len(text) > 1:
        try:
            unquoted = json.loads(text)
        except ValueError:
            return text
        return unquoted if as_text(unquoted) == text else text
    if len(text) > LONGEST_NUMBER:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or type(value) in (int, float) else text
