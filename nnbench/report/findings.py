"""What the runs say, in numbers: the measure that judges them, how settings rank by it, which differences are shown."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from nnbench.report import style
from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.paired import compare, seeds_needed
from nnbench.study import Study


@dataclass(frozen=True)
class Metric:
    """A column of `Study.runs` that settings are ranked by."""

    column: str
    name: str
    higher: bool


METRICS = {
    one.column: one
    for one in (
        Metric("test/accuracy", "test accuracy", True),
        Metric("final/val_accuracy", "validation accuracy", True),
        Metric("final/train_accuracy", "training accuracy", True),
        Metric("final/train_loss", "training loss", False),
        Metric("final/val_loss", "validation loss", False),
    )
}


class Findings:
    """A study with what its runs say, each thing computed once.

    Attributes:
        study: as it was read.
        runs: its runs; `outcome` is filled in where a run has none, such as one that is still running.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.runs = study.runs.assign(outcome=study.runs["outcome"].fillna(study.runs["status"].str.lower()))
        self._rankings: dict[str, pd.DataFrame] = {}

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The runs that came to their end: the others have no final value, and are counted instead."""
        return self.runs[self.runs["outcome"].isin(["finished", "stopped"])]

    def known(self, column: str) -> bool:
        """Whether any run that came to its end has a value there."""
        return column in self.scored and bool(self.scored[column].notna().any())

    @cached_property
    def primary(self) -> Metric:
        """What the study is judged by: test accuracy, or the next best where there is no test split."""
        accuracies = [METRICS[column] for column in ("test/accuracy", "final/val_accuracy", "final/train_accuracy")]
        return next((one for one in accuracies if self.known(one.column)), accuracies[-1])

    @cached_property
    def looks(self) -> dict[str, style.Line]:
        """The look of each setting."""
        return style.settings(self.runs)

    @cached_property
    def noun(self) -> str:
        """What the settings may be called: optimizers, where each has but one."""
        return "optimizer" if (self.runs["setting"] == self.runs["optimizer"]).all() else "setting"

    def ranking(self, by: Metric) -> pd.DataFrame:
        """The settings from the best to the worst, those with no value last.

        Returns:
            `setting`, `optimizer`, `runs`, `diverged`, `n` (values), `estimate`, `low`, `high` (interquartile mean with
            95 % interval), `p` (Holm-corrected over all pairs, against the first row; NaN where untested), `behind`
            (shown to be worse than the first).
        """
        if by.column not in self._rankings:
            self._rankings[by.column] = self._rank(by)
        return self._rankings[by.column]

    def values(self, by: Metric) -> pd.DataFrame:
        """`setting`, `seed`, `value` of the runs that have one."""
        values = self.scored[["setting", "seed"]].assign(value=self.scored.get(by.column, np.nan))
        return values.dropna(subset=["value"])

    def _rank(self, by: Metric) -> pd.DataFrame:
        values = self.values(by)
        of_setting = {str(setting): own for setting, own in values.groupby("setting")["value"]}
        rows = []
        for setting, group in self.runs.groupby("setting", sort=False):
            one = interquartile_mean(of_setting.get(str(setting), []))
            diverged = int((group["outcome"] == "diverged").sum())
            optimizer = group["optimizer"].iloc[0]
            rows.append((setting, optimizer, len(group), diverged, one.n, one.estimate, one.low, one.high))
        columns = ["setting", "optimizer", "runs", "diverged", "n", "estimate", "low", "high"]
        table = pd.DataFrame(rows, columns=columns)
        table = table.sort_values("estimate", ascending=not by.higher, kind="stable", ignore_index=True)
        return table.join(_against_best(table, values, by))


def _against_best(table: pd.DataFrame, values: pd.DataFrame, by: Metric) -> pd.DataFrame:
    """`p` and `behind` for each row of a ranking."""
    result = pd.DataFrame({"p": np.nan, "behind": False}, index=table.index)
    ranked = [str(setting) for setting in table.loc[table["n"] > 0, "setting"]]
    if len(ranked) < 2 or values["seed"].nunique() < seeds_needed(len(ranked)):
        return result  # no test could pass the correction
    pairs = compare(values.pivot_table(index="seed", columns="setting", values="value")[ranked])
    against = pairs[pairs["first"] == ranked[0]].set_index("second").loc[ranked[1:]]
    rows = result.index[1 : len(ranked)]
    result.loc[rows, "p"] = against["p_holm"].to_numpy()
    result.loc[rows, "behind"] = (against["differ"] & (against["sign"] == (1 if by.higher else -1))).to_numpy()
    return result
