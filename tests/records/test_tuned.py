from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from nnbench.core import palette
from nnbench.records.tuned import base_label, by_search, tuned_label, with_tuned
from nnbench.report.findings.findings import Findings
from tests.report.conftest import study as make_study


def _tuned(rows: Sequence[tuple[str, str | None]], optimizers: Sequence[str]) -> list[bool]:
    runs = pd.DataFrame(rows, columns=["optimizer", "stage"])
    selection = pd.DataFrame({"setting": map(tuned_label, optimizers), "optimizer": optimizers})
    return with_tuned(runs, selection)["tuned"].tolist()


def test_only_runs_of_the_final_stage_are_tuned() -> None:
    rows = [("x", "final"), ("x (tuned)", "final"), ("x (tuned)", None), ("x (tuned)", "tuning")]
    assert _tuned(rows, ["x"]) == [False, True, False, False]
    assert _tuned(rows, []) == [False, True, False, False]  # what was chosen is not there, as in a damaged store


def test_an_optimizer_whose_label_ends_with_tuned_can_be_tuned() -> None:
    rows = [("x (tuned)", "final"), ("x (tuned) (tuned)", "final")]
    assert _tuned(rows, ["x (tuned)"]) == [False, True]


def test_labels() -> None:
    assert base_label(tuned_label("x (tuned)"), True) == "x (tuned)"
    assert base_label("x (tuned)", False) == "x (tuned)"


def test_a_report_does_not_merge_a_users_optimizer_with_a_tuned_one() -> None:
    findings = Findings(make_study(["adam", "adam (tuned)"], 4, boundaries=False))
    assert not findings.runs["tuned"].any()
    study = make_study(["adam"], 4, boundaries=False, tuned=8)
    assert Findings(study).optimizers == ["adam"]
    assert study.runs.groupby("setting")["tuned"].all().to_dict() == {"adam": False, "adam (tuned)": True}
    rows = study.runs.drop(columns="tuned").assign(stage=None)
    plain = Findings(make_study(["adam"], 4, boundaries=False))
    plain.runs = with_tuned(rows, pd.DataFrame()).assign(outcome="finished", search=0)
    assert set(plain.optimizers) == {"adam", "adam (tuned)"}
    assert plain.optimizer_styles["adam (tuned)"].colour != palette.OPTIMIZER_STYLES["adam"].colour


def test_an_optimizer_labelled_like_a_tuned_one_has_another_style() -> None:
    """It is added to a study that has tuned `adam`, with the same label."""
    study = make_study(["adam"], 4, boundaries=False, tuned=8)
    added = make_study(["adam (tuned)"], 4, boundaries=False).runs
    added = added.assign(optimizer="adam (tuned)", setting="adam (tuned) lr=3", run_id="added" + added["run_id"].astype(str))
    findings = Findings(replace(study, runs=pd.concat([study.runs, added], ignore_index=True)))
    assert findings.base_labels == {"adam": "adam", "adam (tuned)": "adam", "adam (tuned) lr=3": "adam (tuned)"}
    adam = palette.OPTIMIZER_STYLES["adam"].colour
    assert {name: look.colour == adam for name, look in findings.styles.items()} == {
        "adam": True,
        "adam (tuned)": True,
        "adam (tuned) lr=3": False,
    }
    assert findings.optimizer_styles["adam"].colour == adam
    assert findings.optimizer_styles["adam (tuned)"].colour == findings.styles["adam (tuned) lr=3"].colour
    assert set(findings.optimizers) == {"adam", "adam (tuned)"}
    assert findings.noun == "setting"


def _selection(choices: Sequence[tuple[int, float]]) -> pd.DataFrame:
    rows = [("adam (tuned)", "", search, "adam", "learning_rate", rate, "log") for search, rate in choices]
    return pd.DataFrame(rows, columns=["setting", "task", "search", "optimizer", "hyperparameter", "value", "kind"])


def test_a_run_counts_for_each_search_that_chose_its_setting() -> None:
    runs = pd.DataFrame(
        {
            "run_id": ["a", "b", "c"],
            "optimizer": ["adam", "adam (tuned)", "adam (tuned)"],
            "tuned": [False, True, True],
            "optimizer.learning_rate": [0.1, 0.1, 0.2],
        }
    )
    found = by_search(runs, _selection([(0, 0.1), (1, 0.2), (2, 0.1)]))
    assert sorted(zip(found["run_id"], found["search"], strict=True)) == [("a", 0), ("b", 0), ("b", 2), ("c", 1)]
    assert by_search(runs, _selection([(0, 0.1)]))["search"].tolist() == [0, 0, 0]
