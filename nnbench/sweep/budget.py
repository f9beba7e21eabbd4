"""What the search for an optimizer's setting has cost so far: all configs that a study has tried of it, and in which spaces.

It is read off the store, where each sweep that tunes has noted the spaces that it was given. So what earlier commands have
tried counts too, by whatever sampler, and a space that was widened after somebody had looked is no longer said to have been
declared before.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from nnbench import tasks
from nnbench.sweep.space import Space

if TYPE_CHECKING:
    from nnbench.tracking.runs import Row

TASK = "task"  # the parameter of a sweep's own run that tells what it was on
AROUND = "optimizer.name", "optimizer.algorithm"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Of one optimizer, on one task, in one study.

    Attributes:
        tried: how many different settings have been run, but for those on final seeds.
        spaces: how many different spaces they were looked for in; None where a sweep of the first edition did not note it.
        declared: the first of them, as `noted` writes it.
    """

    tried: int
    spaces: int | None
    declared: dict[str, Any]


def parameter(label: str) -> str:
    """The parameter of a sweep's own run that holds the space of an optimizer."""
    return f"space.{label}"


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
    searches = {row.tags.get("nnbench.sweep_id") for row in mine if row.tags.get("nnbench.stage") == "tuning"}
    before = [row.params.get(parameter(label)) for row in rows if row.run_id in searches]
    known = list(dict.fromkeys([*before, *map(noted, spaces)]))
    if not known or known[0] is None:
        return Budget(tried=len(settings), spaces=None, declared={})
    return Budget(tried=len(settings), spaces=None if None in known else len(known), declared=json.loads(known[0]))
