"""A trained run of a study, which predicts with its final weights."""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nnbench.core.arrays import FloatArray, IntArray
from nnbench.core.errors import UserError
from nnbench.nn import outputs, probabilities
from nnbench.records.kinds import kind_of
from nnbench.records.npz import WEIGHTS, read_weights
from nnbench.tracking.mlflow.artifact_files import artifact
from nnbench.tracking.mlflow.experiment import find_experiment
from nnbench.tracking.mlflow.store import Store


class Run:
    """One training run of a study, as `Study.run` returns it.

    Parameters
    ----------
    store : Store
        Holds the run's artifacts.
    study : str
        The name of the study.
    row : pandas.Series
        The run's row of `Study.runs`.

    Attributes
    ----------
    id : str
        In MLflow.
    row : pandas.Series
        The run's row of `Study.runs`: settings, measures and provenance.

    Examples
    --------
    >>> import nnbench
    >>> study = nnbench.run("optimizer=sgd,adam", "seed=range(2)", "training.epochs=31", quiet=True)
    >>> run = study.run(study.runs["run_id"][0])
    >>> run.predict_proba([[0.1, 0.2]]).shape
    (1, 3)
    """

    def __init__(self, store: Store, study: str, row: "pd.Series[Any]") -> None:
        self.id = str(row["run_id"])
        self.row = row
        self._store, self._study = store, study

    def __repr__(self) -> str:
        return f"<nnbench.Run {self.row['name']!r}, {self.row['outcome']}: {self.id}>"

    @cached_property
    def weights(self) -> tuple[FloatArray, ...]:
        """The weights after the last epoch, one array per layer, shape (inputs + 1, outputs); the last row is the bias.

        Raises
        ------
        UserError
            The run has none, for example because it failed.
        """
        with self._store.user_errors():
            experiment = find_experiment(self._store, self._study)
            path = None if experiment is None else artifact(self._store, experiment, self.id, WEIGHTS)
        if path is None:
            raise UserError(f"run={self.id}: has no {WEIGHTS} (outcome: {self.row['outcome']})")
        try:
            return read_weights(path)
        except ValueError as error:
            raise UserError(f"run={self.id}: {error}") from error

    def predict_proba(self, x: npt.ArrayLike) -> FloatArray:
        """Return the probability of each class.

        Parameters
        ----------
        x : array_like, shape (n, features)
            Points, one a row.

        Returns
        -------
        numpy.ndarray, shape (n, classes)
            In the dtype of the weights; each row sums to 1.

        Raises
        ------
        UserError
            `x` has another shape or a value that is not finite, the run has no finite weights, or it is of a regression.
        """
        if self._is_regression:
            raise UserError(f"run={self.id}: is of a regression, which has no classes; predict returns its targets")
        return probabilities(*self._prepared(x))

    def predict(self, x: npt.ArrayLike) -> IntArray | FloatArray:
        """Return the most probable class of each point, shape (n,), as for `predict_proba`.

        Of a regression, it returns the targets, shape (n, outputs), standardised if those of the dataset are.
        """
        if self._is_regression:
            return outputs(*self._prepared(x))
        labels: IntArray = self.predict_proba(x).argmax(axis=1)
        return labels

    @property
    def _is_regression(self) -> bool:
        return kind_of(self.row.dropna().index) == "regression"

    def _prepared(self, x: npt.ArrayLike) -> tuple[tuple[FloatArray, ...], FloatArray, str]:
        """Return the weights, the points and the activation, after checking them."""
        weights = self.weights
        points = self._checked(x, features=len(weights[0]) - 1)
        if not all(np.isfinite(layer).all() for layer in weights):
            raise UserError(f"run={self.id}: its weights are not finite (outcome: {self.row['outcome']})")
        return weights, points, str(self.row["network.activation"])

    def _checked(self, x: npt.ArrayLike, features: int) -> FloatArray:
        try:
            points = np.asarray(x, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise UserError(f"x: must be numbers of shape (n, {features}): {error}") from None
        if points.ndim != 2 or points.shape[1] != features:
            raise UserError(f"x: has the shape {points.shape}; must be (n, {features}), a point a row")
        if not np.isfinite(points).all():
            raise UserError("x: holds NaN or infinity")
        return points
