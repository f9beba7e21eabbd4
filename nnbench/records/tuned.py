"""Tuned optimizers: how a run with the setting that tuning chose is labelled, and which runs are such.

The final stage of a study that tunes runs each optimizer twice: with its default setting under its own label, and with the
chosen one under `tuned_label`. Stores keep the label and the stage alone, and a user may have called an optimizer
`x (tuned)`; so a label counts as that of a tuned optimizer only by `is_tuned`.
"""

from collections.abc import Collection

import pandas as pd

SUFFIX = " (tuned)"


def tuned_label(optimizer: str) -> str:
    """Label of an optimizer where it runs with the setting that tuning chose."""
    return f"{optimizer}{SUFFIX}"


def base_label(label: str, tuned: bool) -> str:
    """Label of the optimizer itself, for a run that is or is not `tuned`."""
    return label.removesuffix(SUFFIX) if tuned else label


def is_tuned(label: str, stage: object, optimizers: Collection[str]) -> bool:
    """Whether a run has the setting that tuning chose for its optimizer.

    Args:
        label: of the run's optimizer.
        stage: of the run.
        optimizers: labels of those that were tuned, from `Study.selection`: one of them is run with its default setting
            under this very label, even if that ends as the label of a tuned one does.
    """
    return stage == "final" and label.endswith(SUFFIX) and label not in optimizers


def with_tuned(runs: pd.DataFrame, selection: pd.DataFrame) -> pd.DataFrame:
    """`Study.runs` with the column `tuned`, beside `stage`; as they are where they have it already."""
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
