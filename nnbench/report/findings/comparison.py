"""Comparison of the settings of a study by one value a run: estimates, tests, ranking and conclusion.

In a study that tuned its optimizers, the tuned settings are ranked and tested against each other, and each is tested against
the default setting of its own optimizer. Other pairs, such as one tuned optimizer and the default of another, answer no
question of such a study; testing them too would only weaken the correction for the number of tests.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.stats import crossed
from nnbench.stats.conclusion import DEFAULT, Conclusion, conclude, exclusion_reasons
from nnbench.stats.diverged import score, with_diverged
from nnbench.stats.interquartile import NO_RUNS
from nnbench.stats.signed_rank import compare_if_enough, seeds_for_tests


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The settings compared by one value a run.

    Attributes:
        values: one row a seed, and a search where there are several; one column a setting that has a value, the best first;
            NaN where a run is missing or diverged.
        scores: one row a seed, one column a ranked setting, with the value of `stats.diverged` for a diverged run; the mean
            over searches where there are several. Ranks and signed-rank tests are computed from it.
        ranking: the settings from the best to the worst, then those that are not ranked: `setting`, `optimizer`, `runs`,
            `diverged`, `counted` (runs that were completed or diverged), `n`, `estimate`, `low`, `high` (of those that came
            to their end: how many have a value, its interquartile mean with 95 % interval), `searches` (that chose the
            setting), `score` (the interquartile mean with the diverged ones counted as worse than any, by which the settings
            rank; infinite where more than a quarter diverged), `aside` (why it is not ranked; empty), `p` (Holm-corrected,
            against the first row; NaN where untested), `behind` (shown to be worse than the first).
        pairs: every pair of ranked settings, with the columns of `stats.signed_rank.compare`; untested with too few seeds.
        against_default: likewise each tuned setting with the default of its optimizer.
        conclusion: the best setting and the significant differences.
    """

    values: pd.DataFrame
    scores: pd.DataFrame
    ranking: pd.DataFrame
    pairs: pd.DataFrame
    against_default: pd.DataFrame
    conclusion: Conclusion

    @property
    def leaders(self) -> frozenset[str]:
        """The best and those not distinguished from it, which tables set in bold; empty where no difference is significant."""
        ranking = self.ranking
        if not ranking["behind"].any():
            return frozenset()
        leads = ~ranking["behind"] & (ranking["aside"] == "") & np.isfinite(ranking["score"])
        return frozenset(ranking.loc[leads, "setting"].astype(str))


def compare(values: pd.DataFrame, runs: pd.DataFrame, defaults: Mapping[str, str], *, higher: bool) -> Comparison:
    """Compare settings.

    Args:
        values: `setting`, `search`, `seed`, `value`, a row a completed run.
        runs: of `Findings`.
        defaults: tuned setting -> the default setting of its optimizer.
        higher: whether greater values are better.
    """
    scores = with_diverged(values, runs, higher=higher)
    ranking = _rank(scores, runs, set(defaults.values()), higher)
    ranked = ranking.loc[(ranking["counted"] > 0) & (ranking["aside"] == ""), "setting"].astype(str).tolist()
    valued = ranking.loc[ranking["n"] > 0, "setting"].astype(str).tolist()
    pairs, against_default = paired_tests(scores, ranked, defaults)
    conclusion = conclude(ranking, pairs, higher=higher, tests=len(pairs) + len(against_default))
    against = pairs[pairs["first"] == conclusion.best].set_index("second")["p_holm"]
    of_seed = single = table_of(scores, ["seed"], "setting")
    if scores["search"].nunique() > 1:
        single = table_of(scores, ["seed", "search"], "setting")
    return Comparison(
        values=single.reindex(columns=valued).replace([np.inf, -np.inf], np.nan),
        scores=of_seed.reindex(columns=ranked),
        ranking=ranking.assign(p=ranking["setting"].map(against), behind=ranking["setting"].isin(conclusion.worse)),
        pairs=pairs,
        against_default=against_default,
        conclusion=conclusion,
    )


