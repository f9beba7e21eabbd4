"""A study in MLflow's pages, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from nnbench.records.boundary_image import SIZE
from tests.tracking.mlflow.ui.conftest import Reader, Studied

pytestmark = pytest.mark.heavy

LINES = ".js-plotly-plot .scatterlayer .trace"  # a curve in a chart
BARS = ".js-plotly-plot .barlayer .trace"
SGD, ADAM = "#0072b2", "#d55e00"  # the colours of the report


def test_the_study_opens_on_its_runs_with_its_question_and_its_links(reader: Reader) -> None:
    reader.open_study()
    note = reader.page.get_by_text("Which optimizer, with which hyperparameters, and how sure are we?")
    expect(note).to_be_visible()
    for link in ("Leaderboard", "Learning curves", "Failures", "Report"):
        expect(reader.page.get_by_role("link", name=link, exact=True)).to_be_visible()
    expect(reader.run("sweep sgd, adam over 3 seeds")).to_be_visible()
    for name, colour in {"sgd lr=1 seed=0": SGD, "adam lr=0.05 seed=0": ADAM}.items():
        row = reader.page.get_by_role("row").filter(has_text=name)
        assert row.get_by_test_id("experiment-view-table-run-color").inner_text() == colour


def test_the_note_has_the_answer_the_protocol_and_the_best_settings(reader: Reader) -> None:
    reader.open_study()
    reader.unfold_note()
    for text in ("The report says:", "Protocol.", "Runs.", "Best setting of each optimizer", "Command."):
        expect(reader.page.get_by_text(text).first).to_be_visible()
    expect(reader.page.get_by_text("grids.optimizer.sgd.learning_rate=0.1,1").first).to_be_visible()
    reader.keep("unfolded")
    reader = reader.follow("sgd")
    reader.sees_runs(3)
    assert {name.rsplit(" ", 1)[0] for name in reader.names()} == {"sgd lr=1"}


def test_selected_runs_are_compared(reader: Reader) -> None:
    reader.open_study()
    for name in ("sgd lr=1 seed=0", "adam lr=0.05 seed=0"):
        reader.page.get_by_role("row").filter(has_text=name).locator("input[type=checkbox]").first.check()
    reader.page.get_by_role("button", name="Compare", exact=True).click()
    expect(reader.page.get_by_text("Comparing 2 Runs").first).to_be_visible()
    expect(reader.page.locator(".js-plotly-plot").first).to_be_visible()
    expect(reader.page.get_by_text("optimizer.learning_rate").first).to_be_visible()


def test_the_charts_show_curves_at_the_first_click(reader: Reader) -> None:
    reader.open_study()
    reader.page.locator("input[name=runs-view-mode][value=CHART]").locator("xpath=ancestor::label").click()
    reader.section("train").scroll_into_view_if_needed()
    expect(reader.page.locator(LINES).first).to_be_visible()


def test_the_leaderboard(reader: Reader) -> None:
    reader.open_study()
    reader = reader.follow("Leaderboard")
    reader.sees_runs(9)
    for column in ("final/val_accuracy", "test/accuracy", "time/train_seconds", "optimizer.learning_rate", "seed"):
        expect(reader.page.locator(f"[col-id*='{column}'][role=columnheader]").first).to_be_attached()
    cells = reader.page.locator(".ag-center-cols-container [col-id*='final/val_accuracy']").all_inner_texts()
    accuracies = [float(cell.rstrip("…")) for cell in cells]
    assert accuracies == sorted(accuracies, reverse=True)
    assert len(accuracies) == 9
    assert not any("1e+30" in name or "sweep" in name for name in reader.names())


def test_the_learning_curves_are_means_over_seeds_on_a_log_axis(reader: Reader) -> None:
    reader.open_study()
    reader = reader.follow("Learning curves")
    for setting in ("adam lr=0.05", "sgd lr=1"):
        expect(reader.page.get_by_text(f"Group: {setting}").first).to_be_visible()
    expect(reader.section("train")).to_be_visible()
    plot = reader.page.locator(".js-plotly-plot").first
    expect(plot.locator(".scatterlayer .trace").first).to_be_visible()
    axes = plot.evaluate("plot => [plot.layout.yaxis.type, plot.data.filter(line => line.mode !== 'none').length]")
    assert axes[0] == "log"
    assert axes[1] >= 2
    reader.keep()
    bars = reader.page.locator(BARS).first
    reader.section("final").scroll_into_view_if_needed()
    expect(bars).to_be_visible()
    reader.keep("finals")


def test_the_failures(reader: Reader) -> None:
    reader.open_study()
    reader = reader.follow("Failures")
    reader.sees_runs(3)
    for text in ("diverged", "failed", "killed", "interrupted (SIGTERM)"):
        expect(reader.page.get_by_role("row").get_by_text(text, exact=True).first).to_be_visible()
    reason = re.compile(r"^ArithmeticError: no step today \(.*\.py:\d+\)$")  # where in the user's file
    expect(reader.page.get_by_role("row").get_by_text(reason).first).to_be_visible()


def test_the_views_are_in_the_menu(reader: Reader) -> None:
    reader.open_study()
    reader.page.get_by_test_id("saved-views-trigger").click()
    for name in ("Leaderboard", "Learning curves", "Failures"):
        expect(reader.page.get_by_role("menuitem").filter(has_text=name).first).to_be_visible()


def test_a_run_shows_its_note_its_picture_its_curves_and_its_config(reader: Reader) -> None:
    reader.open_study()
    reader.run("adam lr=0.05 seed=0").click()
    expect(reader.page.get_by_text("after 401 epochs in")).to_be_visible()
    reader.page.get_by_text("Show more").click()
    picture = reader.page.locator("img[src*='boundary.png']")
    expect(picture).to_be_visible()
    assert picture.evaluate("picture => picture.naturalWidth") == SIZE
    reader.keep("note")
    reader.page.get_by_role("tab", name="Model metrics").click()
    reader.section("train").scroll_into_view_if_needed()
    expect(reader.page.locator(LINES).first).to_be_visible()
    reader.keep("curves")
    reader.page.get_by_role("tab", name="Artifacts").click()
    reader.page.get_by_text("config.json").click()
    expect(reader.page.get_by_text("learning_rate").first).to_be_visible()
    reader.page.get_by_text("boundary.png").click()
    shown = reader.page.locator("img[src^='blob:'], .image-outer-container img, img[alt*='boundary']").first
    expect(shown).to_be_visible()


def test_a_sweep_shows_its_report_its_cover_and_its_tables(reader: Reader) -> None:
    reader.open_study()
    reader.run("sweep sgd, adam over 3 seeds").click()
    expect(reader.page.get_by_text("9 finished")).to_be_visible()
    reader.page.get_by_text("Show more").click()
    cover = reader.page.locator("img[src*='cover.png']")
    expect(cover).to_be_visible()
    assert cover.evaluate("picture => picture.naturalHeight") > 900
    reader.keep("cover")
    reader = reader.follow("The report")
    expect(reader.page.locator("canvas").first).to_be_visible()
    reader.page.get_by_text("figures", exact=True).click()
    expect(reader.page.get_by_text("final_table.csv")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sgd lr=1e+30 seed=0", "Diverged at epoch 1: the loss is not finite."),
        ("custom lr=0.1 seed=0", "Failed: ArithmeticError: no step today"),
        ("adam lr=0.05 seed=7", "Killed: interrupted (SIGTERM)"),
    ],
    ids=["diverged", "failed", "killed"],
)
def test_note_of_an_unfinished_run(reader: Reader, name: str, says: str) -> None:
    reader.open_study()
    reader.run(name).click()
    expect(reader.page.get_by_text(says)).to_be_visible()
    expect(reader.page.get_by_text("Parameters (").first).to_be_visible()
    reader.keep("overview")
    reader.page.get_by_role("tab", name="Model metrics").click()
    expect(reader.page.get_by_text(re.compile("No charts|Search metric charts|train|No metrics")).first).to_be_visible()
    said = reader.text()
    assert "1.8e308" not in said
    reader.page.get_by_role("tab", name="Artifacts").click()
    if "Failed" in says:
        reader.page.get_by_text("traceback.txt").click()
        expect(reader.page.get_by_text("no step today").first).to_be_visible()


def test_stored_texts_fit_mlflows_pages(studied: Studied) -> None:
    assert studied.ask("SELECT count(*) FROM metrics WHERE abs(value) > 1e300 OR is_nan") == [(0,)]
