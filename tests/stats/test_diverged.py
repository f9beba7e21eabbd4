import numpy as np
import pandas as pd
import pytest

from nnbench.stats.diverged import score, with_diverged
from nnbench.stats.friedman import friedman
from nnbench.stats.interquartile import interquartile_mean
from nnbench.stats.probability_of_improvement import probability_of_improvement
from nnbench.stats.signed_rank import compare, compare_if_enough


def test_only_diverged_runs_are_added_and_only_where_there_is_a_value() -> None:
    runs = pd.DataFrame({"setting": ["a"] * 4, "seed": range(4), "outcome": ["finished", "diverged", "failed", "killed"]})
    values = pd.DataFrame({"setting": ["a"], "seed": [0], "value": [0.5]})
    assert with_diverged(values, runs, higher=True)["value"].tolist() == [0.5, -np.inf]
    assert with_diverged(values, runs, higher=False)["value"].tolist() == [0.5, np.inf]
    assert with_diverged(values[:0], runs, higher=True).empty


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize(
    ("runs", "lost", "finite"), [(20, 5, True), (20, 6, False), (10, 2, True), (10, 3, False), (1, 1, False)]
)
def test_a_quarter_of_diverged_runs_is_left_out_of_the_middle_half(runs: int, lost: int, finite: bool, higher: bool) -> None:
    values = np.random.default_rng(0).normal(size=runs)
    values[:lost] = -np.inf if higher else np.inf
    found = score(values, higher=higher)
    assert np.isfinite(found) == finite
    if finite:
        very_bad = np.where(np.isinf(values), -1e3 if higher else 1e3, values)
        assert found == pytest.approx(interquartile_mean(very_bad).estimate)
    else:
        assert found == (-np.inf if higher else np.inf)


def test_a_diverged_run_loses_to_any_other_of_its_seed_and_ties_with_one_that_diverged() -> None:
    a = np.array([0.9, 0.8, -np.inf, -np.inf, 0.7, 0.6])
    b = np.array([0.8, 0.9, 0.1, -np.inf, -np.inf, np.nan])
    finite = pd.DataFrame({"a": np.where(np.isinf(a), -5.0, a), "b": np.where(np.isinf(b), -5.0, b)})
    assert (pair := compare(pd.DataFrame({"a": a, "b": b})).iloc[0])["n"] == 5
    assert pair["sign"] == 0  # each is ahead once by the same, once by all there is
    assert probability_of_improvement(a, b).estimate == probability_of_improvement(finite["a"], finite["b"]).estimate
    three = pd.DataFrame({"a": [0.9, -np.inf] * 4, "b": [-np.inf, -np.inf] * 4, "c": [0.5, 0.5] * 4})
    assert friedman(three).ranks.to_dict() == {"c": 1.5, "a": 1.75, "b": 2.75}


def test_many_diverged_runs_show_a_difference() -> None:
    rng = np.random.default_rng(0)
    sound = rng.normal(0.75, 0.03, 20)
    hot = np.where(np.arange(20) < 14, -np.inf, 0.9)
    pair = compare(pd.DataFrame({"hot": hot, "sound": sound})).iloc[0]
    assert (pair["sign"], pair["differ"]) == (-1, True)


def test_equal_values_are_recognized_with_and_without_a_test() -> None:
    few = pd.DataFrame({"a": [0.5, -np.inf, 0.1], "b": [0.5, -np.inf, np.nan], "c": [0.5, 0.2, 0.1], "d": [np.nan] * 3})
    for table in (compare(few), compare_if_enough(few)):
        same = table.set_index(["first", "second"])["same"].to_dict()
        assert [pair for pair, is_so in same.items() if is_so] == [("a", "b")]
