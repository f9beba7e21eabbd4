"""The description of a training run for the tracker, and its parameters as stored text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from nnbench.config.schema import flatten
from nnbench.config.text_values import as_text
from nnbench.core.redaction import redacted
from nnbench.tracking.mlflow.ui import notes

# The text of each module by its path, by digest.
Sources = Mapping[str, Mapping[str, str]]

LONGEST_PARAM, LONGEST_TAG, LONGEST_KEY = 6000, 8000, 250  # characters
_ENCODER = json.JSONEncoder(default=str, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """The description of a training run for the tracker.

    Attributes:
        name: for display, such as `adam lr=0.05 seed=3`.
        identity: equal for runs with equal results.
        optimizer: its label.
        seed: of the run.
        config: the whole config, nested.
        stage: `tuning` or `final` in a study with tuning.
        configuration: equal for runs of one setting, which differ in seed and source only.
        sources: digests of the source code, by the names of their tags, see `nnbench.records.versions`.
        files: the source files, if the run stores them with its own artifacts.
        submission: see `nnbench.sweep.job.Ended`; empty for most runs.
    """

    name: str
    identity: str
    optimizer: str
    seed: int
    config: Mapping[str, Any]
    stage: str | None = None
    configuration: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    files: Sources = field(default_factory=dict)
    submission: str = ""

    @property
    def params(self) -> dict[str, object]:
        """Every leaf of the config by its dotted key, for display."""
        return dict(flatten(self.config))

    @cached_property
    def stored_params(self) -> dict[str, str]:
        """The same as text, see `stored_params`."""
        found: dict[str, str] = {}
        for name, text in self._sections.items():
            found |= _section_params(name, text)
        return found

    @cached_property
    def record(self) -> str:
        """The config without passwords, from which reports read the run's settings, as JSON in one line."""
        sections = (f"{_ENCODER.encode(name)}:{_section_record(text)}" for name, text in self._sections.items())
        return f"{{{','.join(sections)}}}"

    @cached_property
    def indented_record(self) -> str:
        """The same, indented."""
        sections = (f"\n {_ENCODER.encode(name)}: {_indented(_section_record(text))}" for name, text in self._sections.items())
        return f"{{{','.join(sections)}\n}}"

    @cached_property
    def _sections(self) -> dict[str, str]:
        """The sections of the config as JSON: the runs of a sweep share most of them, which are converted once."""
        return {name: _ENCODER.encode(value) for name, value in self.config.items()}


@lru_cache(maxsize=1024)
def _section_params(name: str, text: str) -> dict[str, str]:
    return stored_params(dict(flatten({name: json.loads(text)})))


@lru_cache(maxsize=1024)
def _section_record(text: str) -> str:
    """Return a section, or a single value, without passwords."""
    return _ENCODER.encode(_without_passwords(json.loads(text)))


@lru_cache(maxsize=1024)
def _indented(text: str) -> str:
    """Indent JSON by a space a level, as a value of an object that is indented."""
    return json.dumps(json.loads(text), indent=1).replace("\n", "\n ")


def _without_passwords(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {key: _without_passwords(item) for key, item in value.items()}
    return [_without_passwords(item) for item in value] if isinstance(value, list | tuple) else value


def stored_params(params: Mapping[str, object]) -> dict[str, str]:
    """Format parameters as text, as in a YAML file: `null`, `true`, `5e-07`, `[64]`."""
    return storable({key: as_text(value) for key, value in params.items()})


def storable(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts under keys that MLflow allows, without passwords, truncated to its limit."""
    return {stored_key(key): notes.truncate(redacted(text), LONGEST_PARAM) for key, text in texts.items()}


@lru_cache(maxsize=1024)
def stored_key(key: str) -> str:
    """Return `key` with characters that MLflow does not allow replaced by underscores."""
    return re.sub(r"[^\w\-. :/]", "_", key)[:LONGEST_KEY]