def paired_tests(
    values: pd.DataFrame, ranked: Sequence[str], defaults: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test the pairs of ranked settings, and each tuned setting against its default, corrected over all of these tests.

    Args:
        values: `setting`, `search`, `seed`, `value`; infinite where a run diverged.
        ranked: the ranked settings in order.
        defaults: as in `compare`.

    Returns:
        `Comparison.pairs` and `Comparison.against_default`.
    """
    known = set(values["setting"].astype(str))
    questions = [pair for pair in defaults.items() if known >= set(pair) and pair[0] in ranked]
    names = dict.fromkeys([*ranked, *(default for _, default in questions)])
    if not questions and values["search"].nunique() < 2:
        wide = table_of(values, ["seed"], "setting").reindex(columns=list(ranked))
        return compare_if_enough(wide), crossed.compare({}, ())
    arrays = by_search_and_seed(values, list(names))
    pairs = list(combinations(ranked, 2))
    table = crossed.compare(arrays, [*pairs, *questions])
    enough = MINIMUM_RUNS if values["search"].nunique() > 1 else seeds_for_tests(len(table))
    if values["seed"].nunique() < enough:
        table = table.assign(sign=0, p=np.nan, p_holm=np.nan, differ=False)
    return table.iloc[: len(pairs)], table.iloc[len(pairs) :].reset_index(drop=True)


def table_of(values: pd.DataFrame, index: list[str], columns: str) -> pd.DataFrame:
    """Return the values with a row for each combination of `index` and a column for each value of `columns`.

    Several values of a cell are averaged; one without any is NaN.
    """
    return values.groupby([*index, columns])["value"].mean().unstack(columns)


def by_search_and_seed(values: pd.DataFrame, settings: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
    """The values of settings, shape (searches, seeds), NaN where a run is missing; the seeds are those of all settings."""
    wide = table_of(values, ["setting", "search"], "seed").sort_index()
    rows = wide.groupby("setting").indices
    array = wide.to_numpy(dtype=np.float64)
    return {name: array[rows.get(name, [])] for name in settings}


def _rank(scores: pd.DataFrame, runs: pd.DataFrame, defaults: Collection[str], higher: bool) -> pd.DataFrame:
    """`Comparison.ranking` without the columns of the tests."""
    rows, values = scores.groupby("setting").indices, scores["value"].to_numpy()
    completed = crossed.intervals(scores[np.isfinite(values)])
    groups = runs.assign(lost=runs["outcome"] == "diverged").groupby("setting", sort=False)
    counts = groups.agg(
        optimizer=("optimizer", "first"), runs=("seed", "size"), diverged=("lost", "sum"), searches=("search", "nunique")
    )
    found = []
    for setting, optimizer, number, diverged, searches in counts.itertuples():
        own, one = values[rows.get(setting, [])], completed.get(setting, NO_RUNS)
        ranked_by = score(own, higher=higher) if len(own) > one.n else one.estimate
        of_runs = setting, optimizer, number, diverged, len(own)
        found.append((*of_runs, one.n, one.estimate, one.low, one.high, searches, ranked_by))
    names = ["setting", "optimizer", "runs", "diverged", "counted", "n", "estimate", "low", "high", "searches", "score"]
    table = pd.DataFrame(found, columns=names).astype({"score": float})
    reasons = exclusion_reasons(table["counted"], table["n"])
    table = table.assign(
        aside=reasons.mask(table["setting"].isin(defaults), DEFAULT),
        last=lambda frame: frame["aside"] != "",
        lost=(table["diverged"] / table["counted"]).where(np.isinf(table["score"]), 0),
    )
    order = ["last", "score", "lost", "estimate"]
    ascending = [True, not higher, True, not higher]
    return table.sort_values(order, ascending=ascending, kind="stable", ignore_index=True).drop(columns=["last", "lost"])
