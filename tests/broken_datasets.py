"""Faulty datasets, found by their import path."""

from dataclasses import dataclass

import numpy as np

from nnbench import Points, Table


@dataclass(kw_only=True)
class NoFile(Table):
    """A table whose file is not there."""

    def load(self) -> Points:
        return Points(x=np.loadtxt("no/such/file.csv"), labels=np.zeros(3, int))
