"""Statements of docs/method.md about the statistics."""

import pkgutil
import re
from pathlib import Path

from nnbench import stats
from nnbench.report.pages.sensitivity import TOLERANCE
from nnbench.stats.conclusion import Conclusion
from nnbench.stats.failures import share
from nnbench.stats.interquartile import Interval

METHOD = (Path(__file__).parents[2] / "docs" / "method.md").read_text(encoding="utf-8")


def test_every_statistic_has_its_section() -> None:
    headings = re.findall(r"^### .* · `(\w+)\.py`$", METHOD, re.MULTILINE)
    assert sorted(headings) == sorted(module.name for module in pkgutil.iter_modules(stats.__path__))


def test_the_table_of_seeds_agrees_with_the_code() -> None:
    (table,) = re.findall(r"^\| settings \|.*\n\|[-|:]*\n\|.*\n\|.*$", METHOD, re.MULTILINE)
    head, _, least, advisable = ([int(cell) for cell in re.findall(r"\| *(\d+)(?= *\|)", line)] for line in table.splitlines())
    known = Interval(estimate=0.8, low=0.7, high=0.9, n=1)
    conclusions = [Conclusion(claim="first", best="adam", interval=known, settings=settings, seeds=1) for settings in head]
    assert head == [2, 3, 4, 5, 8]
    assert [one.required_seeds for one in conclusions] == least
    assert [one.recommended_seeds for one in conclusions] == advisable


def test_the_upper_bound_of_no_failures_in_twenty() -> None:
    assert f"none of 20 leaves room for {share(0, 20).high:.0%}".replace("%", " %") in METHOD


def test_the_tolerance_of_learning_rates_is_the_reports() -> None:
    assert f"stays within {TOLERANCE:g} " in METHOD
