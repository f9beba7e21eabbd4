"""The page of the training loss against the learning rate."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from nnbench.records.study import Study
from tests.oracles import interquartile
from tests.report.conftest import Drawn

MakeStudy = Callable[..., Study]
DrawPage = Callable[..., tuple[Drawn, pd.DataFrame]]
GRID = [f"{name} lr={rate} decay={decay}" for name in ("adam", "sgd") for rate in (0.01, 0.1, 1) for decay in (0, 0.001)]


def test_a_point_is_the_setting_with_the_lowest_loss_at_its_rate(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(GRID, 3)
    page, table = draw_page("learning_rates", study)
    assert len(table) == 6
    for row in table.to_dict("records"):
        mine = study.runs[study.runs["optimizer"] == row["optimizer"]]
        of_setting = mine[mine["optimizer.learning_rate"] == row["learning_rate"]].groupby("setting")["final/train_loss"]
        chosen = of_setting.mean().idxmin()
        assert (row["setting"], row["estimate"]) == (chosen, pytest.approx(float(interquartile(of_setting.get_group(chosen)))))
    first = table.sort_values("estimate").iloc[0]
    assert first["optimizer"] == table["optimizer"].iloc[0]
    assert f"is that of {first['optimizer']} at a learning rate of" in str(page.title)
    assert [axes.get_xscale() for axes in page.axes] == ["log", "log"]


def test_rates_at_which_all_runs_diverged_are_crosses(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(GRID, 3, outcome=lambda setting, seed: "diverged" if "lr=1 " in setting else "finished")
    page, table = draw_page("learning_rates", study)
    lost = table[table["diverged"] > 0]
    assert set(lost["learning_rate"]) == {1.0}
    assert lost["estimate"].isna().all()
    for axes in page.axes:
        (crosses,) = (line for line in axes.lines if line.get_marker() == "x")
        np.testing.assert_array_equal(crosses.get_xdata(), [1.0])
