"""A run as a store lists it: text and numbers by name, checked by nobody yet."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Row:
    """A run as it stands in the store, with the last value of each metric; `started` in ms since 1970."""

    run_id: str
    name: str
    status: str
    started: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)


def ours(run_id: str) -> bool:
    """Whether it may be part of a path: an id of MLflow's is no more than letters and digits."""
    return re.fullmatch(r"[\w-]{1,64}", run_id) is not None
