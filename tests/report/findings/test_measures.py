"""Whether another measure orders the settings otherwise is said on evidence, and only then."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nnbench.records.study import Study
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.measures import declared, disagreements
from nnbench.report.sentences import wording
from tests.report.conftest import Drawn

MakeStudy = Callable[..., Study]
DrawPage = Callable[..., tuple[Drawn, pd.DataFrame]]


def measured(make_study: MakeStudy, seeds: int = 12, **leads: tuple[float, float, float]) -> Study:
    """Settings by their lead in final accuracy, final cross-entropy and accuracy at the best validation epoch."""
    study = make_study(list(leads), seeds, boundaries=False)
    study.runs["best/test_loss"] = np.nan  # three measures are enough
    rng = np.random.default_rng(0)
    for column, at, sign in (("test/accuracy", 0, 1), ("test/loss", 1, -1), ("best/test_accuracy", 2, 1)):
        lead = study.runs["setting"].map({name: given[at] for name, given in leads.items()})
        study.runs[column] = 0.5 + sign * 0.01 * lead + 0.01 * rng.normal(size=len(lead))
    return study


def test_opposite_orders_are_reported_with_the_reversed_pairs(make_study: MakeStudy) -> None:
    study = measured(make_study, a=(8, 0, 8), b=(4, 4, 4), c=(0, 8, 0))
    (one,) = disagreements(Findings(study))
    assert (one.metric.column, one.kind, one.first, one.tau) == ("test/loss", "reversed", "c", -1.0)
    assert set(one.reversed) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert "test loss" in wording.answer(Findings(study), Findings(study).primary)


@pytest.mark.parametrize(
    ("leads", "kinds"),
    [
        ({"a": (8, 8, 8), "b": (0, 0, 0)}, []),  # all agree
        ({"a": (0, 0, 0), "b": (0, 0, 0)}, []),  # nothing is shown: orders are chance
        ({"a": (8, 8, 0), "b": (0, 0, 0)}, [("best/test_accuracy", "nothing_shown")]),
        ({"a": (0, 8, 0), "b": (0, 0, 0)}, [("test/loss", "shown_here")]),
        ({"a": (8, 8, 8.0), "b": (0, 0, 8.3), "c": (0, 0, 0)}, [("best/test_accuracy", "other_first")]),
    ],
)
def test_the_result_by_another_measure(
    make_study: MakeStudy, leads: dict[str, tuple[float, float, float]], kinds: list[tuple[str, str]]
) -> None:
    found = disagreements(Findings(measured(make_study, 12, **leads)))
    assert [(one.metric.column, one.kind) for one in found] == kinds


def test_few_seeds_and_measures_that_a_setting_lacks_are_no_evidence(make_study: MakeStudy) -> None:
    assert disagreements(Findings(measured(make_study, 5, a=(8, 0, 0), b=(0, 8, 8)))) == []
    study = measured(make_study, a=(8, 0, 0), b=(0, 8, 8))
    study.runs.loc[study.runs["setting"] == "a", ["test/loss", "best/test_accuracy"]] = np.nan  # of the first edition
    assert disagreements(Findings(study)) == []


def test_without_test_points_the_measures_are_of_validation(make_study: MakeStudy) -> None:
    columns = [one.column for one in declared(Findings(make_study(test=False)))]
    assert columns == ["final/val_accuracy", "final/val_loss"]


def test_the_page_compares_the_measures(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, table = draw_page("measures", measured(make_study, a=(8, 0, 8), b=(4, 4, 4), c=(0, 8, 0)))
    assert page.title == "First by test accuracy after the last epoch: a; by test loss after the last epoch: c"
    places = table.pivot_table(index="setting", columns=["measure", "when"], values="rank")
    assert places["test accuracy", "after the last epoch"].tolist() == [1, 2, 3]
    assert places["test loss", "after the last epoch"].tolist() == [3, 2, 1]
    loss = table[table["measure"] == "test loss"].set_index("setting")
    assert loss["ahead_of"].to_dict() == {"c": "b; a", "b": "a", "a": ""}
