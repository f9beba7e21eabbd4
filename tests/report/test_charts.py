import re
from collections.abc import Callable
from importlib.resources import files

import numpy as np
import pytest

from nnbench.report import charts, style
from nnbench.report.curves import bands
from nnbench.report.findings import METRICS, Findings
from nnbench.study import Study

MakeStudy = Callable[..., Study]


def test_contrast_is_that_of_the_standard() -> None:
    assert charts.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert charts.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("look", style.LINES.values(), ids=style.LINES)
def test_colours_can_be_read_by_night(look: style.Line) -> None:
    assert charts.contrast(charts.by_night(look.colour), charts.NIGHT) >= charts.CONTRAST


def test_a_colour_that_is_light_enough_stays() -> None:
    assert charts.by_night("#ffcc00") == "#ffcc00"


def test_the_night_is_that_of_the_stylesheet() -> None:
    css = (files("nnbench.report") / "data" / "report.css").read_text()
    assert f"--paper: {charts.NIGHT};" in css


def test_styles_name_each_setting_for_both_schemes() -> None:
    words = charts.styles({"adam": style.LINES["adam"]})
    night = charts.by_night("#d55e00")
    assert words == f".s0{{--c:#d55e00}}@media (prefers-color-scheme:dark){{.s0{{--c:{night}}}}}"


@pytest.mark.parametrize("marker", "^osDvPX<>hp*")
def test_markers_are_drawn_the_right_way_up(marker: str) -> None:
    path = charts.marker(style.Line("#000000", marker, style.SOLID, "white"))
    numbers = np.array(re.findall(r"-?\d+\.\d+", path), dtype=float).reshape(-1, 2)
    assert np.abs(numbers).max() <= 0.75
    if marker in "^v":
        tip = numbers[np.abs(numbers[:, 0]) < 0.01, 1]
        assert np.sign(tip[0]) == (-1 if marker == "^" else 1)  # y grows downwards


def test_lines_hold_the_bands_under_shared_limits(make_study: MakeStudy) -> None:
    study = make_study(
        ["adam", "sgd"], 3, outcome=lambda setting, seed: "diverged" if (setting, seed) == ("sgd", 0) else "finished"
    )
    findings = Findings(study)
    table = bands(findings, {"train_accuracy": "Training accuracy", "val_accuracy": "Validation accuracy"})
    first, second = charts.lines(findings, table, METRICS["final/val_accuracy"])
    assert (first["title"], second["title"]) == ("Training accuracy", "Validation accuracy")
    assert first["low"] == second["low"] == pytest.approx(1 / 3)
    assert first["high"] == 1
    number = {name: at for at, name in enumerate(findings.looks)}
    assert first["shown"] == [number["adam"], number["sgd"]]
    assert first["lost"] == [[number["sgd"], study.runs["diverged_at_epoch"].max()]]
    line = next(one for one in first["series"] if one["s"] == number["sgd"])
    band = table[(table["setting"] == "sgd") & (table["curve"] == "Training accuracy")]
    assert line["n"] == 2
    assert line["x"] == band["epoch"].tolist()
    for key in ("median", "low", "high"):
        np.testing.assert_allclose(line[key], band[key], rtol=1e-4)


def test_intervals_hold_estimates_and_single_runs(make_study: MakeStudy) -> None:
    findings = Findings(make_study(["adam", "sgd"], 4))
    by = findings.primary
    found = charts.intervals(findings.looks, findings.ranking(by), findings.values(by), by.name)
    best = found["rows"][0]
    assert found["name"] == "test accuracy"
    assert [seed for seed, _ in best["dots"]] == [0, 1, 2, 3]
    assert best["low"] <= best["estimate"] <= best["high"]
    assert best["words"] in f"{best['estimate']:.4f}"[:5]
    assert best["n"] == 4


def test_one_run_has_no_interval_and_no_dots(make_study: MakeStudy) -> None:
    findings = Findings(make_study(["adam"], 1))
    by = findings.primary
    (row,) = charts.intervals(findings.looks, findings.ranking(by), findings.values(by), by.name)["rows"]
    assert (row["low"], row["high"], row["bounds"], row["dots"]) == (None, None, "", [])
