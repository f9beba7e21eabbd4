"""A config's values as text and back, without loss: how MLflow's parameters and a selection's table hold them."""

import json
from collections.abc import Hashable

LONGEST_NUMBER = 40  # characters


def as_text(value: object) -> str:
    """A value in the words of a YAML file: `null`, `true`, `5e-07`, `[64]`; a text that would be read as another is quoted."""
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    return value if as_value(value) == value else json.dumps(value, ensure_ascii=False)


def as_value(text: str) -> Hashable:
    """What `as_text` was given, where that was a number, a text or None; of anything else, its text."""
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
