"""What the runs of a task were started with to be judged by: the measure that ranks the settings, and the targets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pandas as pd

from nnbench.core.keys import AUTO, RankBy, Unit
from nnbench.records.measures import TARGETS

RANK_BY, TARGETS_KEY = "report.rank_by", "report.targets"
UNIT, REFERENCE = "report.unit", "report.reference"
DEFAULT: RankBy = "test_measure"  # of runs that were started before the choice existed, too


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What settings are judged by.

    Attributes:
        rank_by: see `config.sections.ReportConfig`.
        targets: training accuracies, of a regression R², for which the time to reach them is reported.
        unit: of curves and times, see `report.findings.axis`.
        reference: the setting or optimizer that others are compared with at equal budget.
    """

    rank_by: RankBy = DEFAULT
    targets: tuple[float, ...] = TARGETS
    unit: Unit | Literal["auto"] = AUTO
    reference: str = AUTO


def declared(
    runs: pd.DataFrame,
    *,
    targets: Sequence[float] | None = None,
    rank_by: RankBy | None = None,
    unit: Unit | Literal["auto"] | None = None,
    reference: str | None = None,
) -> Declared:
    """Return what the newest run of a task was started with; a key that it lacks has its default.

    Args:
        runs: of a `Study` with one task.
        targets, rank_by, unit, reference: used instead, if not None.
    """
    newest = _newest(runs)
    return Declared(
        rank_by=declared_by(newest.get(RANK_BY)) if rank_by is None else rank_by,
        targets=_targets(newest.get(TARGETS_KEY)) if targets is None else tuple(targets),
        unit=_unit(newest.get(UNIT)) if unit is None else unit,
        reference=_reference(newest.get(REFERENCE)) if reference is None else reference,
    )


def all_declared(runs: pd.DataFrame) -> list[RankBy]:
    """Return the different choices of `report.rank_by` that the runs were started with, in the order of their start."""
    given = _ordered(runs).get(RANK_BY, pd.Series([None] * len(runs), dtype=object))
    return list(dict.fromkeys(declared_by(value) for value in given))


def _ordered(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.sort_values("started", kind="stable") if "started" in runs else runs


def _newest(runs: pd.DataFrame) -> Mapping[str, Any]:
    return {str(key): value for key, value in _ordered(runs).iloc[-1].items()} if len(runs) else {}


def _targets(value: object) -> tuple[float, ...]:
    try:
        return tuple(float(target) for target in json.loads(str(value)))
    except (TypeError, ValueError):  # missing, or not as nnbench writes it
        return TARGETS


def _unit(value: object) -> Unit | Literal["auto"]:
    choices: tuple[Unit, ...] = get_args(Unit)
    return next((choice for choice in choices if choice == value), AUTO)


def _reference(value: object) -> str:
    return value if isinstance(value, str) and value else AUTO


def declared_by(value: object) -> RankBy:
    """Return a value of `report.rank_by`, the default if it is missing or unknown."""
    choices: tuple[RankBy, ...] = get_args(RankBy)
    return next((choice for choice in choices if choice == value), DEFAULT)
