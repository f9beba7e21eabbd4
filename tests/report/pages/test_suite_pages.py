"""Pages over several problems: their tables, and what they claim."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib.style
import numpy as np
import pandas as pd
import pytest

from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.suite import Suite
from nnbench.report.outputs import suite as output
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import style
from nnbench.report.plots.page import Page, Section
from nnbench.report.sentences import suite as sentences
from tests.conftest import CommandOutput
from tests.oracles import interquartile
from tests.report.test_layout import check, plotted

MakeSuite = Callable[..., Study]


def _draw(name: str, study: Study) -> tuple[Page, pd.DataFrame]:
    section = Section(name)
    with matplotlib.style.context(["default", style.RC]):
        table = figures.load_suite(name)(section, Suite(study), ReportOptions(title="Suite", targets=()))
    return section.begun, table


def _scaled(study: Study, setting: str, by: float) -> Study:
    """The study with the test accuracy of a setting multiplied."""
    values = study.runs["test/accuracy"].mask(study.runs["setting"] == setting, study.runs["test/accuracy"] * by)
    return replace(study, runs=study.runs.assign(**{"test/accuracy": values}))


def test_cells_are_the_settings_ranked_within_each_problem(make_suite: MakeSuite) -> None:
    _, table = _draw("cover", make_suite(3))
    assert table["problem"].unique().tolist() == ["problem_0", "problem_1", "problem_2"]
    for _, rows in table.groupby("problem"):
        assert rows["rank"].tolist() == [1, 2, 3, 4]
        assert rows["estimate"].is_monotonic_decreasing


def test_scores_lie_between_chance_and_the_best_known(make_suite: MakeSuite) -> None:
    study = make_suite(1 + 1)
    _, table = _draw("final_table", study)
    runs = study.runs[(study.runs["problem"] == "problem_1") & (study.runs["setting"] == "adam")]
    zero, one = (
        1 / 3,
        study.runs[study.runs["problem"] == "problem_1"].groupby("seed")["reference/bayes_accuracy"].first().mean(),
    )
    best = table[(table["problem"] == "problem_1")]["estimate"].max()
    expected = (interquartile(runs["test/accuracy"]) - zero) / (max(one, best) - zero)
    row = table[(table["problem"] == "problem_1") & (table["setting"] == "adam")].iloc[0]
    assert row["score"] == pytest.approx(expected)
    assert (row["zero_name"], row["zero"]) == ("chance", pytest.approx(zero))


def test_differences_across_problems_need_six_problems(make_suite: MakeSuite) -> None:
    study = _scaled(make_suite(7), "sgd", 0.5)
    assert "shown to rank before" in sentences.across_problems(Suite(study))
    few = replace(study, runs=study.runs[study.runs["problem"] < "problem_5"])
    assert "no difference can be shown with fewer than 6" in sentences.across_problems(Suite(few))


def test_alike_settings_are_not_told_apart_across_problems(make_suite: MakeSuite) -> None:
    study = make_suite(7)
    rng = np.random.default_rng(0)
    alike = replace(study, runs=study.runs.assign(**{"test/accuracy": rng.normal(0.8, 0.02, len(study.runs))}))
    assert "Across the 7 problems no difference is shown" in sentences.across_problems(Suite(alike))


def test_a_setting_missing_on_a_problem_is_not_compared_across(make_suite: MakeSuite) -> None:
    study = make_suite(7)
    gone = (study.runs["setting"] == "adam") & (study.runs["problem"] == "problem_3")
    suite = Suite(replace(study, runs=study.runs[~gone]))
    assert "adam" not in suite.across.ranks.index
    assert any("Not ranked on every problem" in one and "adam" in one for one in sentences.caveats(suite))


def test_a_setting_that_diverges_scores_zero(make_suite: MakeSuite) -> None:
    study = make_suite(3, outcome=lambda setting, seed: "diverged" if setting == "sgd" else "finished")
    _, table = _draw("cover", study)
    assert table.loc[table["setting"] == "sgd", "score"].eq(0).all()


def test_profiles_are_computed_from_the_highest_target_that_is_reached(make_suite: MakeSuite) -> None:
    study = make_suite(3)
    _, table = _draw("profiles", study)
    suite = Suite(study)
    assert suite.problems["problem_0"].judged.targets == (0.7, 0.8, 0.9)
    table = table.set_index("setting")
    epochs = table[[f"epochs on problem_{number}" for number in range(3)]]
    fastest = epochs.min()
    expected = ((4 - epochs / fastest).clip(lower=0) / 3).mean(axis=1)
    assert table["algoperf"].to_dict() == pytest.approx(expected.to_dict())
    assert table["fastest"].sum() >= 3


def test_held_out_problems_are_not_part_of_the_suite(make_suite: MakeSuite) -> None:
    study = make_suite(6)
    names = {"problem_4": "held_out/problem_0", "problem_5": "held_out/problem_9"}
    suite = Suite(replace(study, runs=study.runs.assign(problem=study.runs["problem"].replace(names))))
    assert list(suite.problems) == [f"problem_{number}" for number in range(4)]
    assert suite.across.units == 4
    _, table = _draw("held_out", suite.study)
    rows = {row["problem"]: row for row in table.to_dict("records")}
    same, alone = rows["held_out/problem_0"], rows["held_out/problem_9"]
    assert (same["beside"], same["tau"]) == ("problem_0", 1), "the same values"
    assert same["kept"] == same["shown"] > 0
    assert alone["beside"] == ""


def _with_budgets(study: Study) -> Study:
    """The study with its problems in pairs, each pair one problem with two budgets."""
    number = study.runs["problem"].str.removeprefix("problem_").astype(int)
    runs = study.runs.assign(problem="problem_" + (number // 2).astype(str))
    runs["dataset.name"], runs["training.budget"] = runs["problem"], 100.0 * (1 + number % 2)
    runs["training.budget_unit"] = "epochs"
    return replace(study, runs=runs)


def test_a_problem_with_several_budgets_is_ranked_at_the_largest(make_suite: MakeSuite) -> None:
    suite = Suite(_with_budgets(make_suite(6)))
    assert list(suite.problems) == [f"problem_{number} budget=200" for number in range(3)]
    assert suite.across.units == 3
    assert len(suite.runs) == len(suite.study.runs)


@pytest.mark.heavy
def test_mean_ranks_against_the_budget_are_those_of_each_budget_alone(make_suite: MakeSuite) -> None:
    study = make_suite(6)
    number = study.runs["problem"].str.removeprefix("problem_").astype(int)
    reverse = study.runs["setting"].map({"adam": 0.1, "sgd": 0.9, "adagrad": 0.8, "rmsprop": 0.7})
    study = replace(
        study, runs=study.runs.assign(**{"test/accuracy": study.runs["test/accuracy"].mask(number % 2 == 1, reverse)})
    )
    page, table = _draw("budgets", _with_budgets(study))
    at_most = table[table["budget"] == 200].set_index("setting")["rank"]
    assert at_most.to_dict() == {"sgd": 1, "adagrad": 2, "rmsprop": 3, "adam": 4}
    least = Suite(replace(study, runs=study.runs[number % 2 == 0])).across.ranks
    assert table[table["budget"] == 100].set_index("setting")["rank"].to_dict() == pytest.approx(least.to_dict())
    assert set(table["problems"]) == {3}
    best = str(least.index[0])
    (axes,) = page.plots[0].drawing.figure.axes
    assert min(axes.get_ylim()) < table["rank"].min() <= table["rank"].max() < max(axes.get_ylim()) - 0.4
    assert page.title == f"The best mean rank over the problems is that of {best} at 100 and of sgd at 200 epochs"


@pytest.mark.heavy
def test_one_command_over_problems_and_budgets(nnbench: Callable[..., CommandOutput]) -> None:
    words = "problem=moons,digits", "optimizer=sgd,adam", "seed=range(2)", "training.budgets=[3,6]", "training.dtype=float64"
    said = nnbench("-m", *words, "study=s", "report.pages=[cover,budgets]")
    assert said.status == 0
    assert pd.read_csv("results/s/figures/budgets.csv")["problems"].tolist() == [2] * 4
    assert set(pd.read_csv("results/s/figures/cover.csv")["problem"]) == {"digits budget=6", "moons budget=6"}


def test_one_configuration_for_all_problems_is_chosen_on_the_others(make_suite: MakeSuite) -> None:
    """On one problem adam's best configuration is another than on the others: there, the one of the others is used."""
    study = make_suite(4, ["sgd", "adam"], 6, tuned=8)
    tuning = study.tuning
    own = (tuning["optimizer"] == "adam") & (tuning["problem"] == "problem_2") & (tuning["setting"] == "adam config 1")
    everywhere = (tuning["optimizer"] == "adam") & (tuning["setting"] == "adam config 3")
    values = (
        tuning["final/val_accuracy"]
        .mask(everywhere, 0.95)
        .mask(own, 0.99)
        .mask(everywhere & (tuning["problem"] == "problem_2"), 0.5)
    )
    outcome = tuning["outcome"].mask(own | everywhere, "finished")
    study = replace(study, tuning=tuning.assign(**{"final/val_accuracy": values, "outcome": outcome}))
    _, table = _draw("self_tuning", study)
    adam = table[table["optimizer"] == "adam"].set_index("problem")
    assert adam["chosen"].nunique() == 1
    assert (adam.drop("problem_2")["regret"] == 0).all()
    assert adam["regret"].to_dict()["problem_2"] > 0.1


