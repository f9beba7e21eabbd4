"""Tuning budget that a study has spent on an optimizer: the number of configs tried, and the spaces searched.

It is read from the store, where each sweep that tunes has stored its spaces. So configs of earlier commands count too,
whatever their sampler, and a space that was changed after a first search does not count as declared beforehand.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nnbench.core.keys import is_hyperparameter
from nnbench.records import tasks
from nnbench.tuning.space import Range, Space

if TYPE_CHECKING:
    from nnbench.records.rows import Row

EXTENSIONS = 3  # largest number of times that a sweep widens a space
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


def parameter(label: str) -> str:
    """Name of the parameter of a sweep's own run that holds the space of an optimizer."""
    return "space." + re.sub(r"[^\w. -]", "_", label)  # MLflow allows no other letters


def extension(label: str, number: int) -> str:
    """Name of the tag of a sweep's own run that holds the space of an optimizer after `number` extensions."""
    return f"nnbench.{parameter(label)}.{number}"


def to_json(space: Space) -> str:
    """A space as JSON, as stored with a sweep's own run; `log` is part of what stores of the first edition have."""
    scales = {key: {"log": axis.kind == "log"} for key, axis in space.items() if isinstance(axis, Range)}
    return json.dumps({key: asdict(axis) | scales.get(key, {}) for key, axis in space.items()}, sort_keys=True, default=str)


def spent(rows: Sequence["Row"], label: str, task: dict[str, Any], spaces: Sequence[Space]) -> Budget:
    """Compute the budget of an optimizer.

    Args:
        rows: all of the study's runs, oldest first.
        label: the optimizer's.
        task: the config's leaves; those of the dataset count.
        spaces: those that this sweep has searched, in order.
    """
    mine = [
        row
        for row in rows
        if row.tags.get("nnbench.optimizer") == label
        and row.tags.get("nnbench.stage") != "final"
        and tasks.key(row.values, tuning=True) == tasks.key(task, tuning=True)
    ]
    settings = {tuple(sorted((key, text) for key, text in row.values.items() if is_hyperparameter(key))) for row in mine}
    sweeps = {row.run_id: _searched(row, label) for row in rows if row.tags.get("nnbench.kind") == "sweep"}
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


def _searched(sweep: "Row", label: str) -> list[str]:
    """The spaces that a sweep has searched, as `to_json` writes them, in order."""
    first = sweep.params.get(parameter(label))
    wider = (sweep.tags.get(extension(label, number)) for number in range(1, EXTENSIONS + 1))
    return [space for space in (first, *wider) if space]


def _tunes(row: "Row") -> bool:
    return row.tags.get("nnbench.stage") == "tuning"
