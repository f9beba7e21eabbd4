"""A run as a store lists it: text and numbers by name, not yet checked."""

import json
import re
from collections import ChainMap
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from sys import intern
from typing import Any, NamedTuple

from nnbench.config.schema import flatten, text_keys
from nnbench.config.text_values import as_text, as_value

# A run's config is a tag, JSON, and an artifact with the same content. One query or request lists the tags of all runs, those
# that are training or were killed among them; from a server, reading the files would take a download per run.
CONFIG_TAG, CONFIG_FILE = "nnbench.config", "config.json"
SUBMISSION_TAG = "nnbench.submission"  # of a run whose outcome came from a folder, where it may be found again
NOTE = "mlflow.note.content"  # tag of the text on a run's page, which nothing reads back
MAX_INTEGER = 2**63  # of a column of a table
_SEED = re.compile(r'(?<=[{,]"seed":)\d{1,18}(?=[,}])')


class _Seeded(ChainMap[str, Hashable]):
    """The values of a config: the seed, and those that runs share. `ChainMap.get` would take ten times as long."""

    def get(self, key: str, default: Any = None) -> Any:
        seed, shared = self.maps
        return seed[key] if key in seed else shared.get(key, default)


class Record(NamedTuple):
    """A run's config as JSON, the value of `CONFIG_TAG`, with the seed apart: the runs of a setting share the text.

    Attributes:
        text: the JSON, with `null` in the place of the seed.
        seed: the seed; None if `text` has it.
    """

    text: str
    seed: int | None

    @classmethod
    def of(cls, text: str) -> "Record":
        """Take the seed out of a config; it stays if the text has none, or several keys of that name."""
        found = _SEED.search(text)
        if found is None or text.count('"seed":') > 1:
            return cls(text, None)
        return cls(f"{text[: found.start()]}null{text[found.end() :]}", int(found[0]))

    @property
    def json(self) -> str:
        """The config as JSON, with the seed."""
        return self.text if self.seed is None else self.text.replace('"seed":null', f'"seed":{self.seed}')

    def values(self) -> Mapping[str, Hashable]:
        """The leaves of the config, see `Row.values`."""
        shared = _parsed(self.text)
        if self.seed is None or "seed" in shared:
            return shared if self.seed is None else _Seeded({"seed": self.seed}, shared)  # type: ignore[arg-type]
        return _from_record(self.json)  # a nested key of that name


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run in a store, with the last value of each metric.

    Attributes:
        run_id, name, status: as MLflow has them.
        started: in ms since 1970.
        params: its parameters; empty where `record` is known.
        tags: without the config and the note for MLflow's page.
        metrics: by key.
        record: its config; None if it is no tag, because the run is of the first edition or the config is too long.
    """

    run_id: str
    name: str
    status: str
    started: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    record: Record | None = None

    @cached_property
    def values(self) -> Mapping[str, Hashable]:
        """The leaves of the run's config by dotted key: numbers, text, None, and JSON text of everything else.

        Empty if the tag is damaged. Runs of the first edition have no such tag; their values are read from the parameters.
        """
        return _from_params(self.params) if self.record is None else self.record.values()


def separated(tags: Mapping[str, str]) -> tuple[Record | None, dict[str, str]]:
    """Return the config in a run's tags, and the other tags; None for one that is too long, and so an artifact only."""
    text = tags.get(CONFIG_TAG, "")
    record = Record.of(text) if text.startswith("{") else None
    left_out = (NOTE, CONFIG_TAG) if record else (NOTE,)
    return record, {key: value for key, value in tags.items() if key not in left_out}


def is_safe_id(run_id: str) -> bool:
    """Whether an id can be part of a path: it consists of letters, digits, underscores and hyphens, as MLflow's ids do."""
    return re.fullmatch(r"[\w-]{1,64}", run_id) is not None


@lru_cache(maxsize=65536)  # settings of a study
def _parsed(text: str) -> Mapping[str, Hashable]:
    return _from_record(text)


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
