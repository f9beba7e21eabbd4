"""The page of the losses of groups: its table and its title."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nnbench.records.study import Study
from nnbench.report.findings.errors import NoDataError
from tests.oracles import interquartile
from tests.report.conftest import Drawn

Draw = Callable[..., tuple[Drawn, pd.DataFrame]]
MakeStudy = Callable[..., Study]


def _grouped(study: Study) -> Study:
    loss = study.curves["train_loss"]
    return replace(study, curves=study.curves.assign(**{"group_loss/many": loss / 10, "group_loss/few": 3 * loss}))


@pytest.mark.parametrize("settings", [["sgd", "adam"], [f"adam lr={number}" for number in range(1, 9)]])
def test_the_table_has_the_last_losses_of_each_group(settings: list[str], make_study: MakeStudy, draw_page: Draw) -> None:
    study = _grouped(make_study(settings, 6, outcome=lambda setting, seed: "diverged" if seed == 5 else "finished"))
    page, table = draw_page("group_loss", study)
    assert table.groupby("setting")["group"].agg(list).tolist() == [["many", "few"]] * len(settings)
    assert set(table["n"]) == {5}
    run_ids = study.runs.loc[(study.runs["setting"] == settings[0]) & (study.runs["outcome"] == "finished"), "run_id"]
    last = study.curves[study.curves["run_id"].isin(run_ids)].groupby("run_id")["group_loss/few"].last()
    own = table[table["setting"] == settings[0]].set_index("group")["loss"]
    assert own["few"] == pytest.approx(interquartile(last.to_numpy()))
    known = table[table["group"] == "few"].set_index("setting")["loss"]
    assert page.title is not None
    assert page.title.startswith("The training loss of the group “few” ends between")
    assert page.title.index(str(known.idxmin())) < page.title.index(str(known.idxmax()))


def test_a_study_without_groups_has_no_such_page(comparison: Study, draw_page: Draw) -> None:
    for study in (comparison, replace(comparison, curves=comparison.curves.assign(**{"group_loss/other task": np.nan}))):
        with pytest.raises(NoDataError, match="no dataset of the study declares groups"):
            draw_page("group_loss", study)
