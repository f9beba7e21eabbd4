from collections.abc import Callable
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnbench.records.study import Study
from nnbench.report.findings.findings import METRICS, Findings
from tests.oracles import interquartile

MakeStudy = Callable[..., Study]


def test_ranks_agree_with_scipy(comparison: Study) -> None:
    """The whole way again with other tools: SciPy's trimmed mean, wilcoxon, and Holm by hand."""
    by = METRICS["test/accuracy"]
    table = Findings(comparison).ranking(by).set_index("setting")
    values = comparison.runs.pivot_table(index="seed", columns="setting", values=by.column)
    means = pd.Series({name: float(interquartile(values[name])) for name in values}).sort_values(ascending=False)
    assert list(table.index) == list(means.index)
    assert table["estimate"].to_numpy() == pytest.approx(means.to_numpy())
    raw = {
        pair: stats.wilcoxon(values[pair[0]], values[pair[1]], zero_method="pratt", method="auto").pvalue
        for pair in combinations(means.index, 2)
    }
    steps = sorted(raw, key=lambda pair: raw[pair])
    holm = np.maximum.accumulate([raw[pair] * (len(raw) - at) for at, pair in enumerate(steps)])
    for other in means.index[1:]:
        expected = min(1.0, holm[steps.index((means.index[0], other))])
        assert table.loc[other, "p"] == pytest.approx(expected, rel=1e-6)
        assert table.loc[other, "behind"] == (expected < 0.05)


@pytest.mark.parametrize("column", [key for key, one in METRICS.items() if one.kind != "regression"])
def test_the_best_comes_first(comparison: Study, column: str) -> None:
    by = METRICS[column]
    estimates = Findings(comparison).ranking(by)["estimate"]
    assert estimates.is_monotonic_decreasing if by.higher else estimates.is_monotonic_increasing


def test_runs_that_diverged_are_not_averaged_but_rank_worst(make_study: MakeStudy) -> None:
    """Three of ten are more than a quarter: the setting ranks below those that lost none, whatever its others reach."""
    whole = make_study()
    broken = make_study(outcome=lambda setting, seed: "diverged" if setting == "adam" and seed > 6 else "finished")
    table = Findings(broken).ranking(METRICS["test/accuracy"]).set_index("setting")
    assert list(table.loc["adam", ["runs", "diverged", "n"]]) == [10, 3, 7]
    kept = whole.runs[(whole.runs["setting"] == "adam") & (whole.runs["seed"] <= 6)]
    assert table.loc["adam", "estimate"] == pytest.approx(float(interquartile(kept["test/accuracy"])))
    assert table.index[-1] == "adam"
    assert Findings(whole).ranking(METRICS["test/accuracy"])["setting"].iloc[0] == "adam"


def test_a_setting_whose_runs_all_diverged_ranks_last_and_is_shown_to(make_study: MakeStudy) -> None:
    broken = make_study(outcome=lambda setting, seed: "diverged" if setting == "adam" else "finished")
    last = Findings(broken).ranking(METRICS["test/accuracy"]).iloc[-1]
    assert (last["setting"], last["n"], last["diverged"], last["behind"]) == ("adam", 0, 10, True)
    assert np.isnan(last["estimate"])


@pytest.mark.parametrize(
    ("validation", "test", "column"),
    [(True, True, "test/accuracy"), (True, False, "final/val_accuracy"), (False, False, "final/train_accuracy")],
)
def test_the_study_is_judged_on_held_out_points(make_study: MakeStudy, validation: bool, test: bool, column: str) -> None:
    assert Findings(make_study(seeds=2, validation=validation, test=test)).primary.column == column


@pytest.mark.parametrize("seeds", [1, 2, 7])
def test_too_few_seeds_show_no_difference(make_study: MakeStudy, seeds: int) -> None:
    table = Findings(make_study(seeds=seeds)).ranking(METRICS["test/accuracy"])
    assert not table["behind"].any()
    assert table["p"].isna().all()


def test_a_run_without_an_outcome_has_its_status(make_study: MakeStudy) -> None:
    study = make_study(seeds=2)
    study.runs.loc[0, ["outcome", "status"]] = [None, "RUNNING"]
    findings = Findings(study)
    assert findings.runs.loc[0, "outcome"] == "running"
    assert len(findings.scored) == len(study.runs) - 1
