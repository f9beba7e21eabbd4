"""Sentences about equal budgets claim a difference only where the interval shows one."""

import math

import pytest

from nnbench.report.sentences.equal_budget import differs
from nnbench.stats.interquartile import Interval


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.3, 0.6, True), (1.2, math.inf, True), (0.13, math.inf, False), (0.5, 1.0, False), (math.nan, math.nan, False)],
)
def test_an_interval_that_includes_an_equal_budget_shows_no_difference(low: float, high: float, expected: bool) -> None:
    assert differs(Interval(estimate=0.5, low=low, high=high, n=20)) == expected
