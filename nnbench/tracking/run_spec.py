"""The description of a training run for the tracker, and its parameters as stored text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nnbench.config.text_values import as_text
from nnbench.core.redaction import redacted
from nnbench.tracking.mlflow.ui import notes

# The text of each module by its path, by digest.
Sources = Mapping[str, Mapping[str, str]]

LONGEST_PARAM, LONGEST_TAG, LONGEST_KEY = 6000, 8000, 250  # characters


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """The description of a training run for the tracker.

    Attributes:
        name: for display, such as `adam lr=0.05 seed=3`.
        identity: the same for runs that give the same numbers.
        optimizer: its label.
        seed: of the run.
        params: every leaf of the config under its dotted name.
        config_yaml: the whole config.
        stage: of a study that tunes first, `tuning` or `final`.
        configuration: the same for runs of one setting, which differ in seed and source alone.
        sources: digests of what decides the numbers, by the names of their tags, see `nnbench.records.versions`.
        files: the sources themselves, where the run's own artifacts are to hold them.
    """

    name: str
    identity: str
    optimizer: str
    seed: int
    params: Mapping[str, object]
    config_yaml: str
    stage: str | None = None
    configuration: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    files: Sources = field(default_factory=dict)


def stored_params(params: Mapping[str, object]) -> dict[str, str]:
    """Parameters as text, in the words of a YAML file: `null`, `true`, `5e-07`, `[64]`."""
    return storable({key: as_text(value) for key, value in params.items()})


def storable(texts: Mapping[str, str]) -> dict[str, str]:
    """Texts under keys that MLflow takes, without passwords and not too long."""
    return {stored_key(key): notes.truncate(redacted(text), LONGEST_PARAM) for key, text in texts.items()}


def stored_key(key: str) -> str:
    """`key` with characters that MLflow does not allow replaced by underscores."""
    return re.sub(r"[^\w\-. :/]", "_", key)[:LONGEST_KEY]
