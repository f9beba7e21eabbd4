"""The page of the effect of schedules: which settings are paired, and what is shown."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

from nnbench.records.study import Study
from nnbench.report.findings.errors import NoDataError
from tests.oracles import interquartile
from tests.report.conftest import Drawn

Draw = Callable[..., tuple[Drawn, pd.DataFrame]]
MakeStudy = Callable[..., Study]


def _scheduled(study: Study, schedules: dict[str, str]) -> Study:
    """The study with a schedule for each setting; the hyperparameters of all settings are the same."""
    same = {column: study.runs[column].iloc[0] for column in ("optimizer.learning_rate", "optimizer", "optimizer.name")}
    names = study.runs["setting"].map(schedules)
    return replace(study, runs=study.runs.assign(**same, **{"schedule.name": names}))


def test_settings_that_differ_in_the_schedule_alone_are_paired_by_seed(make_study: MakeStudy, draw_page: Draw) -> None:
    study = make_study(["adam", "adam cosine", "adam linear"], 12)
    better = study.runs["test/accuracy"] + 0.1 * (study.runs["setting"] == "adam cosine")
    study = _scheduled(study, {"adam": "constant", "adam cosine": "cosine", "adam linear": "linear"})
    study = replace(study, runs=study.runs.assign(**{"test/accuracy": better}))
    page, table = draw_page("schedules", study)
    assert table["constant"].tolist() == ["adam", "adam"]
    row = table.set_index("setting").loc["adam cosine"]
    values = study.runs.pivot(index="seed", columns="setting", values="test/accuracy")
    assert row["after"] - row["before"] == pytest.approx(row["estimate"])
    assert row["after"] == pytest.approx(interquartile(values["adam cosine"]))
    assert row["p"] == pytest.approx(stats.wilcoxon(values["adam cosine"], values["adam"]).pvalue)
    assert (row["better"], row["differ"]) == (1, True)
    assert page.title is not None
    assert page.title.startswith("Against a constant rate, test accuracy is better for adam cosine")


def test_settings_that_differ_in_more_are_not_paired(make_study: MakeStudy, draw_page: Draw) -> None:
    study = _scheduled(make_study(["adam", "adam cosine"], 8), {"adam": "constant", "adam cosine": "cosine"})
    rates = study.runs["setting"].map({"adam": 0.1, "adam cosine": 0.2})
    other = replace(study, runs=study.runs.assign(**{"optimizer.learning_rate": rates}))
    with pytest.raises(NoDataError, match="no setting with a schedule was also run at a constant rate"):
        draw_page("schedules", other)


def test_few_seeds_show_no_effect(make_study: MakeStudy, draw_page: Draw) -> None:
    study = _scheduled(make_study(["adam", "adam cosine"], 3), {"adam": "constant", "adam cosine": "cosine"})
    page, _ = draw_page("schedules", study)
    assert page.title == "3 seeds cannot show the effect of a schedule on test accuracy: 6 are needed"


def test_runs_without_schedules_have_no_such_page(comparison: Study, draw_page: Draw) -> None:
    with pytest.raises(NoDataError, match="no setting that was not tuned has a schedule"):
        draw_page("schedules", comparison)