STUDIES: dict[str, Callable[[MakeSuite], Study]] = {
    "seven": lambda make: make(7),
    "two": lambda make: make(2, seeds=2),
    "nothing finished": lambda make: make(3, outcome=lambda setting, seed: "diverged"),
    "nothing ended": lambda make: make(3, outcome=lambda setting, seed: "failed"),
    "half diverged": lambda make: make(3, outcome=lambda setting, seed: "diverged" if seed % 2 else "finished"),
    "large": lambda make: make(16, [f"mine{number}" for number in range(34)], 2),
    "long names": lambda make: make(6, [f"my_company.optimizers:SophisticatedOptimizer{number}" for number in range(5)]),
    "tuned": lambda make: make(6, seeds=4, tuned=8),
}


@pytest.mark.parametrize("case", [one if one == "seven" else pytest.param(one, marks=pytest.mark.heavy) for one in STUDIES])
def test_layout(case: str, make_suite: MakeSuite) -> None:
    suite = Suite(STUDIES[case](make_suite))
    check(plotted(lambda: output.compose(suite, title="Suite", pages=["cover", *figures.suite_names()])))


@pytest.mark.parametrize("name", [name for name in figures.suite_names() if name != "cover"])
def test_a_page_without_data_has_a_reason(name: str, make_suite: MakeSuite) -> None:
    with pytest.raises(NoDataError, match=r"^(no |none |fewer than |there is no run)"):
        _draw(name, make_suite(2, outcome=lambda setting, seed: "failed"))


