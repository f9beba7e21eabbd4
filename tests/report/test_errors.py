"""A page or a file that cannot be made costs only itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest
from pypdf import PdfReader

from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.findings.findings import Findings
from nnbench.report.outputs import files, html, markdown
from nnbench.report.outputs.files import Report, write
from nnbench.report.pages import loss
from nnbench.report.plots.page import Section

MakeStudy = Callable[..., Study]
PAGES = ["cover", "final_table", "loss", "runs"]


def _raise(*_: object, **__: object) -> NoReturn:
    raise ValueError("of a fault\nthat has two lines")


def _write(study: Study, folder: Path) -> Report:
    return write(study, folder, title="t", pages=PAGES, targets=[0.8])


def _words(report: Report) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(report.pdf).pages]


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["loss", "cover"])
def test_a_page_that_raises(name: str, make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = figures.load
    monkeypatch.setattr(figures, "load", lambda one: _raise if one == name else usual(one))
    report = _write(make_study(["adam", "sgd"], 2, boundaries=False), tmp_path)
    assert [one for one, _ in report.missing] == [name]
    assert [(fault.part, fault.reason) for fault in report.errors] == [(name, "ValueError: of a fault")]
    assert f"{name.capitalize()}: making it raised ValueError: of a fault" in " ".join(_words(report))
    assert "making it raised ValueError: of a fault" in report.web.read_text()
    assert "making it raised ValueError: of a fault" in report.summary.read_text() or name == "cover"
    assert "in _raise" in report.log.read_text()
    assert set(report.csvs) == set(PAGES) - {name}
    assert report.log in report.files
    monkeypatch.undo()
    assert not _write(make_study(["adam", "sgd"], 2, boundaries=False), tmp_path).log.exists()


def test_a_plot_that_cannot_be_drawn(make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page has the reason as its content; its numbers stay as the cover has them."""
    usual = loss.draw

    def spoil(section: Section, *given: Any) -> pd.DataFrame:
        table = usual(section, *given)
        section.begun.plots[0].drawing.figure.axes[0].lines[0].draw = _raise  # type: ignore[method-assign]
        return table

    monkeypatch.setattr(loss, "draw", spoil)
    report = _write(make_study(["adam", "sgd"], 2, boundaries=False), tmp_path)
    assert [name for name, _ in report.missing] == ["loss"]
    words = " ".join(_words(report))
    assert "Making it raised ValueError: of a fault" in words
    assert "4 runs, all finished" in words
    assert "loss" in report.csvs
    assert "loss" not in report.svgs
    assert "in _raise" in report.log.read_text()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("module", "function", "part"),
    [
        (html, "page", "report.html"),
        (markdown, "summary", "summary.md"),
        (files, "_csv", "final_table.csv"),
    ],
)
def test_a_file_that_cannot_be_written(
    module: object, function: str, part: str, make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, function, _raise)
    report = _write(make_study(["adam", "sgd"], 2, boundaries=False), tmp_path)
    assert part in [fault.part for fault in report.errors]
    assert "4 runs, all finished" in " ".join(_words(report))
    assert not list(tmp_path.rglob(part))
    assert report.files == [path for path in report.files if path.exists()]


def test_a_conclusion_that_cannot_be_computed(make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Findings, "by", _raise)
    report = _write(make_study(["adam", "sgd"], 2, boundaries=False), tmp_path)
    assert report.answer.startswith("The answer could not be worked out")
    assert "report.log" in report.answer
    assert {name for name, _ in report.missing} >= {"cover", "final_table", "loss"}
    assert report.pdf.exists()
