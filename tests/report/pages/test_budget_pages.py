"""Pages about budgets: equal budget, several budgets, Pareto front; and axes in another unit than epochs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnbench.records.budgets import amounts
from nnbench.records.declared import Declared
from nnbench.records.study import Study
from nnbench.records.tasks import tasks
from nnbench.report.findings.axis import at_epochs, on_common_positions, positions
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.targets import timings
from nnbench.stats.equal_budget import first_reached
from tests.report.conftest import Drawn, study

Draw = Callable[..., tuple[Drawn, pd.DataFrame]]


def make(**options: Any) -> Study:
    return study(["sgd", "adam"], 6, boundaries=False, **options)


def with_evaluations(made: Study, per_epoch: dict[str, float]) -> Study:
    """The study with so many gradient evaluations in an epoch of each optimizer."""
    of_run = made.runs.set_index("run_id")["optimizer"].map(per_epoch)
    evaluations = made.curves["epoch"] * made.curves["run_id"].map(of_run)
    return replace(made, curves=made.curves.assign(steps=made.curves["epoch"], gradient_evaluations=evaluations))


def test_the_axis_is_epochs_where_they_cost_the_same() -> None:
    assert Findings(make()).axis.unit == "epochs"
    assert Findings(with_evaluations(make(), {"sgd": 3, "adam": 3})).axis.unit == "epochs"
    differs = Findings(with_evaluations(make(), {"sgd": 1, "adam": 2.5}))
    assert differs.axis.unit == "gradient_evaluations"
    assert "from 1 to 2.5" in differs.axis.reason
    asked = Findings(with_evaluations(make(), {"sgd": 1, "adam": 2.5}), Declared(unit="steps"))
    assert (asked.axis.unit, asked.axis.reason) == ("steps", "")


def test_times_to_a_target_are_in_the_unit_of_the_axis() -> None:
    """An epoch of adam costs four evaluations, so what it reaches in fewer epochs may cost more."""
    plain, costly = make(), with_evaluations(make(), {"sgd": 1, "adam": 4})
    before = timings(Findings(plain), [0.7])[0].table.set_index("setting")["estimate"]
    after = timings(Findings(costly), [0.7])[0].table.set_index("setting")["estimate"]
    assert after["sgd"] == before["sgd"]
    assert after["adam"] == pytest.approx(4 * before["adam"])


def test_positions_in_seconds_use_the_median_pace_of_the_setting() -> None:
    made = make()
    findings = Findings(made, Declared(unit="seconds"))
    last = positions(findings).groupby(made.curves["run_id"]).max()
    seconds = made.runs.groupby("setting")["time/train_seconds"].median()
    expected = made.runs.set_index("run_id")["setting"].map(seconds)
    np.testing.assert_allclose(last.reindex(expected.index), expected, rtol=1e-3)


def test_positions_between_evaluated_epochs_are_interpolated() -> None:
    findings = Findings(with_evaluations(make(), {"sgd": 1, "adam": 2.5}))
    runs = findings.runs.drop_duplicates("setting")
    found = at_epochs(findings, runs["run_id"], pd.Series(123.0, index=runs.index))
    assert dict(zip(runs["setting"], found, strict=True)) == {"sgd": pytest.approx(123), "adam": pytest.approx(307.5)}


def test_curves_with_different_positions_are_interpolated_at_common_ones() -> None:
    a = pd.DataFrame({"run_id": "a", "spent": [0.0, 10, 100], "loss": [2.0, 1.0, 0.1]})
    b = pd.DataFrame({"run_id": "b", "spent": [0.0, 20, 60], "loss": [4.0, 2.0, 2.0]})
    found = on_common_positions(pd.concat([a, b]), "spent", ["loss"])
    wide = found.pivot(index="spent", columns="run_id", values="loss")
    np.testing.assert_allclose(wide["a"], np.interp(wide.index, a["spent"], a["loss"]))
    assert wide["b"].notna().sum() >= 2
    assert wide.loc[wide.index > 62, "b"].notna().sum() <= 1
    same = pd.concat([a, a.assign(run_id="c")])
    assert on_common_positions(same, "spent", ["loss"])["spent"].tolist() == [0, 10, 100] * 2


def test_equal_budget_agrees_with_the_curves(draw_page: Draw) -> None:
    made = make()
    _, table = draw_page("equal_budget", made)
    assert table[["setting", "reference"]].to_numpy().tolist() == [["adam", "sgd"]]
    curves = made.curves.merge(made.runs[["run_id", "setting", "seed"]], on="run_id")
    of = dict(iter(curves.groupby(["setting", "seed"])))
    shares = []
    for seed in range(6):
        ours, theirs = of["adam", seed], of["sgd", seed]
        shares.append(
            first_reached(ours["epoch"], ours["train_loss"], theirs["train_loss"].iloc[-1]) / theirs["epoch"].iloc[-1]
        )
    assert table["estimate"].iloc[0] == pytest.approx(np.median(shares))


def test_the_reference_is_the_one_that_is_named(draw_page: Draw) -> None:
    made = replace(make(), runs=make().runs.assign(**{"report.reference": "adam"}))
    _, table = draw_page("equal_budget", made)
    assert table["setting"].tolist() == ["sgd"]
    assert table["reference"].tolist() == ["adam"]


def at_budgets(**scores: dict[int, float]) -> Study:
    """A study whose optimizers have a test accuracy for each budget."""
    parts = []
    for at, budget in enumerate(sorted({budget for one in scores.values() for budget in one})):
        runs = make().runs
        value = runs["optimizer"].map({name: one.get(budget, np.nan) for name, one in scores.items()})
        changed: dict[str, Any] = {"training.budget": float(budget), "training.budget_unit": "steps", "test/accuracy": value}
        run_ids = runs["run_id"].map(lambda text, at=at: f"{at}{text[1:]}")
        spent: dict[str, Any] = {"time/steps": float(budget), "time/gradient_evaluations": float(budget)}
        parts.append(runs.assign(run_id=run_ids, **changed, **spent))
    made = make()
    return replace(made, runs=pd.concat(parts, ignore_index=True), curves=made.curves[:0], records=made.records[:0])


def test_settings_are_ranked_at_each_budget_alone(draw_page: Draw) -> None:
    made = at_budgets(adam={10: 0.7, 100: 0.8}, sgd={10: 0.6, 100: 0.9})
    first, second = tasks(made)
    assert [first.label, second.label] == ["spiral budget=10", "spiral budget=100"]
    for task in (first, second):
        page, table = draw_page("budgets", task.study)
        ranks = table.set_index(["budget", "setting"])["rank"].to_dict()
        assert ranks == {(10, "adam"): 1, (10, "sgd"): 2, (100, "sgd"): 1, (100, "adam"): 2}
        assert page.title == "The best estimate is that of adam at 10 and of sgd at 100 steps"
        assert amounts(task.study.runs).nunique() == 1


def test_a_study_of_one_budget_has_no_page_of_budgets(draw_page: Draw) -> None:
    with pytest.raises(NoDataError, match="no run has a budget"):
        draw_page("budgets", make())
    with pytest.raises(NoDataError, match="no run has another budget"):
        draw_page("budgets", at_budgets(adam={10: 0.7}, sgd={10: 0.6}))


def test_the_pareto_front_over_settings_and_budgets(draw_page: Draw) -> None:
    made = at_budgets(adam={10: 0.7, 100: 0.8}, sgd={10: 0.6, 100: 0.9})
    _, table = draw_page("pareto", tasks(made)[0].study)
    evaluations = table[table["cost"] == "gradient_evaluations"].set_index(["budget", "setting"])
    on = evaluations.index[evaluations["front"]].tolist()
    assert on == [(10, "adam"), (100, "sgd")]
    assert evaluations.loc[(100, "adam"), "spent"] == 100


def test_settings_of_the_same_cost_have_no_pareto_front(draw_page: Draw) -> None:
    made = make()
    alike = replace(made, runs=made.runs.assign(**{"time/train_seconds": 1.0 + 0.01 * made.runs["seed"]}))
    with pytest.raises(NoDataError, match="to within 10 %"):
        draw_page("pareto", alike)