@pytest.mark.heavy
def test_the_files_of_the_report(make_suite: MakeSuite, tmp_path: Path) -> None:
    suite = Suite(make_suite(3))
    report = output.write(suite, tmp_path, [], title="Suite", pages=["cover", "final_table"])
    assert not report.errors
    assert {path.name for path in report.files} >= {"report.pdf", "report.html", "summary.md", "cover.csv", "final_table.csv"}
    assert "problem" in pd.read_csv(report.csvs["final_table"])
    text = report.summary.read_text()
    assert "| problem | rank | setting |" in text
    assert "problem_2" in report.web.read_text()


def test_the_best_setting_is_compared_with_sgd_at_equal_budget(make_suite: MakeSuite) -> None:
    """Adam's loss is halved ten times as fast on all problems but one, where it is as fast as sgd's."""
    study = make_suite(7)
    runs = study.runs.set_index("run_id")
    setting, problem = (study.curves["run_id"].map(runs[column]) for column in ("setting", "problem"))
    pace = 1000.0 / (1 + 9 * ((setting == "adam") & (problem != "problem_3")))
    suite = Suite(replace(study, curves=study.curves.assign(train_loss=np.exp(-study.curves["epoch"] / pace))))
    assert suite.across.ranks.index[0] == "adam"
    said = sentences.at_equal_budget(suite)
    assert said == (
        "adam reaches sgd's final training loss with less than its budget on 6 of 7 problems (median share 0.10); "
        "with neither shown on 1."
    )
    assert said in sentences.answer(suite)
    blind = Suite(replace(study, curves=study.curves[:0]))
    assert "Budgets are not compared across problems: no run was measured after an update." in sentences.caveats(blind)
