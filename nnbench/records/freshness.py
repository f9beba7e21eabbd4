"""Number of times that the final seeds of a tuned optimizer have been used for a choice.

It is 1 unless the optimizer was tuned again after results on these seeds were known. They are known from the first FINISHED
run on a seed that is not a tuning run. A later choice of another setting, or among more configs, may depend on them. The
store has all that is needed: the start of each run, and the choice of each sweep.
"""

from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from nnbench.records import tasks
from nnbench.records.rows import Row
from nnbench.records.tuned import chosen_values, has_values, is_tuned, tuned_label


def with_uses(selection: pd.DataFrame, choices: Sequence[tuple[int, pd.DataFrame]], rows: Sequence[Row]) -> pd.DataFrame:
    """Add the column `uses` of `Study.selection`: the number of uses of each optimizer's final seeds.

    Args:
        selection: the last choice for each optimizer.
        choices: start (ms since 1970) and choices of each sweep, oldest first.
        rows: all training runs of the study.
    """
    if selection.empty:
        return selection
    found = {
        (task, optimizer): _uses(str(task), str(optimizer), choices, rows)
        for task, optimizer in selection[["task", "optimizer"]].drop_duplicates().itertuples(index=False)
    }
    return selection.assign(uses=[found[pair] for pair in selection[["task", "optimizer"]].itertuples(index=False, name=None)])


def _uses(task: str, optimizer: str, choices: Sequence[tuple[int, pd.DataFrame]], rows: Sequence[Row]) -> int:
    tuned = tuned_label(optimizer)
    final = [
        row
        for row in rows
        if row.status == "FINISHED"
        and row.tags.get("nnbench.stage") != "tuning"
        and (row.tags.get("nnbench.optimizer") == optimizer or _is_tuned(row, tuned))
        and task in ("", tasks.key(row.values))
    ]
    tried: dict[tuple[tuple[str, Hashable], ...], int] = {}
    for row in rows:
        if row.tags.get("nnbench.stage") == "tuning" and row.tags.get("nnbench.optimizer") == optimizer:
            config = tuple(sorted(row.values.items()))
            tried[config] = min(row.started, tried.get(config, row.started))
    made = [
        (started, _signature(choice))
        for started, frame in choices
        if len(choice := frame[(frame["task"] == task) & (frame["optimizer"] == optimizer)])
    ]
    values = made[-1][1][0] if made else {}
    read: dict[Hashable, int] = {}
    for row in final:
        seed = row.values.get("seed", "")
        read[seed] = min(row.started, read.get(seed, row.started))
    final_seeds = {row.values.get("seed", "") for row in final if _is_chosen(row, tuned, values)}
    most = 1
    for seed in final_seeds:
        uses, previous = 1, None
        for started, signature in made:
            is_new = signature != previous if previous is not None else max(tried.values(), default=0) > read[seed]
            uses += started > read[seed] and is_new
            previous = signature
        most = max(most, uses)
    return most


def _signature(choice: pd.DataFrame) -> tuple[dict[int, dict[str, Hashable]], float]:
    """The settings that the searches chose, and the number of configs that they were chosen from."""
    number = choice["tried"] if "tried" in choice and choice["tried"].notna().all() else choice["configs"]
    return chosen_values(choice), float(number.iloc[0])


def _is_tuned(row: Row, label: str) -> bool:
    """Whether a run is of the tuned optimizer with this label."""
    return row.tags.get("nnbench.optimizer") == label and is_tuned(label, row.tags.get("nnbench.stage"), ())


def _is_chosen(row: Row, label: str, values: Mapping[int, Mapping[str, Hashable]]) -> bool:
    """Whether a run is of the tuned optimizer with this label, with the values that one of its searches chose."""
    return _is_tuned(row, label) and (not values or any(has_values(row.values, chosen) for chosen in values.values()))
