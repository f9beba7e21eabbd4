"""Metrics of a `History` for MLflow: curves at about a hundred epochs, and one number for each measure."""

import math
from collections.abc import Iterator

from mlflow.entities import Metric

from nnbench.records.history import History
from nnbench.records.measures import CURVES, MEASURES
from nnbench.records.npz import curve_epochs


def metric_points(history: History, ended: int) -> list[Metric]:
    """The metric points of a run, those of a metric in ascending order, all of them finite.

    Args:
        history: of the run.
        ended: when its training ended, ms since 1970; the epochs are spaced evenly over the training time before it.
    """
    epochs = len(history.train_loss)
    shown = curve_epochs(epochs, history.evaluated)
    milliseconds = 1000 * history.seconds / max(epochs, 1)
    found = []
    for curve in CURVES:
        values = curve.values(history)
        steps = history.evaluated if curve.evaluated else shown
        if len(values):
            values = values if curve.evaluated else values[shown]
            found += [
                Metric(curve.key, value, ended - int((epochs - step) * milliseconds), step)
                for step, value in zip(steps.tolist(), values.tolist(), strict=True)
                if math.isfinite(value)
            ]
    # MLflow's pages draw a single value at step 0 as a bar, at another step as a curve of one point.
    last = max(epochs - 1, 0)
    return found + [
        Metric(key, value, ended, last if key.startswith("test/") else 0)
        for key, value in final_values(history)
        if math.isfinite(value)
    ]


def final_values(history: History) -> Iterator[tuple[str, float]]:
    """Key and value of each measure that the run has, those on test points first; values may be infinite.

    Of a diverged run they are those of its last finite epoch.
    """
    for measure in sorted(MEASURES, key=lambda one: one.group != "test"):
        value = measure.compute(history)
        if not math.isnan(value):
            yield measure.key, value
