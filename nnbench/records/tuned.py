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
