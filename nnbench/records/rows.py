"""A run as a store lists it: text and numbers by name, not yet checked."""

import re
from dataclasses import dataclass, field


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


def is_safe_id(run_id: str) -> bool:
    """Whether an id can be part of a path: it consists of letters, digits, underscores and hyphens, as MLflow's ids do."""
    return re.fullmatch(r"[\w-]{1,64}", run_id) is not None
