"""Metrics of a `History` for MLflow: curves at about a hundred epochs, and one number for each measure."""

import math
import re
from collections.abc import Iterator, Mapping

from mlflow.entities import Metric

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.records.curves import GROUP_LOSS
from nnbench.records.history import History
from nnbench.records.measures import CURVES, MEASURES
from nnbench.records.npz import curve_epochs

_MEASURES = sorted(MEASURES, key=lambda one: one.group != "test")
NOT_IN_NAMES = re.compile(r"[^\w./ -]")  # what MLflow does not admit in the name of a metric


def metric_points(history: History, ended: int, finals: Mapping[str, float] | None = None) -> list[Metric]:
    """The metric points of a run, those of a metric in ascending order, all of them finite.

    Args:
        history: of the run.
        ended: when its training ended, ms since 1970; the epochs are spaced evenly over the training time before it.
        finals: the `final_values`, if they are known.
    """
    epochs = len(history.train_loss)
    shown = curve_epochs(epochs, history.evaluated)
    milliseconds = 1000 * history.seconds / max(epochs, 1)
    found: list[Metric] = []
    for curve in CURVES:
        values = curve.values(history)
        if len(values):
            at = history.evaluated if curve.evaluated else shown
            found += _points(curve.key, at, values if curve.evaluated else values[shown], ended, epochs, milliseconds)
    for name, count in history.counters.items():
        found += _points(name, history.evaluated, count, ended, epochs, milliseconds)
    for name, reported in (_diagnostics(history) | _group_losses(history)).items():
        found += _points(name, history.evaluated, reported, ended, epochs, milliseconds)
    # MLflow's pages draw a single value at step 0 as a bar, at another step as a curve of one point.
    last = max(epochs - 1, 0)
    return found + [
        Metric(key, value, ended, last if key.startswith("test/") else 0)
        for key, value in (dict(final_values(history)) if finals is None else finals).items()
        if math.isfinite(value)
    ]


def _points(
    key: str, at: IntArray, values: FloatArray | IntArray, ended: int, epochs: int, milliseconds: float
) -> Iterator[Metric]:
    """Yield the finite values of a metric at some epochs."""
    for epoch, value in zip(at.tolist(), values.tolist(), strict=True):
        if math.isfinite(value):
            yield Metric(key, value, ended - int((epochs - epoch) * milliseconds), epoch)


def _diagnostics(history: History) -> dict[str, FloatArray]:
    """Return what the optimizer reports, by names that MLflow admits."""
    return {f"optimizer/{NOT_IN_NAMES.sub('_', name)[:200]}": values for name, values in history.diagnostics.items()}


def _group_losses(history: History) -> dict[str, FloatArray]:
    return {f"{GROUP_LOSS}{name}": values for name, values in history.group_loss.items()}


def final_values(history: History) -> Iterator[tuple[str, float]]:
    """Key and value of each measure that the run has, those on test points first; values may be infinite.

    Of a diverged run they are those of its last finite epoch.
    """
    for measure in _MEASURES:
        value = measure.compute(history)
        if not math.isnan(value):
            yield measure.key, value
