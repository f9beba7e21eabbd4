"""A run as a store lists it: text and numbers by name, not yet checked."""

import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from sys import intern

from nnbench.config.schema import flatten, text_keys
from nnbench.config.text_values import as_text, as_value

# A run's config is a tag, JSON, and an artifact with the same content. One query or request lists the tags of all runs, those
# that are training or were killed among them; from a server, reading the files would take a download per run.
CONFIG_TAG, CONFIG_FILE = "nnbench.config", "config.json"
SUBMISSION_TAG = "nnbench.submission"  # of a run whose outcome came from a folder, where it may be found again
MAX_INTEGER = 2**63  # of a column of a table


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run in a store, with the last value of each metric; `started` in ms since 1970."""

    run_id: str
    name: str
    status: str
    started: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)

    @cached_property
    def values(self) -> Mapping[str, Hashable]:
        """The leaves of the run's config by dotted key: numbers, text, None, and JSON text of everything else.

        Empty if the tag is damaged. Runs of the first edition have no such tag; their values are read from the parameters.
        """
        return _from_record(self.tags[CONFIG_TAG]) if has_record(self.tags) else _from_params(self.params)


def has_record(tags: Mapping[str, str]) -> bool:
    """Whether a run's config is in its tags; one that is too long for a tag is an artifact only."""
    return tags.get(CONFIG_TAG, "").startswith("{")


def is_safe_id(run_id: str) -> bool:
    """Whether an id can be part of a path: it consists of letters, digits, underscores and hyphens, as MLflow's ids do."""
    return re.fullmatch(r"[\w-]{1,64}", run_id) is not None


def _from_record(record: str) -> dict[str, Hashable]:
    try:
        return {intern(key): _leaf(value) for key, value in flatten(json.loads(record))}  # a key is kept once for all runs
    except (ValueError, RecursionError):
        return {}


def _leaf(value: object) -> Hashable:
    if value is None or isinstance(value, str | float):
        return value
    if type(value) is int and abs(value) < MAX_INTEGER:
        return value
    return as_text(value)


def _from_params(params: Mapping[str, str]) -> dict[str, Hashable]:
    """Convert parameters; text stays text where the schema says so, since the first edition did not quote a text `2024`."""
    values = {key: as_value(text) for key, text in params.items()}
    return {key: params[key] if _is_misread(key, value) else value for key, value in values.items()}


def _is_misread(key: str, value: Hashable) -> bool:
    kinds = text_keys().get(key)
    return kinds is not None and not isinstance(value, kinds)
