"""Addition modulo a prime, a finite table on which networks generalise long after they have fitted the training points."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nnbench.datasets.base import Points, Splits, Table
from nnbench.datasets.base.table import Share

# The modulus p. The fewer pairs there are, the harder the rule is to find from a share of them.
MODULI = {"easy": 47, "medium": 31, "hard": 23}


@dataclass(kw_only=True)
class ModularAddition(Table):
    """All p^2 pairs (a, b), each number as p features of which one is 1, with the label (a + b) modulo p.

    The seed divides the pairs: a network sees each number, but not each pair. Power, Burda, Edwards, Babuschkin and Misra,
    "Grokking: Generalization Beyond Overfitting on Small Algorithmic Datasets", 2022, arXiv 2201.02177; with one-hot inputs
    and one hidden layer as in Gromov, "Grokking modular arithmetic", 2023, arXiv 2301.02679.

    Attributes
    ----------
    difficulty : {"easy", "medium", "hard"}
        The modulus, see `MODULI`.
    """

    STANDARDISED: ClassVar[bool] = False

    val_share: Share = 0.1
    test_share: Share = 0.1
    difficulty: Literal["easy", "medium", "hard"] = "medium"

    @property
    def features(self) -> int:
        return 2 * self.outputs

    @property
    def outputs(self) -> int:
        return MODULI[self.difficulty]

    def load(self) -> Points:
        p = self.outputs
        first, second = np.divmod(np.arange(p * p), p)
        return Points(x=np.hstack([np.eye(p)[first], np.eye(p)[second]]), labels=(first + second) % p)

    def references(self, splits: Splits) -> Mapping[str, float]:
        """Return the accuracy of the rule, which is exact."""
        return {} if splits.test is None else {"bayes_accuracy": 1.0}
