"""What the search for an optimizer's setting has cost so far: all configs that a study has tried of it, and in which spaces.

It is read off the store, where each sweep that tunes has noted the spaces that it was given. So what earlier commands have
tried counts too, by whatever sampler, and a space that was widened after somebody had looked is no longer said to have been
declared before.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nnbench.records import tasks
from nnbench.tuning.space import Space

if TYPE_CHECKING:
    from nnbench.records.rows import Row

AROUND = "optimizer.name", "optimizer.algorithm"
EXTENSIONS = 3  # times that a sweep widens a space at most
PLAIN = "no space"  # of runs that were made one by one or over a grid


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Of one optimizer, on one task, in one study.

    Attributes:
        tried: how many different settings have been run, but for those on final seeds.
        spaces: how many different spaces they were looked for in, plain runs that came before the first counting as one;
            None where a sweep of the first edition did not note it.
        declared: the first space, as `noted` writes it.
    """

    tried: int
    spaces: int | None
    declared: dict[str, Any]


def parameter(label: str) -> str:
    """The parameter of a sweep's own run that holds the space of an optimizer."""
    return "space." + re.sub(r"[^\w. -]", "_", label)  # MLflow allows no other letters


def extension(label: str, number: int) -> str:
    """The tag of a sweep's own run that holds the space of an optimizer after it was widened so many times."""
    return f"nnbench.{parameter(label)}.{number}"


def noted(space: Space) -> str:
    """A space as a sweep's own run keeps it."""
    return json.dumps({key: {"kind": axis.kind, **asdict(axis)} for key, axis in space.items()}, sort_keys=True, default=str)


def spent(rows: Sequence["Row"], label: str, task: dict[str, Any], spaces: Sequence[Space]) -> Budget:
    """The budget of an optimizer.

    Args:
        rows: all of the study's runs, oldest first.
        label: of the optimizer.
        task: the config's leaves; those of the dataset count.
        spaces: in which this sweep has looked, in order.
    """
    mine = [
        row
        for row in rows
        if row.tags.get("nnbench.optimizer") == label
        and row.tags.get("nnbench.stage") != "final"
        and tasks.key(row.params, tuning=True) == tasks.key(task, tuning=True)
    ]
    settings = {
        tuple(sorted((key, text) for key, text in row.params.items() if key.startswith("optimizer.") and key not in AROUND))
        for row in mine
    }
    sweeps = {row.run_id: _searched(row, label) for row in rows if row.tags.get("nnbench.kind") == "sweep"}
    before: list[str | None] = [
        space
        for row in sorted(mine, key=lambda row: row.started)
        for space in sweeps.get(row.tags.get("nnbench.sweep_id", "")) or (None if _tunes(row) else PLAIN,)
    ]
    # Plain runs matter where they came first: a space that was declared after them was not declared before anything ran.
    known = [one for at, one in enumerate(dict.fromkeys([*before, *map(noted, spaces)])) if one != PLAIN or at == 0]
    declared = next((one for one in known if one != PLAIN), None)
    return Budget(
        tried=len(settings),
        spaces=None if None in known else len(known),
        declared={} if declared is None else json.loads(declared),
    )


def _searched(sweep: "Row", label: str) -> list[str]:
    """The spaces that a sweep has looked in, as `noted` writes them, in order."""
    first = sweep.params.get(parameter(label))
    wider = (sweep.tags.get(extension(label, number)) for number in range(1, EXTENSIONS + 1))
    return [space for space in (first, *wider) if space]


def _tunes(row: "Row") -> bool:
    return row.tags.get("nnbench.stage") == "tuning"
