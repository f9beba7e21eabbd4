"""Labels of tuned optimizers, and the runs that have them.

The final stage of a study that tunes runs each optimizer with its default setting under its own label, and with the chosen
setting under `tuned_label`. Where several searches chose, the runs of all of their settings have that label: together they
are one setting of the study, `adam (tuned)`, whose runs vary with the search and with the seed.

A store has only the label and the stage, and a user may call an optimizer `x (tuned)`, so `is_tuned` decides whether a label
is that of a tuned optimizer.
"""

from collections.abc import Collection, Hashable, Mapping

import pandas as pd

from nnbench.core.keys import key_of

SUFFIX = " (tuned)"


def tuned_label(optimizer: str) -> str:
    """Return the label of an optimizer that runs with the setting that tuning chose."""
    return f"{optimizer}{SUFFIX}"


def base_label(label: str, tuned: bool) -> str:
    """Return the label of the optimizer itself, from that of a run that is or is not `tuned`."""
    return label.removesuffix(SUFFIX) if tuned else label


def is_tuned(label: str, stage: object, optimizers: Collection[str]) -> bool:
    """Whether a run has the setting that tuning chose for its optimizer.

    Args:
        label: label of the run's optimizer.
        stage: stage of the run.
        optimizers: labels of the optimizers that were tuned, from `Study.selection`; a run with one of these labels has
            the default setting, even if the label ends as that of a tuned optimizer does.
    """
    return stage == "final" and label.endswith(SUFFIX) and label not in optimizers


def chosen_values(choice: pd.DataFrame) -> dict[int, dict[str, Hashable]]:
    """Return the values that each search of an optimizer chose: by number of the search, then by dotted key.

    Args:
        choice: rows of `Study.selection` of one optimizer on one task.
    """
    found: dict[int, dict[str, Hashable]] = {}
    for search, name, value in zip(choice["search"], choice["hyperparameter"], choice["value"], strict=True):
        found.setdefault(int(search), {})[key_of(str(name))] = value
    return found


def has_values(values: Mapping[str, Hashable], chosen: Mapping[str, Hashable]) -> bool:
    """Whether the config of a run, by dotted key, has the chosen values."""
    return all(values.get(key, "") == value for key, value in chosen.items())


def searched_keys(selection: pd.DataFrame) -> dict[str, set[str]]:
    """Return the dotted keys that the searches of each optimizer varied, by its label."""
    searched = selection[selection["kind"] != "fixed"] if "kind" in selection else selection
    keys: dict[str, set[str]] = {}
    for optimizer, name in searched[["optimizer", "hyperparameter"]].itertuples(index=False) if len(searched) else ():
        keys.setdefault(str(optimizer), set()).add(key_of(str(name)))
    return keys


def with_tuned(runs: pd.DataFrame, selection: pd.DataFrame) -> pd.DataFrame:
    """Add the column `tuned` of `Study.runs` after `stage`, unless there is one."""
    if "tuned" in runs or "optimizer" not in runs:
        return runs
    optimizers = set(selection["optimizer"]) if "optimizer" in selection else set()
    stages = runs["stage"] if "stage" in runs else pd.Series(None, index=runs.index, dtype=object)
    tuned = [is_tuned(str(label), stage, optimizers) for label, stage in zip(runs["optimizer"], stages, strict=True)]
    columns = list(runs.columns)
    place = columns.index("stage") + 1 if "stage" in columns else len(columns)
    result = runs.copy(deep=False)
    result.insert(place, "tuned", pd.Series(tuned, index=runs.index, dtype=bool))
    return result


def by_search(runs: pd.DataFrame, selection: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a task, each once for every search that chose its setting, with the column `search`.

    A setting that several searches chose was trained once, but counts for each of them. `search` is 0 for other runs.

    Args:
        runs: with the columns of `Study.runs`.
        selection: `Study.selection` of the task.
    """
    numbered = runs.assign(search=0)
    if selection.empty or selection["search"].nunique() < 2 or "tuned" not in runs:
        return numbered
    parts = [numbered[~runs["tuned"].astype(bool)]]
    for label, group in numbered[runs["tuned"].astype(bool)].groupby("optimizer", sort=False):
        searches = chosen_values(selection[selection["setting"] == label])
        matches = {search: group[_having(group, values)] for search, values in searches.items()}
        parts += [found.assign(search=search) for search, found in matches.items()]
        chosen = {row for found in matches.values() for row in found.index}
        parts.append(group[~group.index.isin(chosen)])
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _having(runs: pd.DataFrame, values: Mapping[str, Hashable]) -> "pd.Series[bool]":
    """Whether each run has these values; a key that is no column of the table is not compared."""
    has = pd.Series(True, index=runs.index)
    for key, value in values.items():
        if key in runs:
            has &= runs[key].isna() if value is None or value != value else runs[key] == value
    return has
