"""Progression of diabetes, a regression of real data."""

from dataclasses import dataclass

from nnbench.datasets.base import Points, Table
from nnbench.datasets.base.scikit_learn import read


@dataclass(kw_only=True)
class Diabetes(Table):
    """Progression of the disease of 442 patients after one year, from ten features of the first; as scikit-learn ships it.

    Efron, Hastie, Johnstone and Tibshirani, "Least Angle Regression", 2004.
    """

    loss = "mean_squared_error"

    @property
    def features(self) -> int:
        return 10

    @property
    def outputs(self) -> int:
        return 1

    def load(self) -> Points:
        return Points(x=read("diabetes_data_raw.csv.gz"), targets=read("diabetes_target.csv.gz").reshape(-1, 1))
