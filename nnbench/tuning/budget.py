"""Tuning budget that a study has spent on an optimizer: the number of configs tried, and the spaces searched.

It is read from the store, where each sweep that tunes has stored its spaces. So configs of earlier commands count too,
whatever their sampler, and a space that was changed after a first search does not count as declared beforehand.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nnbench.core.keys import is_hyperparameter
from nnbench.records import tasks
from nnbench.tuning.space import Range, Space

if TYPE_CHECKING:
    from nnbench.records.rows import Row

EXTENSIONS = 3  # largest number of times that a search widens its space
PLAIN = "no space"  # stands for single runs and grids, which have no space


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Budget of one optimizer, on one task, in one study.

    Attributes:
        tried: number of different settings run, without those of the final stage.
        spaces: number of different spaces searched; plain runs before the first search count as one. None where a sweep
            of the first edition did not store it.
        declared: the first space, as `to_json` writes it.
    """

    tried: int
    spaces: int | None
    declared: dict[str, Any]


def parameter(label: str, task: str = "") -> str:
    """Name of the parameter of a sweep's own run that holds the space of an optimizer on a task; without the task in stores
    of earlier editions, whose sweeps had one task."""
    name = "space." + re.sub(r"[^\w. -]", "_", label)  # MLflow allows no other letters
    return f"{name} {hashlib.sha256(task.encode()).hexdigest()[:8]}" if task else name


def extension(label: str, number: int, task: str = "", search: int = 0) -> str:
    """Name of the tag of a sweep's own run that holds the space of a search after `number` extensions."""
    return f"nnbench.{parameter(label, task)}{f'.{search}' if task else ''}.{number}"


def to_json(space: Space) -> str:
    """A space as JSON, as stored with a sweep's own run; `log` is part of what stores of the first edition have."""
    scales = {key: {"log": axis.kind == "log"} for key, axis in space.items() if isinstance(axis, Range)}
    return json.dumps({key: asdict(axis) | scales.get(key, {}) for key, axis in space.items()}, sort_keys=True, default=str)


def spent(
    rows: Sequence["Row"], searched: Mapping[tuple[str, str], Sequence[Space]], of_tuning: Mapping[str, str]
) -> dict[tuple[str, str], Budget]:
    """Compute the budget of each optimizer on each task.

    Args:
        rows: all of the study's runs, oldest first.
        searched: the spaces that this sweep has searched, in order, by task (its text) and label.
        of_tuning: the text of each task without its test points, `tasks.key(..., tuning=True)`.
    """
    runs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.tags.get("nnbench.stage") != "final":
            of = tasks.key(row.values, tuning=True), row.tags.get("nnbench.optimizer", "")
            runs.setdefault(of, []).append(row)
    sweeps = {row.run_id: row for row in rows if row.tags.get("nnbench.kind") == "sweep"}
    return {
        (task, label): _budget(runs.get((of_tuning[task], label), []), sweeps, label, task, spaces)
        for (task, label), spaces in searched.items()
    }


def _budget(mine: Sequence["Row"], sweep_rows: Mapping[str, "Row"], label: str, task: str, spaces: Sequence[Space]) -> Budget:
    settings = {tuple(sorted((key, text) for key, text in row.values.items() if is_hyperparameter(key))) for row in mine}
    sweeps = {
        sweep: _searched(sweep_rows[sweep], label, task)
        for sweep in {row.tags.get("nnbench.sweep_id", "") for row in mine}
        if sweep in sweep_rows
    }
    before: list[str | None] = [
        space
        for row in sorted(mine, key=lambda row: row.started)
        for space in sweeps.get(row.tags.get("nnbench.sweep_id", "")) or (None if _tunes(row) else PLAIN,)
    ]
    # Plain runs count where they came first: a space that was declared after them was not declared beforehand.
    known = [one for at, one in enumerate(dict.fromkeys([*before, *map(to_json, spaces)])) if one != PLAIN or at == 0]
    declared = next((one for one in known if one != PLAIN), None)
    return Budget(
        tried=len(settings),
        spaces=None if None in known else len(known),
        declared={} if declared is None else json.loads(declared),
    )


def _searched(sweep: "Row", label: str, task: str) -> list[str]:
    """The spaces that a sweep has searched on a task, as `to_json` writes them, in order."""
    first = sweep.params.get(parameter(label, task)) or sweep.params.get(parameter(label))
    searches = int(sweep.params.get("tuning.searches", "1"))
    names = [extension(label, number) for number in range(1, EXTENSIONS + 1)]
    names += [extension(label, number, task, one) for number in range(1, EXTENSIONS + 1) for one in range(searches)]
    return [space for space in (first, *map(sweep.tags.get, names)) if space]


def _tunes(row: "Row") -> bool:
    return row.tags.get("nnbench.stage") == "tuning"
