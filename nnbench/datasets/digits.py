"""Handwritten digits of 8 x 8 pixels, a classification of real data."""

from dataclasses import dataclass

from nnbench.datasets.base import Points, Table
from nnbench.datasets.base.scikit_learn import read


@dataclass(kw_only=True)
class Digits(Table):
    """1,797 images of the digits 0 to 9, 64 pixels of 17 shades each, as scikit-learn ships them.

    The test part of "Optical Recognition of Handwritten Digits" of the UCI repository (Alpaydin and Kaynak, 1998).
    """

    @property
    def features(self) -> int:
        return 64

    @property
    def outputs(self) -> int:
        return 10

    def load(self) -> Points:
        rows = read("digits.csv.gz", ",")
        return Points(x=rows[:, :-1], labels=rows[:, -1].astype(int))
