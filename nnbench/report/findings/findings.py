"""Findings of a study: the primary measure, the ranking of the settings by each measure, and the significant differences."""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nnbench.core import palette
from nnbench.records.declared import Declared, declared
from nnbench.records.kinds import LOSS_UNITS, SCORES, kind_of
from nnbench.records.measure import Kind, Measure, Split
from nnbench.records.measures import by_rank
from nnbench.records.outcomes import COMPLETED, COUNTED
from nnbench.records.study import Study
from nnbench.records.tuned import base_label, by_search
from nnbench.report.findings import axis
from nnbench.report.findings.comparison import Comparison, compare
from nnbench.report.findings.primary import STEPS, steps_measure, steps_to_target
from nnbench.report.findings.search import Search, searched
from nnbench.report.findings.styles import setting_styles

if TYPE_CHECKING:
    from nnbench.report.findings.targets import Timing

METRICS = {one.key: one for one in by_rank("report")}  # of the report's tables and comparisons
RANKED = {one.key: one for one in by_rank()}  # by which settings can be ranked


class Findings:
    """Results of a study, each computed once, when it is first used.

    Attributes:
        study: as it was read.
        runs: its runs; `outcome` is the status of a run that has no outcome, such as one that is still running. A run with a
            setting that several searches chose is there once for each of them, numbered by the column `search`. If settings
            are ranked by the steps to a target, they are the column `primary.STEPS`.
        judged: what settings are judged by; by default, what the newest run was started with.
        timings: by target, those that `targets.timings` has computed.
    """

    def __init__(self, study: Study, judged: Declared | None = None) -> None:
        self.study = study
        self.judged = declared(study.runs) if judged is None else judged
        runs = study.runs.assign(outcome=study.runs["outcome"].fillna(study.runs["status"].str.lower()))
        if self.judged.rank_by == "steps_to_target" and self.judged.targets:
            steps = steps_to_target(runs, study.curves, study.records, max(self.judged.targets))
            runs = runs.assign(**{STEPS: steps})
        self.runs = by_search(runs, study.selection)
        self.timings: dict[float, Timing] = {}
        self._comparisons: dict[str, Comparison] = {}

    @cached_property
    def scored(self) -> pd.DataFrame:
        """The completed runs; the others have no final values."""
        return self.runs[self.runs["outcome"].isin(COMPLETED)]

    @cached_property
    def ended(self) -> pd.DataFrame:
        """The runs that were completed or diverged, the outcomes that depend on the setting."""
        return self.runs[self.runs["outcome"].isin(COUNTED)]

    def known(self, column: str) -> bool:
        """Whether any completed run has a value in this column."""
        return column in self.scored and bool(self.scored[column].notna().any())

    @cached_property
    def classes(self) -> int | None:
        """The number of classes; None where it is unknown or one."""
        known = pd.to_numeric(pd.Series(self.runs.get("dataset.classes"), dtype=object), errors="coerce").dropna()
        return int(known.max()) if len(known) and known.max() >= 2 else None

    @cached_property
    def kind(self) -> Kind:
        """The kind of the task: classification, ranked by accuracy, or regression, by R²."""
        return kind_of([key for key in map(str, self.scored) if self.known(key)])

    @cached_property
    def primary(self) -> Measure:
        """The measure that ranks the settings: the one that was declared, or the default if no run has a value of it.

        The default is accuracy or R² on test points, else on validation points, else on training points.
        """
        scores = [self.score(split) for split in ("test", "val", "train")]
        default = next((one for one in scores if self.known(one.column)), scores[-1])
        return self.declared if self.known(self.declared.column) else default

    @cached_property
    def declared(self) -> Measure:
        """The measure that `report.rank_by` names."""
        match self.judged.rank_by:
            case "test_measure":
                return self.score("test")
            case "train_loss":
                return RANKED["final/train_loss"]
            case "best_validation":
                return RANKED[f"best/test_{SCORES[self.kind][0]}"]
            case "steps_to_target":
                return steps_measure(max(self.judged.targets, default=1.0), self.score_name)

    @property
    def score_name(self) -> str:
        """The name of the primary measure without its split: `accuracy` or `R²`."""
        return SCORES[self.kind][1]

    @property
    def loss_unit(self) -> str:
        """The unit of the loss: `nats` or `squared error`."""
        return LOSS_UNITS[self.kind]

    def score(self, split: Split) -> Measure:
        """The accuracy or R² after the last epoch, on the points of a split."""
        part, _ = SCORES[self.kind]
        return METRICS[f"test/{part}" if split == "test" else f"final/{split}_{part}"]

    @cached_property
    def held_out(self) -> Measure:
        """The score on validation points; on training points where there are none."""
        return next(one for one in (self.score("val"), self.score("train")) if self.known(one.column) or one.split == "train")

    @cached_property
    def styles(self) -> dict[str, palette.LineStyle]:
        """The line style of each setting."""
        return setting_styles(self.runs)

    @cached_property
    def optimizer_styles(self) -> dict[str, palette.LineStyle]:
        """The style of each optimizer by its label, and by the label of its tuned runs unless another optimizer has it."""
        others = [table["optimizer"] for table in (self.study.tuning, self.study.selection) if "optimizer" in table]
        labels = [*self.base_labels.values(), *(str(label) for table in others for label in table.unique())]
        styles = palette.optimizer_styles(labels)
        of_setting = self.runs[["setting", "optimizer"]].drop_duplicates().itertuples(index=False)
        return {label: styles[self.base_labels[setting]] for setting, label in of_setting} | styles

    @cached_property
    def base_labels(self) -> dict[str, str]:
        """The label of each setting's optimizer itself, from which that of its runs differs if they are tuned ones."""
        of_setting = self.runs[["setting", "optimizer", "tuned"]].drop_duplicates("setting").itertuples(index=False)
        return {setting: base_label(label, tuned) for setting, label, tuned in of_setting}

    @cached_property
    def commands(self) -> list[str]:
        """The commands of the study's sweeps, the latest last; a command repeated to resume counts once."""
        return list(self.study.sweeps["command"].dropna().drop_duplicates(keep="last"))

    @cached_property
    def noun(self) -> str:
        """`optimizer` if each optimizer has only one setting, else `setting`."""
        alone = len(set(self.base_labels.values())) == len(self.base_labels)
        return "optimizer" if alone and (self.runs["setting"] == self.runs["optimizer"]).all() else "setting"

    @cached_property
    def tuned(self) -> bool:
        """Whether the settings were tuned on other seeds first."""
        return not self.study.selection.empty

    @cached_property
    def chosen_by(self) -> str:
        """The name of the measure by which tuning chose the settings, see `records.ranking`."""
        runs = self.study.tuning if len(self.study.tuning) else self.study.runs
        return "training loss" if declared(runs).rank_by == "train_loss" else f"validation {self.score_name}"

    @cached_property
    def axis(self) -> axis.Axis:
        """The unit of curves and times."""
        return axis.choose(self)

    @cached_property
    def optimizers(self) -> list[str]:
        """The labels of the optimizers, by the rank of the best of their settings, tuned or not."""
        return list(dict.fromkeys(self.base_labels[setting] for setting in self.ranking(self.primary)["setting"]))

    @cached_property
    def search(self) -> Search | None:
        """The configurations that were tried of each optimizer; None where there was only one of each."""
        tried = self.study.tuning if len(self.study.tuning) else self.runs
        found = searched(tried, self.study.selection, self.optimizer_styles, self.judged.rank_by)
        if found is None:
            return None
        # Runs are labelled as tuned ones only in a study that has lost those of its tuning stage.
        of_setting = self.ranking(self.primary)[["setting", "optimizer"]].itertuples(index=False)
        place = {label: self.optimizers.index(self.base_labels[setting]) for setting, label in of_setting}
        place |= {name: at for at, name in enumerate(self.optimizers)}
        ordered = sorted(found.varied, key=lambda name: place.get(name, len(place)))
        return replace(found, varied={name: found.varied[name] for name in ordered})

    def ordered(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of a table in the order in which their `setting` ranks, or else their `optimizer`."""
        if table.empty:
            return table
        ranking = self.ranking(self.primary)
        settings = {setting: at for at, setting in enumerate(ranking["setting"])}
        optimizers = {name: at for at, name in reversed(list(enumerate(ranking["setting"].map(self.base_labels))))}
        place = table["setting"].map(settings).fillna(table["optimizer"].map(optimizers))
        return table.loc[place.sort_values(kind="stable").index]

    def ranking(self, by: Measure) -> pd.DataFrame:
        """The settings from the best to the worst, as `Comparison.ranking` describes them."""
        return self.by(by).ranking

    def by(self, metric: Measure) -> Comparison:
        """The settings compared by a measure."""
        if metric.column not in self._comparisons:
            self._comparisons[metric.column] = self.compare(self.values(metric), higher=metric.higher)
        return self._comparisons[metric.column]

    def values(self, by: Measure) -> pd.DataFrame:
        """`setting`, `search`, `seed`, `value` of the runs that have one."""
        values = self.scored[["setting", "search", "seed"]].assign(value=self.scored.get(by.column, np.nan))
        return values.dropna(subset=["value"])

    def compare(self, values: pd.DataFrame, *, higher: bool) -> Comparison:
        """Compare the settings by `values`: `setting`, `search`, `seed`, `value`, a row a completed run.

        Args:
            higher: whether greater values are better.
        """
        return compare(values, self.runs, self.defaults, higher=higher)

    @cached_property
    def defaults(self) -> dict[str, str]:
        """The setting of each tuned optimizer -> that of its defaults, with which it is compared; empty if none was tuned."""
        of_setting = self.runs[["setting", "optimizer", "tuned"]].drop_duplicates("setting")
        tuned = of_setting["tuned"].astype(bool)
        plain = of_setting[~tuned].groupby("optimizer")["setting"].agg(list).to_dict()
        bases = {str(setting): self.base_labels[setting] for setting in of_setting.loc[tuned, "setting"]}
        return {setting: str(plain[base][0]) for setting, base in bases.items() if len(plain.get(base, [])) == 1}

    @cached_property
    def searches(self) -> int:
        """The most searches that chose the setting of an optimizer; 1 in a study without several."""
        return int(self.runs.groupby("setting")["search"].nunique().max()) if len(self.runs) else 1
