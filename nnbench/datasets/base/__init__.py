"""Base classes of datasets: `Distribution`, `Table`, `LinearRegression`, and the points and splits that they return."""

from nnbench.datasets.base.check import checked_groups, checked_split
from nnbench.datasets.base.dataset import Dataset, Loss
from nnbench.datasets.base.distribution import Distribution
from nnbench.datasets.base.linear_regression import LinearModel, LinearRegression
from nnbench.datasets.base.points import Points, Splits
from nnbench.datasets.base.table import Table

__all__ = [
    "Dataset",
    "Distribution",
    "LinearModel",
    "LinearRegression",
    "Loss",
    "Points",
    "Splits",
    "Table",
    "checked_groups",
    "checked_split",
]
