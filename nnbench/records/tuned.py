"""Labels of tuned optimizers, and the runs that have them.

The final stage of a study that tunes runs each optimizer twice: with its default setting under its own label, and with the
chosen setting under `tuned_label`. A store has only the label and the stage, and a user may call an optimizer `x (tuned)`, so
`is_tuned` decides whether a label is that of a tuned optimizer.
"""

from collections.abc import Collection

import pandas as pd

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
