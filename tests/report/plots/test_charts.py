import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from nnbench.core import palette
from nnbench.records.study import Study
from nnbench.report.blocks import Interactive
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.pages import ReportOptions, loss
from nnbench.report.plots import charts, finals
from nnbench.report.plots.curves import bands
from nnbench.report.plots.page import Section

MakeStudy = Callable[..., Study]


def test_styles_name_the_colours_of_each_setting() -> None:
    line_style = palette.OPTIMIZER_STYLES["adam"]
    assert charts.style_rules({"adam": line_style}) == f".s0{{--c:{line_style.colour};--w:{line_style.text_colour}}}"


@pytest.mark.parametrize("marker", "^osDvPX<>hp*")
def test_markers_are_drawn_the_right_way_up(marker: str) -> None:
    path = charts.marker(palette.LineStyle("#000000", marker, palette.SOLID, "white"))
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
    number = {name: at for at, name in enumerate(findings.styles)}
    assert first["shown"] == [number["adam"], number["sgd"]]
    assert first["lost"] == [[number["sgd"], study.runs["diverged_at_epoch"].max()]]
    line = next(one for one in first["series"] if one["s"] == number["sgd"])
    band = table[(table["setting"] == "sgd") & (table["curve"] == "Training accuracy")]
    assert line["n"] == 2
    assert line["x"] == band["epoch"].tolist()
    for key in ("iqm", "low", "high"):
        np.testing.assert_allclose(line[key], band[key], rtol=1e-4)


def test_the_page_and_the_chart_of_losses_have_the_same_reference(make_study: MakeStudy) -> None:
    """The Bayes loss lies below all curves here: it was in the caption, and on the web page not to be seen."""
    study = make_study(["adam", "sgd"], 3)
    for bayes, seen in ((study.runs["final/train_loss"].min() / 5, True), (1e-6, False)):
        runs = study.runs.assign(**{"reference/bayes_loss": bayes})
        findings = Findings(replace(study, runs=runs))
        section = Section("loss")
        loss.draw(section, findings, ReportOptions(title="", targets=()))
        (block,) = section.begun.blocks
        assert isinstance(block, Interactive)
        assert len(block.chart.data) == 2
        assert ("Bayes" in section.begun.caption) == seen
        assert all((one["low"] <= bayes <= one["high"]) == seen for one in block.chart.data)


def test_intervals_hold_estimates_and_single_runs(make_study: MakeStudy) -> None:
    findings = Findings(make_study(["adam", "sgd"], 6))
    by = findings.primary
    found = charts.intervals(findings.styles, findings.ranking(by), findings.values(by), by.name)
    best = found["rows"][0]
    assert found["name"] == "test accuracy"
    assert [seed for seed, _ in best["dots"]] == [0, 1, 2, 3, 4, 5]
    assert best["low"] <= best["estimate"] <= best["high"]
    assert float(best["words"]) == pytest.approx(best["estimate"], abs=5e-4)
    assert best["n"] == 6


def test_intervals_count_the_runs_that_the_estimates_leave_out(make_study: MakeStudy) -> None:
    lost = {("sgd", 0): "diverged", ("sgd", 1): "diverged", ("sgd", 2): "failed", ("adam", 3): "failed"}
    findings = Findings(make_study(["adam", "sgd"], 6, outcome=lambda setting, seed: lost.get((setting, seed), "finished")))
    by = findings.primary
    rows = charts.intervals(findings.styles, findings.ranking(by), findings.values(by), by.name)["rows"]
    told = {list(findings.styles)[row["s"]]: row["diverged"] for row in rows}
    assert told == {"adam": "", "sgd": "2 of 5 diverged"}, "a run that failed says nothing of its setting"
    assert finals.counts(findings) == {"adam": (6, "1 failed"), "sgd": (6, "2 diverged, 1 failed")}


def test_one_run_has_no_interval_and_no_dots(make_study: MakeStudy) -> None:
    findings = Findings(make_study(["adam"], 1))
    by = findings.primary
    (row,) = charts.intervals(findings.styles, findings.ranking(by), findings.values(by), by.name)["rows"]
    assert (row["low"], row["high"], row["bounds"], row["dots"]) == (None, None, "", [])
