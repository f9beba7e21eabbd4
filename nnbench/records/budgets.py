"""Budgets of runs: what their training may spend on updates."""

from collections.abc import Hashable, Mapping

import pandas as pd

from nnbench.core.formatting import count
from nnbench.core.keys import BUDGET, BUDGET_UNIT

NOUNS = {"epochs": "epoch", "steps": "step", "gradient_evaluations": "gradient evaluation", "seconds": "second"}


def text(amount: float, unit: str) -> str:
    """Return a budget as text: `1,000 gradient evaluations`."""
    return count(int(amount), NOUNS[unit])


def without(values: Mapping[str, Hashable]) -> dict[str, Hashable]:
    """Return config values without those of the budget."""
    return {key: value for key, value in values.items() if key not in (BUDGET, BUDGET_UNIT)}


def amounts(runs: pd.DataFrame) -> "pd.Series[float]":
    """Return the budget of each run, in its unit; NaN where its epochs decide."""
    return pd.to_numeric(runs[BUDGET]) if BUDGET in runs else pd.Series(float("nan"), index=runs.index, dtype=float)


def unit(runs: pd.DataFrame) -> str:
    """Return the unit of the budgets of runs of one task or several; empty if they have none, or different units."""
    units: list[object] = list(runs.loc[amounts(runs).notna(), BUDGET_UNIT].unique()) if BUDGET_UNIT in runs else []
    return str(units[0]) if len(units) == 1 else ""
