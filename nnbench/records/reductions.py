"""Reduction of a curve to one number, NaN where it has none."""

import math

import numpy as np

from nnbench.core.arrays import FloatArray
from nnbench.records.history import History
from nnbench.records.kinds import score_curve

ROUNDING = 1e-6  # error of a share of points in float32


def last(values: FloatArray) -> float:
    known = values[~np.isnan(values)]  # mini-batches leave epochs between the evaluated ones
    return float(known[-1]) if len(known) else math.nan


def least(values: FloatArray) -> float:
    return float(np.fmin.reduce(values)) if len(values) else math.nan


def greatest(values: FloatArray) -> float:
    return float(np.fmax.reduce(values)) if len(values) else math.nan


def or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def first_epoch(history: History, target: float) -> float:
    reached = score_curve(history, "train") >= target - ROUNDING
    return float(reached.argmax()) if reached.any() else math.nan


def first_step(history: History, target: float) -> float:
    """Return the number of updates before `first_epoch`; NaN if there is none, or for a history without `steps`.

    If epochs have several updates, the training points are measured at the evaluated epochs only, whose updates are counted.
    """
    epoch = first_epoch(history, target)
    if np.array_equal(history.steps, history.evaluated):
        return epoch
    counted = dict(zip(history.evaluated.tolist(), history.steps.tolist(), strict=False))
    return float(counted.get(epoch, math.nan))
