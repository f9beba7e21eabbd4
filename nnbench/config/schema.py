"""Typed schema of the configuration. `sections` has its parts, `conf/` the values; `validate` checks them.

This module imports no large library, so that a worker that unpickles a config starts fast.
"""

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Len

from nnbench.config.choice import Choice, Section
from nnbench.config.sections import (
    DatasetConfig,
    DrawsConfig,
    Label,
    NetworkConfig,
    OptimizerConfig,
    ReportConfig,
    ScheduleConfig,
    SourceConfig,
    TrackingConfig,
    TrainingConfig,
)
from nnbench.core.constraints import Index
from nnbench.core.keys import ADDED, LEADING, NOT_NUMBERS, hyperparameter, short_name


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """Complete configuration of one training run.

    Attributes:
        problem: name of the preset in `conf/problem` that was chosen, a part of the task; null for none.
    """

    study: Annotated[str, Len(1, 200)]
    seed: Index
    resume: bool
    fail_fast: bool
    dry_run: bool
    dataset: DatasetConfig
    network: NetworkConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    training: TrainingConfig
    draws: DrawsConfig
    tracking: TrackingConfig
    report: ReportConfig
    problem: Label | None = None

    source: SourceConfig

    @property
    def identity(self) -> str:
        """Digest of `numbers`, equal for equal runs."""
        return self._digests[0]

    @property
    def configuration(self) -> str:
        """Digest of `numbers` without seed and source, equal for the runs of one setting."""
        return self._digests[1]

    @cached_property
    def _digests(self) -> tuple[str, str]:
        numbers = self.numbers()
        identity = _digest(numbers)
        del numbers["seed"], numbers["source"]
        return identity, _digest(numbers)

    def nested(self) -> dict[str, Any]:
        """Return the config as a nested dictionary, in the form of its YAML files."""
        sections = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "source"}
        if self.problem is None:
            del sections["problem"]
        return {name: _plain(section) for name, section in sections.items()}

    def numbers(self) -> dict[str, Any]:
        """Return all that determines the results: `nested` without `NOT_NUMBERS`, and the source digests."""
        tree = self.nested()
        for path in NOT_NUMBERS:
            section, _, key = path.rpartition(".")
            del (tree[section] if section else tree)[key]
        for path, value in ADDED.items():
            section, _, key = path.rpartition(".")
            if tree[section].get(key) == value:
                del tree[section][key]
        if self.draws.kind == "streams":
            del tree["draws"]["chain"]
        empty = [name for name, section in tree.items() if section == {}]  # a group that was added
        source = {name: digest for name, digest in asdict(self.source).items() if name not in empty}
        return {**{name: section for name, section in tree.items() if name not in empty}, "source": source}

    @property
    def choices(self) -> dict[str, Choice[Any]]:
        """The sections whose class is chosen by name."""
        return {name: getattr(self, name) for name in choice_sections()}

    def leaves(self) -> dict[str, Any]:
        """Return the leaves by dotted key; a list is a leaf."""
        return dict(flatten(self.nested()))

    @property
    def run_name(self) -> str:
        """Short name such as `adam lr=0.05 seed=3`."""
        values = {key: self.optimizer.values.get(hyperparameter(key)) for key in LEADING}  # an optimizer may have none of them
        shown = [
            f"{short_name(key)}={value:g}" if isinstance(value, int | float) else f"{short_name(key)}={value}"
            for key, value in values.items()
            if value is not None
        ]
        return " ".join([self.optimizer.name, *shown, f"seed={self.seed}"])


@cache
def choice_sections() -> dict[str, type[Choice[Any]]]:
    """Return the sections of `Config` whose class is chosen by name."""
    kinds = {name: kind for name, kind in get_type_hints(Config).items() if isinstance(kind, type)}
    return {name: kind for name, kind in kinds.items() if issubclass(kind, Choice)}


def _plain(value: Any) -> Any:
    """Copy a value as `dataclasses.asdict` does, which takes ten times as long.

    Of a section with a class, the copy has the keys and the fields of the instance, side by side as in YAML.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if is_dataclass(value):  # checked before the abstract classes, for which `isinstance` takes ten times as long
        if isinstance(value, Choice):
            return _plain({**value.keys(), **value.values})
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict | Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        plain = map(_plain, value)
        return list(plain) if isinstance(value, list) else tuple(plain)
    return copy.deepcopy(value)


def _digest(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def text_keys() -> dict[str, tuple[type, ...]]:
    """Return the dotted keys whose values are strings, or optional strings, with their types."""
    return dict(_text_keys(Config, ""))


def _text_keys(section: type[Any], prefix: str) -> Iterator[tuple[str, tuple[type, ...]]]:
    for name, kind in get_type_hints(section).items():
        if isinstance(kind, type) and is_dataclass(kind):
            yield from _text_keys(kind, f"{prefix}{name}.")
        options = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        kinds = {str if get_origin(option) is Literal else option for option in options}
        if str in kinds and kinds <= {str, NoneType}:
            yield f"{prefix}{name}", tuple(kinds)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings as (dotted key, value)."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
