"""Configurations that were tried of each optimizer, by tuning or as a grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nnbench.core import palette
from nnbench.core.keys import LEADING, RankBy, hyperparameter, is_hyperparameter
from nnbench.records.declared import DEFAULT
from nnbench.records.measures import MEASURES
from nnbench.records.outcomes import COUNTED, OVER
from nnbench.records.ranking import FinalValidation, Score, criteria, final_validation, score

LEADING_NAMES = tuple(map(hyperparameter, LEADING))
_JOINED = 4  # configurations per point of a curve, where they were drawn from ranges


@dataclass(frozen=True, kw_only=True)
class Search:
    """Configurations with their values on validation points, as selection compares them; never on test points.

    Attributes:
        measure: name of `value` in print.
        runs: one row a run that was completed or diverged: `optimizer`, `setting`, `seed`, `value` (NaN where it diverged),
            `place` (of its setting among all, as `selection.Score` orders them, from 0), and a column for each hyperparameter.
        configurations: one row a configuration: `optimizer`, `setting`, `value` (mean over seeds; NaN where a run was lost),
            `seeds`, `diverged` (its runs that did), `place`, and a column for each hyperparameter.
        varied: optimizer, the best first in `Findings.search` -> the hyperparameters that were varied, of any group in
            `nnbench.core.keys.GROUPS`, the learning rate first, then as declared; without optimizers that varied none.
        log: the hyperparameters whose scale is logarithmic.
        styles: of the optimizers, by their labels.
    """

    measure: str
    runs: pd.DataFrame
    configurations: pd.DataFrame
    varied: dict[str, list[str]]
    log: frozenset[str]
    styles: Mapping[str, palette.LineStyle]

    def of(self, optimizer: str) -> pd.DataFrame:
        """The configurations of one optimizer."""
        return self.configurations[self.configurations["optimizer"] == optimizer]

    def gridded(self, optimizer: str, *names: str) -> bool:
        """Whether the values of these hyperparameters are steps of a grid: they were tried in most combinations."""
        tried = self.of(optimizer)[[*names]]
        steps = tried.nunique().to_numpy()
        return bool(2 * len(tried.drop_duplicates()) >= steps.prod() and steps.max() < len(tried))

    @property
    def scaled(self) -> str | None:
        """The hyperparameter whose sensitivity is drawn: the learning rate or, where no optimizer varied it, the first of
        those with a logarithmic scale; None if there is none."""
        names = [name for varied in self.varied.values() for name in varied if name in self.log or name in LEADING_NAMES]
        return min(names, key=lambda name: name not in LEADING_NAMES, default=None)

    def per_decade(self, optimizer: str, name: str) -> int | None:
        """Number of bins a decade in which values of a hyperparameter are joined; None if they are steps of a grid."""
        tried = self.of(optimizer)
        if self.varied[optimizer] == [name] or tried[name].nunique() < len(tried):
            return None
        decades = np.log10(tried[name].max() / tried[name].min())
        return max(1, round(len(tried) / _JOINED / float(decades)))

    def line_style(self, optimizer: str) -> palette.LineStyle:
        """The line style of an optimizer."""
        return self.styles[optimizer]


def searched(
    runs: pd.DataFrame, selection: pd.DataFrame, styles: Mapping[str, palette.LineStyle], rank_by: RankBy = DEFAULT
) -> Search | None:
    """Return the search that some runs make up; None if no optimizer has more than one value of a hyperparameter.

    Args:
        runs: the runs of a `Study`, those of its tuning stage if it has one.
        selection: the selection of the same study, for the scales of the hyperparameters.
        styles: line styles by the optimizer's label.
        rank_by: see `ranking.criteria`.
    """
    if runs.empty:
        return None
    ended = runs[runs["outcome"].isin(COUNTED)]
    known = [key for key in map(str, ended) if key.startswith("final/") and ended[key].notna().any()]
    column, loss = criteria(rank_by, known)
    names = {one: hyperparameter(one) for one in ended.columns if is_hyperparameter(one)}
    ended = ended.assign(**{one: _with_null(ended[one], ended["optimizer"]) for one in names})
    varied = {
        str(optimizer): _ordered(many, str(optimizer), selection)
        for optimizer, group in ended.groupby("optimizer", sort=False)
        if (many := [name for one, name in names.items() if group[one].nunique() > 1])
    }
    if not varied or column not in known:
        return None
    diverged = ended["outcome"] == "diverged"
    scores = _scores(runs, column, loss)
    table = ended[["optimizer", "setting", "seed", *names]].rename(columns=names)
    for name in names.values():
        table[name] = _comparable(table[name])
    table = table.assign(value=ended[column].mask(diverged), diverged=diverged)
    order = {setting: place for place, setting in enumerate(sorted(scores, key=lambda setting: scores[setting]))}
    table = table.assign(
        place=table["setting"].map(order), lost=table["setting"].map({one: scores[one].lost for one in scores})
    )
    return Search(
        measure=next(measure.name for measure in MEASURES if measure.column == column),
        runs=table.drop(columns=["diverged", "lost"]),
        configurations=_configurations(table, list(names.values())),
        varied=varied,
        log=_logarithmic(table, varied, selection),
        styles=styles,
    )


def _with_null(values: "pd.Series", optimizers: "pd.Series[str]") -> "pd.Series":
    """Replace missing values by `null`, as in `training.batch_size=null,32`, unless an optimizer has no other ones."""
    is_null = values.isna() & values.notna().groupby(optimizers).transform("any")
    return values.astype(object).mask(is_null, "null") if is_null.any() else values


def _comparable(values: "pd.Series") -> "pd.Series":
    """Convert values so that they can be sorted: all to text if some are text."""
    is_number = values.dropna().map(lambda value: isinstance(value, int | float))
    if is_number.all():
        return values.infer_objects()
    return values.map(lambda value: f"{value:.12g}" if isinstance(value, float) else str(value), na_action="ignore")


def _ordered(names: Sequence[str], optimizer: str, selection: pd.DataFrame) -> list[str]:
    """The learning rate first; then as its space declares them, the most important first."""
    declared = selection.loc[selection["optimizer"] == optimizer, "hyperparameter"].tolist() if len(selection) else []
    return sorted(
        names, key=lambda name: (name not in LEADING_NAMES, declared.index(name) if name in declared else len(declared))
    )


def _configurations(table: pd.DataFrame, hyperparameters: Sequence[str]) -> pd.DataFrame:
    by = table.groupby("setting", sort=False)
    result = by[["optimizer", "place", *hyperparameters]].first()
    value = by["value"].mean().mask(by["lost"].first() > 0)
    return result.assign(value=value, seeds=by.size(), diverged=by["diverged"].sum()).reset_index()


def _scores(runs: pd.DataFrame, accuracy: str, loss: str) -> dict[str, Score]:
    """The score of each setting from its ended runs, as in tuning."""
    over = runs[runs["outcome"].isin(OVER)]
    losses = over[loss] if loss in over else pd.Series(np.nan, index=over.index)
    results: dict[str, list[FinalValidation]] = {}
    for setting, outcome, value, cost in zip(over["setting"], over["outcome"], over[accuracy], losses, strict=True):
        results.setdefault(str(setting), []).append(final_validation(outcome, value, cost, accuracy))
    return {setting: score(result) for setting, result in results.items()}


def _logarithmic(table: pd.DataFrame, varied: dict[str, list[str]], selection: pd.DataFrame) -> frozenset[str]:
    """Those declared logarithmic; without a declaration, positive ones that span a decade, and the learning rate."""
    if len(selection):
        return frozenset(selection.loc[selection["kind"] == "log", "hyperparameter"])
    result = set()
    for name in {name for names in varied.values() for name in names}:
        values = table[name].dropna()
        if pd.api.types.is_numeric_dtype(values) and values.min() > 0:
            spread = np.log10(float(values.max()) / float(values.min()))
            if name in LEADING_NAMES or spread >= 1:
                result.add(name)
    return frozenset(result)
