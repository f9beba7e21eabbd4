"""Importance of hyperparameters: the share of the variance over the search that each explains by itself.

Functional analysis of variance on a random forest fitted to the configurations (Hutter, Hoos and Leyton-Brown, 2014, "An
efficient approach for assessing hyperparameter importance"), as Optuna computes it. The shares are main effects: the
remainder to 1 is due to interactions of hyperparameters.

Two choices differ from Optuna's. The forest is fitted to *ranks*, so that loss, its logarithm and any other monotone measure
give the same result, one very large loss does not dominate, and a configuration that diverged ranks last. And a
hyperparameter searched on a logarithmic scale is transformed to that scale.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

TREES = 64


def importance(
    configurations: pd.DataFrame, *, value: str = "value", higher: bool = True, log: Collection[str] = ()
) -> "pd.Series[float]":
    """The importance of each hyperparameter of one optimizer; the same table gives the same answer.

    Args:
        configurations: one row a configuration: the value (over seeds; NaN where it diverged), and a column for each
            hyperparameter, numbers or text.
        value: name of the column to explain.
        higher: whether greater values are better.
        log: hyperparameters searched on a logarithmic scale, all positive.

    Returns:
        In [0, 1], greatest first, at most 1 together; 0 for one that does not vary. NaN under two configurations, or where
        all have the same value.
    """
    parameters = [str(name) for name in configurations.columns if name != value]
    ranks = (configurations[value] * (1 if higher else -1)).fillna(-np.inf).rank()
    if ranks.nunique() < 2:
        return pd.Series(np.nan, index=pd.Index(parameters), dtype=float)
    table = configurations[parameters].assign(**{name: np.log10(configurations[name]) for name in log}, _rank=ranks)
    # the forest samples rows by position, and the result must not depend on the order in which runs are read
    table = table.sort_values(["_rank", *parameters])
    found = _fanova(table[parameters], table["_rank"])
    return pd.Series({name: found[name] for name in parameters}, dtype=float).sort_values(ascending=False, kind="stable")


def _fanova(parameters: pd.DataFrame, target: "pd.Series[float]") -> dict[str, float]:
    import optuna  # imported here: it loads SQLAlchemy, and scikit-learn for the forest
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

    def space(column: "pd.Series") -> BaseDistribution:
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            return FloatDistribution(float(column.min()), float(column.max()))
        return CategoricalDistribution(sorted(set(column), key=str))

    spaces = {str(name): space(parameters[name]) for name in parameters}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would log this in-memory study
    try:
        study = optuna.create_study()
    finally:
        optuna.logging.set_verbosity(verbosity)
    study.add_trials(
        [
            optuna.trial.create_trial(params=dict(zip(spaces, row, strict=True)), distributions=spaces, value=float(rank))
            for row, rank in zip(parameters.itertuples(index=False), target, strict=True)
        ]
    )
    return optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=0).evaluate(study)
