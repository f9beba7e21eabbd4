"""Effect of a schedule: settings that have one against the same settings at a constant learning rate, paired by seed."""

from dataclasses import dataclass

import pandas as pd

from nnbench.core.keys import CLASSES, is_config_key, is_part_of_setting
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.stats.diverged import with_diverged
from nnbench.stats.shift import seeds_needed, shifts

CONSTANT = "constant"
_NAME, _SECTION = "schedule.name", "schedule."
_SOURCE = CLASSES[_NAME]  # column of the digest of the schedule's source


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Effects of schedules on the primary measure.

    Attributes:
        table: one row a setting with a schedule that was also run without: `setting`, `constant` (the setting without), the
            other columns of `stats.shift.shifts` (before: constant, after: with the schedule), and `better`: 1 if the
            setting with the schedule is shown to be better, -1 if it is shown to be worse, else 0.
        pairs: `setting`, `seed`, `before`, `after`; infinite where a run diverged.
        needed: seeds with which an effect can be shown.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    needed: int


def schedule_effects(findings: Findings) -> Effects:
    """Compare each setting that has a schedule with the setting that differs from it in the schedule alone.

    Tuned settings are left out: their hyperparameters were chosen with the schedule.

    Raises:
        NoDataError: no setting has a schedule, or none was also run at a constant rate on the same seeds.
    """
    runs = findings.runs[~findings.runs["tuned"].astype(bool)]
    if not len(runs) or _NAME not in runs or (runs[_NAME].fillna(CONSTANT) == CONSTANT).all():
        raise NoDataError("no setting that was not tuned has a schedule: schedule=constant,cosine runs each with and without")
    of_setting = runs.drop_duplicates("setting").set_index("setting")
    keys = [key for key in map(str, runs) if _is_shared(key)]
    same = of_setting[keys].map(repr).agg(" ".join, axis=1)
    plain = of_setting[_NAME].fillna(CONSTANT) == CONSTANT
    without = {key: str(setting) for setting, key in same[plain].items()}
    matched = {str(setting): without[key] for setting, key in same[~plain].items() if key in without}
    by = findings.primary
    values = with_diverged(findings.values(by), findings.runs, higher=by.higher)
    sides = {str(setting): group[["seed", "value"]] for setting, group in values.groupby("setting")}
    parts = [
        sides[constant].merge(sides[setting], on="seed", suffixes=("_before", "_after")).assign(setting=setting)
        for setting, constant in matched.items()
        if setting in sides and constant in sides
    ]
    pairs = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if pairs.empty:
        raise NoDataError("no setting with a schedule was also run at a constant rate on the same seeds")
    pairs = pairs.rename(columns={"value_before": "before", "value_after": "after"})
    table = shifts(pairs)
    better = table["sign"] * table["differ"] * (1 if by.higher else -1)
    table.insert(1, "constant", table["setting"].map(matched))
    return Effects(table=table.assign(better=better), pairs=pairs, needed=seeds_needed(len(table)))


def _is_shared(key: str) -> bool:
    """Whether a setting with a schedule and the one without must agree in this column."""
    return is_config_key(key) and is_part_of_setting(key) and not key.startswith(_SECTION)
