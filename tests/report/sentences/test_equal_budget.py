"""Sentences about equal budgets claim a difference only where the interval shows one."""

import math

import pandas as pd
import pytest

from nnbench.report.findings.equal_budget import Comparisons, EqualBudget
from nnbench.report.findings.findings import Findings
from nnbench.report.sentences.equal_budget import differs, sentence
from nnbench.stats.interquartile import Interval
from tests.report.conftest import study


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.3, 0.6, True), (1.2, math.inf, True), (0.13, math.inf, False), (0.5, 1.0, False), (math.nan, math.nan, False)],
)
def test_an_interval_that_includes_an_equal_budget_shows_no_difference(low: float, high: float, expected: bool) -> None:
    assert differs(Interval(estimate=0.5, low=low, high=high, n=20)) == expected


@pytest.mark.parametrize(
    ("ahead", "behind", "loser", "winner"), [(0.0, math.inf, "sgd", "adam"), (math.inf, 0.0, "adam", "sgd")]
)
def test_a_setting_that_diverges_is_not_said_to_be_reached_in_no_time(
    ahead: float, behind: float, loser: str, winner: str
) -> None:
    first, second = (Interval(estimate=value, low=value, high=value, n=20) for value in (ahead, behind))
    one = EqualBudget(setting="adam", ahead=first, behind=second, shares=pd.Series(dtype=float))
    text = sentence(Findings(study(["sgd", "adam"], 6, boundaries=False)), one, Comparisons(reference="sgd", settings=[one]))
    assert text.startswith(f"{loser} diverges, or ends")
    assert f"where {winner} does not" in text
    assert "0.00" not in text
