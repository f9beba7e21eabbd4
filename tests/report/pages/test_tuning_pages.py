"""The pages on hyperparameters: what was tried, what mattered, what was chosen, and what it was worth."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import comb

from nnbench.core import palette
from nnbench.records.study import Study
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.search import Search, searched
from tests.oracles import interquartile
from tests.report.conftest import Drawn

MakeStudy = Callable[..., Study]
DrawPage = Callable[..., tuple[Drawn, pd.DataFrame]]
GRID = [f"{name} lr={rate} decay={decay}" for name in ("adam", "sgd") for rate in (0.01, 0.1, 1) for decay in (0, 0.001)]


def _large_rates(setting: str, seed: int) -> str:
    return "diverged" if "lr=1 " in setting and seed else "finished"


def _words(page: Drawn) -> str:
    return " ".join(page.words)


def _search(study: Study) -> Search:
    found = Findings(study).search
    assert found is not None
    return found


def test_a_search_consists_of_the_tuning_runs_if_any(make_study: MakeStudy) -> None:
    study = make_study(["adam", "sgd"], 3, tuned=16)
    search = _search(study)
    assert len(search.configurations) == 32
    assert set(search.runs["seed"]) == {1000, 1001, 1002}
    assert search.measure == "validation accuracy"
    assert search.varied == {name: ["learning_rate", "decay", "rho"] for name in ("adam", "sgd")}
    assert search.log == {"learning_rate", "decay"}
    first = search.configurations.iloc[0]
    own = study.tuning[study.tuning["setting"] == first["setting"]]
    assert first["value"] == pytest.approx(own["final/val_accuracy"].mean())


def test_a_configuration_that_lost_a_run_has_no_value(make_study: MakeStudy) -> None:
    search = _search(make_study(GRID, 3, outcome=_large_rates))
    lost = search.configurations[search.configurations["learning_rate"] == 1]
    assert lost["value"].isna().all()
    assert (lost["diverged"] == 2).all()
    assert search.configurations["value"].notna().sum() == 8


def test_several_seeds_are_not_a_search(comparison: Study) -> None:
    assert Findings(comparison).search is None
    assert searched(pd.DataFrame(), pd.DataFrame(), {}) is None


def test_grids_are_distinguished_from_random_samples(make_study: MakeStudy) -> None:
    grid, drawn = _search(make_study(GRID, 2)), _search(make_study(["adam"], 2, tuned=32))
    assert grid.gridded("adam", "learning_rate", "decay")
    assert not drawn.gridded("adam", "learning_rate", "decay")
    assert grid.per_decade("adam", "learning_rate") is None
    assert drawn.per_decade("adam", "learning_rate") == 4  # eight points of four configurations over two decades


@pytest.mark.parametrize("name", ["sensitivity", "heat_maps", "best_of_k", "importance", "chosen"])
def test_without_a_search_no_page(name: str, comparison: Study, draw_page: DrawPage) -> None:
    with pytest.raises(NoDataError, match=r"^no optimizer was "):
        draw_page(name, comparison)


def test_sensitivity_takes_the_best_at_each_rate(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(GRID, 3)
    page, table = draw_page("sensitivity", study)
    for row in table.to_dict("records"):
        mine = study.runs[(study.runs["optimizer"] == row["optimizer"])]
        mine = mine[mine["optimizer.learning_rate"] == row["learning_rate"]]
        of_setting = mine.groupby("setting")["final/val_accuracy"]
        chosen = of_setting.mean().idxmax()  # as selection does
        assert (row["setting"], row["estimate"]) == (chosen, pytest.approx(float(interquartile(of_setting.get_group(chosen)))))
    curves, ranges = page.axes
    assert curves.get_xscale() == ranges.get_xscale() == "log"


def _reaching(make_study: MakeStudy, accuracy: dict[str, float]) -> Study:
    """A grid of three rates for each optimizer, which ends at the accuracy given, whatever the rate."""
    study = make_study([f"{name} lr={rate}" for name in accuracy for rate in (0.01, 0.1, 1.0)], 4)
    ends = study.runs["optimizer"].map(accuracy) + 0.001 * study.runs["seed"]
    return replace(study, runs=study.runs.assign(**{"final/val_accuracy": ends, "test/accuracy": ends}))


@pytest.mark.parametrize("name", ["sensitivity", "heat_maps", "best_of_k", "generalisation"])
def test_a_full_page_keeps_the_best_settings(name: str, make_study: MakeStudy, draw_page: DrawPage) -> None:
    """The best is the last of the alphabet."""
    labels = [f"a{at:02}" for at in range(14)] + ["zz"]
    study = make_study(labels, 3, tuned=8)
    ends = study.runs["optimizer"].str.startswith("zz").map({True: 0.9, False: 0.6}) + 0.001 * study.runs["seed"]
    study = replace(study, runs=study.runs.assign(**{"test/accuracy": ends}))
    better = study.tuning["optimizer"].eq("zz") * 0.1
    study = replace(study, tuning=study.tuning.assign(**{"final/val_accuracy": study.tuning["final/val_accuracy"] + better}))
    page, _ = draw_page(name, study)
    words = _words(page)
    assert "left out: " in words
    told = words.partition("left out: ")[2].partition(".")[0]
    assert "zz" not in told
    assert "a1" in told or "a0" in told


def test_settings_at_chance_are_not_called_robust(make_study: MakeStudy, draw_page: DrawPage) -> None:
    """It ends at chance whatever its learning rate, or far below the others: a range of that is worth nothing."""
    study = _reaching(make_study, {"chance": 0.34, "low": 0.6, "adam": 0.8, "sgd": 0.78})
    page, table = draw_page("sensitivity", study)
    assert table.groupby("optimizer")["reaches"].first().to_dict() == {
        "chance": False,
        "low": False,
        "adam": True,
        "sgd": True,
    }
    assert not {"chance", "low"} & set(str(page.title).split())
    page, table = draw_page("sensitivity", _reaching(make_study, {"one": 0.33, "other": 0.34}))
    assert not table["reaches"].any()
    assert not {"one", "other"} & set(str(page.title).split())


def test_diverged_rates_are_on_the_rail_not_at_zero(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, table = draw_page("sensitivity", make_study(GRID, 3, outcome=_large_rates))
    curves = page.axes[0]
    rail = [line for line in curves.lines if line.get_marker() == "x"]
    for line in rail:
        assert set(np.asarray(line.get_xdata())) == {1.0}
        assert min(np.asarray(line.get_ydata())) > 1  # above the panel, in shares of its height
    assert {line.get_color() for line in rail} == {
        palette.OPTIMIZER_STYLES["adam"].colour,
        palette.OPTIMIZER_STYLES["sgd"].colour,
    }
    assert (table.loc[table["learning_rate"] == 1, "diverged"] == 2).all()
    heights = [y for line in curves.lines if line not in rail for y in np.asarray(line.get_ydata(), float)]
    assert np.nanmin(heights) > 0.3
    assert "Crosses on the rail above" in _words(page)


def test_heat_maps_hatch_the_cells_with_diverged_runs(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, table = draw_page("heat_maps", make_study(GRID, 3, outcome=_large_rates))
    panels = [axes for axes in page.axes if axes.get_label() != "key"]
    assert len(panels) == 2
    for axes, (name, own) in zip(panels, table.groupby("optimizer", sort=False), strict=True):
        (image,) = axes.images
        assert image.get_cmap().name == "cividis"
        grid: np.ndarray = np.ma.filled(np.ma.asarray(image.get_array(), dtype=float), np.nan)
        assert np.isnan(grid[:, 2]).all()
        assert np.nanmax(grid) == own["value"].max()
        hatched = [cell for cell in axes.patches if cell.get_hatch()]
        assert len(hatched) == (own["diverged"] > 0).sum() == 2, name
    assert len({tuple(axes.images[0].get_clim()) for axes in panels}) == 1  # one scale for all


def test_drawn_configurations_are_squares_with_the_best_ringed(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, table = draw_page("heat_maps", make_study(["adam"], 2, tuned=32))
    (axes,) = (axes for axes in page.axes if axes.get_label() != "key")
    squares, lost, ring = axes.collections
    assert len(np.asarray(squares.get_offsets())) == table["value"].notna().sum()
    assert len(np.asarray(lost.get_offsets())) == (table["diverged"] > 0).sum() > 0
    best = table.iloc[int(table["value"].argmax())]
    assert np.asarray(ring.get_offsets()).tolist() == [[best["x_value"], best["y_value"]]]


def test_best_of_k_is_the_expected_maximum(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(["adam", "sgd"], 2, tuned=10)
    page, table = draw_page("best_of_k", study)
    search = _search(study)
    for name in ("adam", "sgd"):
        values = np.sort(search.of(name)["value"].fillna(-np.inf).to_numpy())
        for k in (3, 10):
            weights = np.array([comb(place, k - 1) for place in range(10)]) / comb(10, k)
            expected = float((weights * np.where(weights > 0, values, 0)).sum())
            row = table[(table["optimizer"] == name) & (table["k"] == k)]
            if np.isfinite(expected):
                assert row["expected"].item() == pytest.approx(expected)
    last = table[table["k"] == 10].set_index("optimizer")["expected"]
    assert last["adam"] == pytest.approx(search.of("adam")["value"].max())
    assert "gains most from a longer search" in str(page.title)


def test_importance_names_the_most_important_hyperparameter(make_study: MakeStudy, draw_page: DrawPage) -> None:
    """The accuracies of the study depend on the learning rate, hardly on decay and not at all on rho."""
    page, table = draw_page("importance", make_study(["adam", "sgd"], 2, tuned=24))
    firsts = table.groupby("optimizer", sort=False)["hyperparameter"].first()
    assert firsts.tolist() == ["learning_rate", "learning_rate"]
    assert page.title == "The learning rate is the most important hyperparameter of every optimizer in this search"
    assert table.groupby("optimizer")["share"].sum().max() <= 1 + 1e-9
    with pytest.raises(NoDataError, match="8 configurations or more"):
        draw_page("importance", make_study(["adam"], 2, tuned=6))


def test_the_selected_setting_is_compared_with_the_default(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(["sgd", "adam"], 12, tuned=9)
    better = study.runs["setting"] == "sgd (tuned)"
    study.runs.loc[better, "test/accuracy"] = study.runs.loc[study.runs["setting"] == "sgd", "test/accuracy"].to_numpy() + 0.05
    page, table = draw_page("chosen", study)
    pd.testing.assert_frame_equal(table, study.selection)
    assert page.title == "Tuning is shown to help sgd; 1 of 2 winners lies on the edge of the space"
    texts = page.words
    assert texts.count("low edge") == 1
    assert "best of 9 configurations, validation accuracy 0.740 over 3 seeds" in texts
    assert "10⁻⁶ to 0.001, log" in texts
    assert "one of 0.9, 0.99" in texts


def test_too_few_seeds_show_no_effect_of_tuning(make_study: MakeStudy, draw_page: DrawPage) -> None:
    page, _ = draw_page("chosen", make_study(["sgd", "adam"], 4, tuned=9))
    assert page.title == "1 of 2 winners lies on the edge of the space"


def test_tuned_and_default_are_settings_of_one_optimizer(make_study: MakeStudy) -> None:
    findings = Findings(make_study(["sgd", "adam"], 4, tuned=8))
    assert findings.noun == "setting"
    assert findings.styles["adam (tuned)"].colour == palette.OPTIMIZER_STYLES["adam"].colour


def test_gains_are_found_where_settings_are_named_by_their_values(make_study: MakeStudy, draw_page: DrawPage) -> None:
    """As they are once a second setting of `adam (tuned)` is in the study."""
    study = make_study(["adam", "sgd"], 12, boundaries=False, tuned=8)
    plain, _ = draw_page("chosen", study)
    named = study.runs.assign(setting=study.runs["setting"] + " lr=0.05")
    page, _ = draw_page("chosen", replace(study, runs=named))
    assert page.title == plain.title
    assert _words(page) == _words(plain)


def test_a_long_hyperparameter_is_shown_without_its_section(make_study: MakeStudy, draw_page: DrawPage) -> None:
    study = make_study(["adam"], 6, boundaries=False, tuned=8)
    renamed = study.selection.replace({"hyperparameter": {"learning_rate": "network.scale_of_all_layers"}})
    page, _ = draw_page("chosen", replace(study, selection=renamed))
    shown = page.words
    assert "scale_of_all_layers" in shown
