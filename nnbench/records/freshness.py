"""How often the seeds that judge a tuned optimizer have been used: once, unless it was chosen again after they were read.

A seed has been read once a run on it has FINISHED that is no tuning run: from then on somebody may have looked. A choice
that was made later, of another setting or among more configs, may owe something to what was seen. All of it is in the store:
when each run began, and what each sweep chose.
"""

from collections.abc import Sequence

import pandas as pd

from nnbench.config.text_values import as_value
from nnbench.core.keys import key_of
from nnbench.records import tasks
from nnbench.records.rows import Row
from nnbench.records.tuned import is_tuned, tuned_label


def with_uses(selection: pd.DataFrame, choices: Sequence[tuple[int, pd.DataFrame]], rows: Sequence[Row]) -> pd.DataFrame:
    """`Study.selection` with `uses`: which use of their seeds the final runs of each optimizer are.

    Args:
        selection: what was chosen last.
        choices: what each sweep has chosen, with when it began (ms since 1970), oldest first.
        rows: all training runs of the study.
    """
    if selection.empty:
        return selection
    found = {
        (task, optimizer): _uses(str(task), str(optimizer), choices, rows)
        for task, optimizer in selection[["task", "optimizer"]].drop_duplicates().itertuples(index=False)
    }
    return selection.assign(uses=[found[own] for own in selection[["task", "optimizer"]].itertuples(index=False, name=None)])


def _uses(task: str, optimizer: str, choices: Sequence[tuple[int, pd.DataFrame]], rows: Sequence[Row]) -> int:
    tuned = tuned_label(optimizer)
    final = [
        row
        for row in rows
        if row.status == "FINISHED"
        and row.tags.get("nnbench.stage") != "tuning"
        and (row.tags.get("nnbench.optimizer") == optimizer or _is(row, tuned))
        and task in ("", tasks.key(row.params))
    ]
    tried: dict[tuple[tuple[str, str], ...], int] = {}
    for row in rows:
        if row.tags.get("nnbench.stage") == "tuning" and row.tags.get("nnbench.optimizer") == optimizer:
            config = tuple(sorted(row.params.items()))
            tried[config] = min(row.started, tried.get(config, row.started))
    made = [
        (started, _signature(mine))
        for started, frame in choices
        if len(mine := frame[(frame["task"] == task) & (frame["optimizer"] == optimizer)])
    ]
    values = made[-1][1][0] if made else ()
    read: dict[str, int] = {}
    for row in final:
        seed = row.params.get("seed", "")
        read[seed] = min(row.started, read.get(seed, row.started))
    judging = {row.params.get("seed", "") for row in final if _has(row, tuned, values)}
    most = 1
    for seed in judging:
        uses, former = 1, None
        for started, signature in made:
            again = signature != former if former is not None else max(tried.values(), default=0) > read[seed]
            uses += started > read[seed] and again
            former = signature
        most = max(most, uses)
    return most


def _signature(mine: pd.DataFrame) -> tuple[tuple[tuple[str, object], ...], float]:
    """What was chosen, and among how many."""
    number = mine["tried"] if "tried" in mine and mine["tried"].notna().all() else mine["configs"]
    return tuple(zip(mine["hyperparameter"], mine["value"], strict=True)), float(number.iloc[0])


def _is(row: Row, label: str) -> bool:
    """Whether a run is one of the tuned optimizer with this label."""
    return row.tags.get("nnbench.optimizer") == label and is_tuned(label, row.tags.get("nnbench.stage"), ())


def _has(row: Row, label: str, values: Sequence[tuple[str, object]]) -> bool:
    """Whether a run is one with the setting that was chosen."""
    return _is(row, label) and all(as_value(row.params.get(key_of(key), "")) == value for key, value in values)
