"""Page: one configuration of each optimizer for all problems, chosen on the other problems."""

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.core.keys import is_hyperparameter, key_of
from nnbench.records.kinds import CRITERIA
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.suite import Suite
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Section
from nnbench.report.plots.problem_map import problem_map
from nnbench.report.sentences.wording import short_name
from nnbench.stats.normalized import normalized
from nnbench.stats.self_tuning import LEAST_PROBLEMS, leave_one_out

_ROWS, _PROBLEMS = 26, 14
_CAPTION = (
    "For each problem, every optimizer takes the configuration of its tuning stage with the best mean score on the other "
    "problems. Cell: the score of that configuration on the problem, by validation points, from 0 (the worst configuration "
    "of any optimizer that completed) to 1 (the best). Mean: over the problems. Tuned: the mean of the best configuration of "
    "each problem, which is slightly optimistic, as the best of many. A configuration with a run that diverged counts as 0. "
    "The page describes; it has no test."
)


def draw(section: Section, suite: Suite, options: ReportOptions) -> pd.DataFrame:
    """Draw the map; return a row an optimizer and problem.

    Returns:
        `optimizer`, `problem`, and the columns of `stats.self_tuning.leave_one_out`.
    """
    scores = _scores(suite)
    parts = []
    for optimizer, table in scores.items():
        wide = table.pivot(index="problem", columns="configuration", values="score")
        if len(wide) >= LEAST_PROBLEMS and not wide.dropna(axis="columns").empty:
            parts.append(leave_one_out(wide).assign(optimizer=optimizer).reset_index())
    if not parts:
        raise NoDataError(
            f"no optimizer was tuned over the same configurations on {LEAST_PROBLEMS} problems or more, as "
            "tuning.common_configs=true does"
        )
    result = pd.concat(parts, ignore_index=True)
    means = result.groupby("optimizer")[["score", "best"]].mean().sort_values("score", ascending=False)
    order = [str(name) for name in means.index]
    page = section.page(_title(means), _CAPTION)
    cells = result.rename(columns={"optimizer": "setting"})[["setting", "problem", "score"]]
    styles = {name: style for one in suite.all.values() for name, style in one.optimizer_styles.items()}
    right = {name: f"{numbers.fixed(row['score'], 2)}  ({numbers.fixed(row['best'], 2)})" for name, row in means.iterrows()}
    problem_map(
        page,
        cells.assign(diverged=0, counted=1, leads=False),
        order[:_ROWS],
        list(dict.fromkeys(result["problem"]))[:_PROBLEMS],
        styles,
        right=("mean (tuned)", {str(name): words for name, words in right.items()}),
    )
    return result[["optimizer", "problem", "chosen", "score", "best", "regret"]]


def _scores(suite: Suite) -> dict[str, pd.DataFrame]:
    """Per optimizer: `problem`, `configuration`, `score`, of the configurations of the tuning stage, by validation points."""
    found: dict[str, list[pd.DataFrame]] = {}
    for label, findings in suite.all.items():
        runs = findings.study.tuning
        column = next((score for score, _ in CRITERIA if score in runs and runs[score].notna().any()), None)
        if label not in suite.problems or column is None:
            continue
        names = _searched(suite, runs)
        configuration = runs[names].astype(object).map(str).agg(" ".join, axis=1)  # a missing value is a text too
        values = runs.assign(configuration=configuration, value=runs[column].where(runs["outcome"] != "diverged"))
        by = values.groupby(["optimizer", "configuration"])["value"]
        table = by.mean().where(by.count() == by.size()).rename("value").reset_index()
        worst, best = table["value"].min(), table["value"].max()
        if not (np.isfinite(worst) and worst < best):
            continue
        table = table.assign(problem=label, score=normalized(table["value"].fillna(-np.inf), zero=worst, one=best))
        for optimizer, part in table.groupby("optimizer"):
            found.setdefault(str(optimizer), []).append(part)
    return {optimizer: pd.concat(parts, ignore_index=True) for optimizer, parts in found.items()}


def _searched(suite: Suite, runs: pd.DataFrame) -> list[str]:
    """The columns of what was searched in the tuning stage: the problems may differ in other keys."""
    selection = suite.study.selection
    searched = selection[selection["kind"] != "fixed"]["hyperparameter"] if len(selection) else pd.Series(dtype=str)
    keys = {key_of(str(name)) for name in searched}
    return [column for column in map(str, runs) if (column in keys if keys else is_hyperparameter(column))]


def _title(means: pd.DataFrame) -> str:
    best = means.iloc[0]
    return (
        f"With one configuration for all problems, the highest mean score is that of {short_name(str(means.index[0]))}: "
        f"{numbers.fixed(best['score'], 2)}, and {numbers.fixed(best['best'], 2)} if tuned on each"
    )
