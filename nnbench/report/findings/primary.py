"""Steps to a target as a measure that ranks the settings."""

import pandas as pd

from nnbench.records.measure import Measure
from nnbench.stats.time_to_target import times_to_target

STEPS = "steps_to_target"  # column of `Findings.runs`


def steps_measure(target: float, score: str) -> Measure:
    """Return the measure of the steps until the training accuracy or R², named by `score`, reaches a target."""
    return Measure(
        key=STEPS,
        name=f"number of steps to {target:g} training {score}",
        compute=lambda history: float("nan"),  # it takes the other runs of the study, see `steps_to_target`
        unit="steps",
        meaning=f"updates until the training {score} reached {target:g}; of a run that did not, the most of any run",
        group="to_target",
        quantity=f"steps to {target:g}",
        better="lower",
    )


def steps_to_target(runs: pd.DataFrame, curves: pd.DataFrame, records: pd.DataFrame, target: float) -> "pd.Series[float]":
    """Return the steps after which each run reached the target, restricted to the length of the longest run.

    A run that ended before it reached the target counts as having reached it at the end of the longest run of all: it ranks
    last, together with the others that did not reach it, whatever their own length. Diverged runs are left out here; they
    rank below all others, as by any measure.

    Args:
        runs, curves, records: of a `Study`.
        target: accuracy in [0, 1], or R² of a regression.

    Returns:
        A number for each run, in the index of `runs`; NaN if it was not completed.
    """
    epochs = times_to_target(runs, curves, records, target)
    last = curves.sort_values("epoch").groupby("run_id").last()
    per_epoch = (last["steps"] / last["epoch"]).fillna(1.0) if "steps" in last else pd.Series(1.0, index=last.index)
    pace = runs["run_id"].map(per_epoch).fillna(1.0)
    longest = (runs["run_id"].map(last["epoch"]) * pace).max()
    steps = epochs["time"] * pace.reindex(epochs.index)
    return steps.where(epochs["reached"], longest).mask(epochs["diverged"]).reindex(runs.index)
