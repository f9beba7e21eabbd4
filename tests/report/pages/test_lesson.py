"""The page `lesson`, and the data of the players of a web page."""

import base64
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from nnbench.core.palette import CLASS_COLOURS
from nnbench.lesson.functions import FUNCTIONS, Function
from nnbench.lesson.paths import STEPS
from nnbench.lesson.study import with_lesson
from nnbench.records.study import Study
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.frames import median_frames
from nnbench.report.outputs.files import write
from nnbench.report.plots import players
from nnbench.report.plots.paths import levels

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MakeStudy = Callable[..., Study]
EPOCHS = (0, 10, 100)


def taught(study: Study) -> Study:
    """A study whose runs have an optimizer, and weights at three epochs."""
    runs = study.runs.copy()
    runs["optimizer.algorithm"], runs["network.activation"] = runs["optimizer"], "relu"
    layers = [np.random.default_rng(seed).standard_normal((3, 3)) for seed in range(len(EPOCHS))]
    saved = {epoch: (layer,) for epoch, layer in zip(EPOCHS, layers, strict=True)}
    return with_lesson(replace(study, runs=runs, checkpoints=lambda run_id: saved))


def test_the_page_has_the_paths_of_each_optimizer(make_study: MakeStudy, tmp_path: Path) -> None:
    study = taught(make_study(["adam", "sgd"], 2))
    report = write(study, tmp_path, title="t", pages=["lesson"], targets=[])
    assert not report.missing
    table = pd.read_csv(report.csvs["lesson"])
    assert list(table["optimizer"].unique()) == Findings(study).optimizers
    for (_, name), path in table.groupby(["optimizer", "function"]):
        function = next(one for one in FUNCTIONS if one.name == name)
        assert len(path) == STEPS + 1
        assert path[["x", "y"]].iloc[0].tolist() == list(function.start)
        lengths = np.hypot(*np.diff(path[["x", "y"]].to_numpy(), axis=0).T)
        np.testing.assert_allclose(path["length"].iloc[1:], lengths, atol=1e-12)
    assert '"paths":[{"functions"' in report.web.read_text()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)
def test_contour_lines_are_a_factor_of_four_apart_and_on_the_surface(function: Function) -> None:
    found = levels(function.surface)
    np.testing.assert_allclose(found[1:] / found[:-1], 4)
    assert found[-1] < function.surface.values.max()


def test_a_study_whose_optimizers_are_not_here_says_so(make_study: MakeStudy, tmp_path: Path) -> None:
    report = write(make_study(["adam"], 2), tmp_path, title="t", pages=["lesson"], targets=[])
    assert report.missing == [("lesson", "no optimizer of the study can be run here")]


def test_the_sprite_has_the_colours_of_the_classes(make_study: MakeStudy) -> None:
    study = taught(make_study(["adam"], 3))
    ((setting, frames, losses),) = median_frames(Findings(study))
    assert setting == "adam"
    assert frames.epochs == EPOCHS
    assert set(EPOCHS) & set(losses)
    (panel,) = players.boundaries([(setting, "#123456", frames, losses)])["panels"]
    picture = Image.open(BytesIO(base64.b64decode(panel["sprite"].partition(",")[2]))).convert("RGBA")
    cells = frames.labels.shape[1]
    assert picture.size == (cells, len(EPOCHS) * cells)
    pixels = np.asarray(picture).reshape(len(EPOCHS), cells, cells, 4)[:, ::-1]
    np.testing.assert_array_equal(pixels[..., :3], np.array(CLASS_COLOURS)[frames.labels])
    sure = frames.confidences / 255 > 0.99
    assert (pixels[..., 3][sure] >= 180).all(), "what is sure is opaque"
    assert pixels[..., 3].min() < 60, "a guess is not"
    assert len(panel["sprite"]) < 20_000


@pytest.mark.heavy
def test_the_players_in_a_browser(make_study: MakeStudy, browser: "Browser", tmp_path: Path) -> None:
    from playwright.sync_api import expect  # in an extra

    path = write(taught(make_study(["adam", "sgd"], 2)), tmp_path, title="t", pages=["lesson", "boundaries"], targets=[]).web
    cases: list[tuple[Literal["no-preference", "reduce"], int]] = [("no-preference", 1200), ("reduce", 360)]
    for motion, width in cases:
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion=motion, offline=True)
        page = context.new_page()
        # Resizing that takes more than one round is no fault: the charts are drawn to the width of the window.
        record = "if (!event.message.includes('ResizeObserver')) document.title = `error: ${event.message}`"
        page.add_init_script(f"window.addEventListener('error', (event) => {{ {record}; }})")
        page.goto(path.absolute().as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is wider than the window"

        box = page.locator("#lesson .player")
        said, slider, button = box.locator("output"), box.get_by_role("slider"), box.locator(".controls button")
        expect(said).to_have_text("step 200")
        slider.press("Home")
        expect(said).to_have_text("step 0")
        assert box.locator("polyline").count() == 4
        assert len((box.locator("polyline").first.get_attribute("points") or "").split(" ")) == 1
        slider.press("ArrowRight")
        expect(said).to_have_text("step 1")
        button.click()
        expect(button).to_have_attribute("aria-label", "Pause")
        page.wait_for_timeout(1500)
        slider.press(" ")
        expect(button).to_have_attribute("aria-label", "Play")
        step = int(said.inner_text().split()[1])
        assert step > 1
        assert motion == "no-preference" or (step - 1) % 17 == 0, "one moment a second, in jumps"
        page.wait_for_timeout(200)
        expect(said).to_have_text(f"step {step}")

        player = page.locator("#boundaries .player")
        expect(player.locator("output")).to_have_text("epoch 100")
        canvas = player.locator("canvas").first
        expect(canvas).to_have_attribute("data-frame", "2")
        end = canvas.evaluate("one => one.toDataURL()")
        player.get_by_role("slider").press("Home")
        expect(canvas).to_have_attribute("data-frame", "0")
        assert canvas.evaluate("one => one.toDataURL()") != end
        assert not page.title().startswith("error")
        context.close()
