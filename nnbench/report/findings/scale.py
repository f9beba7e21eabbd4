"""Scale of a problem: which values of its primary measure have the normalised scores 0 and 1."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nnbench.records.measure import Measure
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import BAYES, REFERENCES, UNLEARNT, references
from nnbench.stats.normalized import normalized

BEST_POSSIBLE = (BAYES, "best known")  # names of references that no method, or no published one, surpasses
_DECADE = 10.0  # ratio of the anchors from which on losses are placed by their logarithms


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The anchors of a problem, with what they are.

    Attributes:
        zero, one: values with the scores 0 and 1; NaN if there is no scale, since all settings are alike.
        zero_name, one_name: such as `chance` and `best found`.
        logarithmic: whether logarithms are placed.
    """

    zero: float
    one: float
    zero_name: str
    one_name: str
    logarithmic: bool

    @property
    def anchors(self) -> dict[str, float]:
        """The values with the scores 0 and 1, by what they are."""
        return {self.zero_name: self.zero, self.one_name: self.one}

    def __call__(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The scores of some values; NaN without a scale."""
        if not (np.isfinite(self.zero) and np.isfinite(self.one)):
            return np.full_like(np.asarray(values, dtype=np.float64), np.nan)
        return normalized(values, zero=self.zero, one=self.one, logarithmic=self.logarithmic)


def scale_of(findings: Findings) -> Scale:
    """The scale of a problem by its primary measure.

    0 is a reference that does not learn (chance, or the mean of the targets), else the loss of the initial weights, else the
    worst result found. 1 is the best result found, the best interquartile mean of a setting; or that of the Bayes classifier
    or the best published one, if it is known and better. So a score compares settings of one study, and may change with it.
    """
    by = findings.primary
    ranking = findings.ranking(by)
    found = ranking.loc[np.isfinite(ranking["score"]), "score"]
    worst, best = (found.min(), found.max()) if by.higher else (found.max(), found.min())
    known = {one.name: value for one in REFERENCES if (value := references(findings.runs).values.get(one.key)) is not None}
    comparable = {one.name for one in REFERENCES if one.quantity == by.quantity}
    zero, zero_name = _zero(findings, by, {name: known[name] for name in UNLEARNT if name in known and name in comparable})
    if np.isnan(zero) or not (best > zero if by.higher else best < zero):
        zero, zero_name = float(worst), "worst found"
    one, one_name = float(best), "best found"
    for name, value in _best_possible(findings, by).items():
        if value > one if by.higher else value < one:
            one, one_name = value, name
    if not (np.isfinite(zero) and np.isfinite(one)) or zero == one:
        zero = one = float("nan")
    values = findings.values(by)["value"]
    lower, upper = sorted((zero, one))
    positive = lower > 0 and len(values) > 0 and values.min() > 0
    logarithmic = not by.higher and positive and upper / lower >= _DECADE
    return Scale(zero=zero, one=one, zero_name=zero_name, one_name=one_name, logarithmic=logarithmic)


def _zero(findings: Findings, by: Measure, unlearnt: dict[str, float]) -> tuple[float, str]:
    if unlearnt:
        name = next(iter(unlearnt))
        return unlearnt[name], name
    column = f"{'train' if by.split == 'train' else 'val'}_loss"
    curves = findings.study.curves
    if by.quantity != "loss" or column not in curves:
        return float("nan"), ""
    initial = pd.to_numeric(curves.loc[(curves["epoch"] == 0) & curves["run_id"].isin(findings.runs["run_id"]), column])
    return float(initial.median()), "initial weights"


def _best_possible(findings: Findings, by: Measure) -> dict[str, float]:
    """The known references in `BEST_POSSIBLE` by the measure."""
    known = references(findings.runs).values
    return {
        one.name: known[one.key]
        for one in REFERENCES
        if one.name in BEST_POSSIBLE and (one.quantity, one.split) == (by.quantity, by.split) and one.key in known
    }
