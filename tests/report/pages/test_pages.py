"""Each page's table is what it drew, and its title is what the table says."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib.style
import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from nnbench.core import palette
from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.blocks import Text
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import decision_boundary as plane
from nnbench.report.plots import style
from nnbench.report.plots.page import Section
from tests.oracles import interquartile
from tests.report.conftest import Drawn

MakeStudy = Callable[..., Study]
ROOT = Path(__file__).parents[3]
SETTINGS = ReportOptions(title="Optimizers compared", targets=(0.8, 0.95))


def _draw(name: str, study: Study) -> tuple[Drawn, pd.DataFrame]:
    section = Section(name)
    with matplotlib.style.context(["default", style.RC]):
        table = figures.load(name)(section, Findings(study), SETTINGS)
        return Drawn(section.begun), table


def _words(page: Drawn) -> list[str]:
    return page.words


def test_every_page_is_in_a_choice_of_conf() -> None:
    choices = [yaml.safe_load(path.read_text()) for path in (ROOT / "conf" / "report").glob("*.yaml")]
    assert {page for choice in choices for page in choice.get("pages", [])} == {*figures.names(), *figures.suite_names()}


@pytest.mark.parametrize("name", [name for name in figures.names() if name != "cover"])
def test_a_page_without_data_has_a_reason(name: str, make_study: MakeStudy) -> None:
    with pytest.raises(NoDataError, match=r"^(no |none |fewer than |there is no run)"):
        _draw(name, make_study([], 0))


@pytest.mark.parametrize("name", ["loss", "accuracy"])
def test_curves_are_the_interquartile_means_of_the_table(name: str, comparison: Study) -> None:
    page, table = _draw(name, comparison)
    columns = [f"train_{name}", f"val_{name}"]
    assert len(page.axes) == 2
    for axes, (curve, own), column in zip(page.axes, table.groupby("curve", sort=False), columns, strict=True):
        assert str(curve).split()[0].lower().startswith(column.split("_")[0])
        lines = {line.get_color(): line for line in axes.lines if np.size(line.get_xdata()) > 1}
        for setting, band in own.groupby("setting"):
            drawn = lines[palette.OPTIMIZER_STYLES[str(setting)].colour]
            assert np.array_equal(np.asarray(drawn.get_xydata()), band[["epoch", "iqm"]].to_numpy())
            run_ids = comparison.runs.loc[comparison.runs["setting"] == setting, "run_id"]
            curves = comparison.curves[comparison.curves["run_id"].isin(run_ids)]
            wide = curves.pivot(index="epoch", columns="run_id", values=column)
            assert band["iqm"].to_numpy() == pytest.approx(interquartile(wide, axis=1))
            assert band["low"].to_numpy() == pytest.approx(wide.quantile(0.25, axis=1).to_numpy())


def test_a_line_ends_at_the_value_that_its_setting_is_ranked_by(make_study: MakeStudy) -> None:
    """A diverged run is in neither; one that stopped early keeps its last value in both."""
    ends = {("adam", 3): "diverged", ("sgd", 1): "stopped"}
    study = make_study(["adam", "sgd"], 7, outcome=lambda setting, seed: ends.get((setting, seed), "finished"))
    for name, column in (("loss", "final/train_loss"), ("accuracy", "final/train_accuracy")):
        page, table = _draw(name, study)
        drawn = table[table["curve"].str.startswith("Training")].groupby("setting").last()
        ranked = Findings(study).ranking(METRICS[column]).set_index("setting")
        assert drawn["n"].to_dict() == {"adam": 6, "sgd": 7}
        assert drawn["iqm"].to_dict() == pytest.approx(ranked["estimate"].to_dict(), rel=1e-6)
        assert "Line: interquartile mean over seeds" in page.caption


def test_panels_of_a_page_share_their_limits_and_the_loss_is_logarithmic(comparison: Study) -> None:
    page, _ = _draw("accuracy", comparison)
    assert {axes.get_yscale() for axes in page.axes} == {"linear"}
    assert len({(*axes.get_ylim(), *axes.get_xlim()) for axes in page.axes}) == 1
    page, _ = _draw("loss", comparison)
    assert {axes.get_yscale() for axes in page.axes} == {"log"}
    assert len({(axes.get_ylim()[1], *axes.get_xlim()) for axes in page.axes}) == 1
    decades = [np.log10(axes.get_ylim()[1] / axes.get_ylim()[0]) / axes.get_window_extent().height for axes in page.axes]
    assert decades == pytest.approx([decades[0]] * 2)  # as many millimetres to a factor of ten


def test_early_peaks_of_the_loss_are_cut_off_and_reported(make_study: MakeStudy) -> None:
    study = make_study(["adam", "sgd"], 4)
    study.curves.loc[study.curves["epoch"] == 3, "train_loss"] = 20.0
    page, table = _draw("loss", study)
    tops = [axes.get_ylim()[1] for axes in page.axes]
    assert max(tops) < 1.5 < table["high"].max() == 20
    assert "Early losses of up to 20 are cut off above 1.2." in " ".join(_words(page))


def test_accuracy_goes_from_chance_to_one(comparison: Study) -> None:
    page, _ = _draw("accuracy", comparison)
    assert page.axes[0].get_ylim() == pytest.approx((1 / 3, 1))


def test_many_settings_have_a_panel_each(make_study: MakeStudy) -> None:
    names = [f"adam lr={rate}" for rate in range(20)]
    page, table = _draw("loss", make_study(names, 2))
    assert len(page.axes) == 18
    assert set(table["setting"]) == set(names)
    assert "The first 18 of 20 settings" in " ".join(_words(page))


def test_one_run_has_no_band_and_a_caption(make_study: MakeStudy) -> None:
    page, _ = _draw("loss", make_study(["adam"], 1))
    assert not any(axes.collections for axes in page.axes)
    assert "no band" in " ".join(_words(page))


def test_of_very_many_runs_the_lost_ones_and_the_first_seeds_are_listed(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnbench.report.pages.runs._MANY", 5)
    study = make_study(["adam", "sgd"], 6, outcome=lambda setting, seed: "diverged" if seed == 5 else "finished")
    page, table = _draw("runs", study)
    said = " ".join(_words(page))
    assert "5 of 12 runs: those that were not completed, and the first seeds of each setting" in said
    shown = table[[run_id in said for run_id in table["run_id"]]]
    assert sorted(shown["seed"]) in ([0, 0, 1, 5, 5],)
    assert len(table) == 12


def test_a_caption_says_that_curves_are_thinned(make_study: MakeStudy) -> None:
    study = make_study(["adam", "sgd"], 3)
    said = "Of each run, up to 50 evaluations are drawn"
    pages = [_draw("loss", one)[0] for one in (study, replace(study, thinned=50))]
    assert [said in " ".join(_words(page)) for page in pages] == [False, True]


def test_diverged_runs_are_drawn_on_the_rail(make_study: MakeStudy) -> None:
    study = make_study(["adam", "sgd"], 4, outcome=lambda setting, seed: "diverged" if setting == "sgd" else "finished")
    page, table = _draw("loss", study)
    assert set(table["setting"]) == {"adam"}
    crosses = [line for line in page.axes[0].lines if line.get_marker() == "x"]
    epochs = [float(np.asarray(line.get_xdata())[0]) for line in crosses]
    assert sorted(epochs) == sorted(study.runs["diverged_at_epoch"].dropna())
    assert {to_hex(str(line.get_color())) for line in crosses} == {palette.OPTIMIZER_STYLES["sgd"].colour}
    assert min(float(np.asarray(line.get_ydata())[0]) for line in crosses) > 1  # above the panel, in shares of its height
    assert "4 runs that diverged (4 of sgd)" in " ".join(_words(page))


def test_final_table_prints_what_it_returns(comparison: Study) -> None:
    page, table = _draw("final_table", comparison)
    words = _words(page)
    best = table.iloc[0]
    assert best["setting"] == "adam"
    for column in ("test/accuracy", "final/train_loss"):
        values = comparison.runs.loc[comparison.runs["setting"] == "adam", column]
        assert best[f"{column} estimate"] == pytest.approx(float(interquartile(values)))
        assert f"{best[f'{column} estimate']:.3f}" in words
        assert f"[{best[f'{column} low']:.3f}, {best[f'{column} high']:.3f}]" in words


def test_bold_settings_are_not_shown_to_be_behind(comparison: Study, make_study: MakeStudy) -> None:
    page, table = _draw("final_table", comparison)
    columns = [name for name in table if str(name).endswith(" behind") and "epochs_to" not in str(name)]
    bold = [cell for cell in page.cells if cell.bold and re.fullmatch(r"0\.\d+", cell.words)]
    assert len(bold) == sum((~table[column]).sum() for column in columns) == 4
    alike, _ = _draw("final_table", make_study(seeds=3))
    assert not [cell for cell in alike.cells if cell.bold]


def test_a_setting_that_is_not_ranked_is_not_among_the_best(make_study: MakeStudy) -> None:
    """Most of its runs diverged; what the few that are left show is told, neither in bold nor filled."""
    study = make_study(outcome=lambda name, seed: "diverged" if name == "rmsprop" and seed > 2 else "finished")
    page, table = _draw("final_table", study)
    (value,) = table.loc[table["setting"] == "rmsprop", "test/accuracy estimate"]
    shown = [cell for cell in page.cells if cell.words == f"{value:.3f}"]
    assert shown
    assert not any(cell.bold for cell in shown)
    cover, _ = _draw("cover", study)
    marks = {line.get_marker(): line for line in cover.axes[0].lines if line.get_markersize() == 6}
    assert to_hex(marks["D"].get_markerfacecolor()) == "#ffffff"
    assert to_hex(marks["^"].get_markerfacecolor()) == palette.OPTIMIZER_STYLES["adam"].colour


def test_times_include_the_runs_that_never_reached_the_target(make_study: MakeStudy) -> None:
    broken = {("adam", 0): "diverged"}
    study = make_study(["adam", "sgd"], 4, outcome=lambda *run: broken.get(run, "finished"))
    page, table = _draw("final_table", study)
    rows = table.set_index("setting")
    noted = study.runs[study.runs["setting"] == "adam"]["epochs_to/0.80"]
    assert list(rows.loc["adam", ["epochs_to/0.80 reached", "epochs_to/0.80 runs"]]) == [noted.notna().sum(), 4]
    assert rows.loc["adam", "epochs_to/0.80 median"] == sorted(noted.fillna(np.inf))[1]  # half of four had by then
    assert rows.loc["sgd", "epochs_to/0.95 median"] == np.inf
    assert "∞ (10,000)" in _words(page)


def test_a_target_without_metric_is_computed_from_the_curves(comparison: Study) -> None:
    section = Section("final_table")
    with matplotlib.style.context(["default", style.RC]):
        settings = ReportOptions(title="", targets=(0.7,))
        table = figures.load("final_table")(section, Findings(comparison), settings).set_index("setting")
    curves = comparison.curves.merge(comparison.runs[["run_id", "setting"]], on="run_id")
    adam = curves[(curves["setting"] == "adam") & (curves["train_accuracy"] >= 0.7)]
    assert table.loc["adam", "epochs_to/0.70 median"] == sorted(adam.groupby("run_id")["epoch"].min())[4]


def test_boundaries_are_those_of_the_median_and_the_worst_seed(comparison: Study) -> None:
    page, table = _draw("boundaries", comparison)
    assert len(page.axes) == len(table) == 12
    accuracy = comparison.runs.set_index("run_id")["test/accuracy"]
    for setting, which, run_id in table[["setting", "which", "run_id"]].itertuples(index=False):
        own = comparison.runs.loc[comparison.runs["setting"] == setting, "test/accuracy"]
        place = {"worst": 0, "median": 4, "best": 9}[which]  # the lower of the two in the middle of ten
        assert accuracy[run_id] == sorted(own)[place]
    low, high = table.loc[table["which"] == "median", "test/accuracy"].agg(["min", "max"])
    assert page.title == f"At the median seed, test accuracy lies between {low:.3f} for rmsprop and {high:.3f} for adam"


def test_boundaries_at_checkpoints_are_shown(make_study: MakeStudy) -> None:
    page, table = _draw("boundaries", make_study(["adam", "sgd"], 3, checkpoints=[10, 50, 100, 500, 1000, 10_000]))
    median = table[(table["setting"] == "adam") & (table["which"] == "median")]
    assert median["epoch"].tolist() == [10, 100, 1000, pd.NA]  # three of them, and not the last epoch twice
    assert median["run_id"].nunique() == 1
    assert median["wrong"].nunique() > 1
    assert [word for word in _words(page) if word.startswith("epoch")] == ["epoch 10", "epoch 100", "epoch 1,000"] * 2


def test_one_run_has_one_boundary(make_study: MakeStudy) -> None:
    page, table = _draw("boundaries", make_study(["adam"], 1))
    assert table["which"].tolist() == ["only run"]
    assert str(page.title).startswith("Test accuracy of adam: ")


def test_boundaries_mark_the_points_that_the_network_gets_wrong(comparison: Study) -> None:
    page, table = _draw("boundaries", comparison)
    assert (table["points"] == 1500).all()
    for axes, run_id, wrong in zip(page.axes, table["run_id"], table["wrong"], strict=True):
        boundary = comparison.boundary(run_id)
        assert boundary is not None
        cells = np.clip(((boundary.test_points + 1.2) / 2.4 * 200).astype(int), 0, 199)
        assert wrong == (boundary.label[cells[:, 1], cells[:, 0]] != boundary.test_labels).sum()
        (picture,) = axes.images
        assert tuple(picture.get_extent()) == boundary.extent


def test_decision_fields_fade_to_white_and_use_class_colours_only(comparison: Study) -> None:
    boundary = comparison.boundary(str(comparison.runs["run_id"].iloc[0]))
    assert boundary is not None
    corner = replace(boundary, test_points=boundary.test_points[:1] * 0 + 1.19, test_labels=boundary.test_labels[:1])
    axes = Figure(figsize=(8.27, 11.69)).add_axes((0.1, 0.1, 0.5, 0.35))
    plane.draw(axes, corner, None, 1.0)
    (picture,) = axes.images
    field = np.asarray(picture.get_array())[::-1]  # row 0 at the bottom, as the grid's
    high, wide = (np.array(field.shape[:2]) / boundary.label.shape).tolist()
    sure = (np.unravel_index(at, boundary.label.shape) for at in (boundary.confidence.argmax(), boundary.confidence.argmin()))
    most, least = (255 - int(field[int((row + 0.5) * high), int((column + 0.5) * wide)].min()) for row, column in sure)
    assert least < 40 < 100 < most
    assert not {to_hex(colour / 255) for colour in field.reshape(-1, 3)[::500]} & {
        line_style.colour for line_style in palette.OPTIMIZER_STYLES.values()
    }


def test_printed_rows_are_the_notebooks_and_counted(make_study: MakeStudy) -> None:
    page, table = _draw("printed", make_study(list(palette.OPTIMIZER_STYLES), 12))
    accuracies, losses = (table[table["curve"] == curve] for curve in ("accuracy", "loss"))
    assert len(accuracies) == len(losses) == 55
    first = accuracies[accuracies["epoch"] == 0].set_index("setting")["printed"].to_dict()
    assert first == {"sgd": 0.36, "adagrad": 0.41, "rmsprop_default": 0.27, "rmsprop": 0.303, "adam": 0.307}
    last = losses[losses["epoch"] == 10_000].set_index("setting")["printed"]
    assert (last["rmsprop"], last["rmsprop_default"]) == (0.28, 0.584)
    between = accuracies["printed"].between(accuracies["least"] - 5e-4, accuracies["most"] + 5e-4)
    assert page.title == f"{between.sum()} of the notebook's 55 printed accuracies lie within the range of our 12 seeds"
    dots = [line for axes in page.axes for line in axes.lines if line.get_marker() == "o"]
    assert sorted(float(value) for line in dots for value in np.asarray(line.get_ydata())) == sorted(table["printed"])


def test_printed_rows_past_our_last_epoch_are_not_judged(make_study: MakeStudy) -> None:
    study = make_study(["adam"], 3)
    short = study.curves[study.curves["epoch"] < 2500]
    page, table = _draw("printed", Study(**{**study.__dict__, "curves": short}))
    assert "of the notebook's 3 printed accuracies up to epoch 2,000 lie" in str(page.title)
    past = table["epoch"] > short["epoch"].max()
    assert table.loc[past, "iqm"].isna().all()
    assert not table.loc[past, "inside"].any()
    assert table.loc[~past, "iqm"].notna().all()


def test_provenance_warns_of_mixed_and_of_uncommitted_code(make_study: MakeStudy) -> None:
    clean, _ = _draw("provenance", make_study(seeds=1))
    assert clean.title == "All runs come from one version of the code, commit 9f3c2ab41d"
    mixed, _ = _draw("provenance", make_study(seeds=1, commits=["a" * 40, "b" * 40]))
    assert mixed.title == "The runs come from 2 versions of the code: compare them with care"
    study = make_study(seeds=1)
    study.runs["dirty"] = [True, False, False, False]
    dirty, _ = _draw("provenance", study)
    assert str(dirty.title).startswith("The code had uncommitted changes")


def test_a_repeated_command_is_shown_once(comparison: Study) -> None:
    for words in ("first", "first", "second", "first"):
        sweep = comparison.sweeps.assign(command=f"python -m nnbench -m {words}")
        comparison = replace(comparison, sweeps=pd.concat([comparison.sweeps, sweep], ignore_index=True))
    _, table = _draw("provenance", comparison)
    told = table.loc[table["kind"] == "command", "value"].tolist()
    assert [line.split()[-1] for line in told] == ["seed='range(10)'", "second", "first"]
    page, _ = _draw("cover", comparison)
    assert [words for words in _words(page) if words.startswith("python -m")] == told


def test_provenance_separates_varying_and_common_values(comparison: Study) -> None:
    _, table = _draw("provenance", comparison)
    kinds = table.set_index("key")["kind"]
    assert kinds["seed"] == "varied"
    assert kinds["dataset.noise"] == "common"
    settings = table[table["kind"] == "setting"].set_index("key")["value"]
    assert settings["adam"] == "learning_rate 0.2, decay 0.0001"


def test_all_runs_have_their_ids(make_study: MakeStudy) -> None:
    study = make_study(["adam", "sgd"], 70)
    page, table = _draw("runs", study)
    assert table["run_id"].tolist() == study.runs["run_id"].tolist()
    assert set(study.runs["run_id"]) <= set(_words(page))
    assert page.title == "140 runs, all finished"


def test_a_failed_run_has_its_reason(make_study: MakeStudy) -> None:
    study = make_study(["adam"], 2, outcome=lambda setting, seed: "failed" if seed else "finished")
    study.runs["reason"] = [None, "ValueError: weights must be finite"]
    page, table = _draw("runs", study)
    assert "ValueError: weights must be finite" in _words(page)
    assert table["reason"].tolist() == ["", "ValueError: weights must be finite"]


def test_cover_ranks_as_the_findings_do(comparison: Study) -> None:
    page, table = _draw("cover", comparison)
    pd.testing.assert_frame_equal(table, Findings(comparison).ranking(METRICS["test/accuracy"]))
    (forest_plot,) = page.axes
    marks = [line for line in forest_plot.lines if np.size(line.get_xdata()) == 1]
    assert [float(np.asarray(line.get_xdata())[0]) for line in marks] == table["estimate"].tolist()
    hollow = [line.get_markerfacecolor() == "white" for line in marks]
    assert hollow == table["behind"].tolist()
    assert page.title == SETTINGS.title


def test_losses_of_zero_have_a_page(comparison: Study) -> None:
    curves = comparison.curves.assign(train_loss=1e-7, val_loss=0.0)  # as of one class
    page, table = _draw("loss", replace(comparison, curves=curves))
    assert len(page.axes) == 2
    assert (table.loc[table["curve"].str.startswith("Validation"), "high"] == 0).all()


@pytest.mark.parametrize("page", ["loss", "accuracy"])
def test_curves_of_a_single_point_are_not_drawn(comparison: Study, page: str) -> None:
    with pytest.raises(NoDataError, match="no completed run was measured after an update"):
        _draw(page, replace(comparison, curves=comparison.curves[comparison.curves["epoch"] == 0]))


def test_sentences_of_equal_budgets_are_few(make_study: MakeStudy) -> None:
    page, table = _draw("equal_budget", make_study(["sgd", *(f"mine{number}" for number in range(9))], 2))
    assert len(table) == 9
    assert len([block for block in page.blocks if isinstance(block, Text) and "sgd" in block.words]) == 4
