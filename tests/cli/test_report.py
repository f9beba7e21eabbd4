"""The report's command line: a study again, some of its pages, two studies side by side."""

import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from rich.console import Console

from nnbench.cli import report_progress as reporting
from nnbench.cli.report import main as report_main
from tests.conftest import CommandOutput

pytestmark = pytest.mark.usefixtures("trainer")
Command = Callable[..., CommandOutput]
TINY = "-m", "optimizer=sgd,adam", "seed=range(2)", "training.epochs=30"


@pytest.fixture
def report(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `python scripts/report.py WORDS` in this process, in the folder that the studies are in."""
    monkeypatch.chdir(home)

    def run(*words: str) -> CommandOutput:
        monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
        monkeypatch.setattr(sys, "argv", ["report.py", *words])
        capsys.readouterr()
        return CommandOutput(report_main(), *capsys.readouterr())

    return run


@pytest.mark.heavy
def test_a_study_is_reported_with_its_own_options(home: Path, nnbench: Command, report: Command) -> None:
    assert nnbench(*TINY, "study=s", "report.title=As asked", "report.pages=[cover,runs]").status == 0
    folder = home / "results" / "s"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in before} > {"report.pdf", "report.html", "summary.md", "cover.png"}
    said = report("study=s")
    assert said.status == 0
    assert f"report  {folder.relative_to(home)}/report.pdf, and beside it report.html, summary.md, figures/" in said.err
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    report("study=s", "report.title=Another")
    assert _titles(folder) == ["Another", "4 runs, all finished"]


@pytest.mark.heavy
def test_the_last_command_sets_the_report_options_without_training(home: Path, nnbench: Command, report: Command) -> None:
    folder = home / "results" / "s"
    nnbench(*TINY, "study=s", "report.title=First", "report.pages=[cover,runs]")
    again = nnbench(*TINY, "study=s", "report.title=Second", "report.pages=[cover,final_table]")
    assert "4 reused from before, 0 to do" in again.err
    asked = _titles(folder)
    assert asked[0] == "Second"
    report("study=s")
    assert _titles(folder) == asked
    nnbench(*TINY, "study=s", "optimizer.learning_rate=0.3", "report.title=Third", "report.pages=[cover,runs]")
    report("study=s")
    assert _titles(folder)[0] == "Third"


@pytest.mark.heavy
def test_a_few_pages_leave_the_report_as_it_is(home: Path, nnbench: Command, report: Command) -> None:
    nnbench(*TINY, "study=s", "report.title=As asked", "report.pages=[cover,runs]")
    folder = home / "results" / "s"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said = report("study=s", "pages=cover,curves")
    assert f"report  {folder.relative_to(home)}/pages/report.pdf, and beside it" in said.err
    assert _titles(folder / "pages")[0] == "As asked"
    drawn = sorted(path.name for path in (folder / "pages" / "figures").glob("*.csv"))
    assert drawn == ["accuracy.csv", "cover.csv", "loss.csv"]
    report("study=s", "report=comparison", "++report.pages=[runs]")
    assert _titles(folder / "pages")[1:] == ["4 runs, all finished"]
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.heavy
@pytest.mark.parametrize("title", ["null", "2024", "$x_1$ <b>"])
def test_a_title_is_always_text(title: str, home: Path, nnbench: Command, report: Command) -> None:
    quoted = f"report.title='{title}'"
    assert nnbench("-m", "optimizer=sgd", "seed=0", "training.epochs=5", "study=s", quoted, "report.pages=[cover]").status == 0
    (home / "results" / "s" / "report.pdf").unlink()
    assert report("study=s").status == 0
    assert _titles(home / "results" / "s") == [title]


@pytest.mark.heavy
def test_a_single_run_does_not_change_the_report_options_of_a_sweep(home: Path, nnbench: Command, report: Command) -> None:
    sweep = "-m", "optimizer=sgd", "seed=0", "training.epochs=5", "study=s"
    assert nnbench(*sweep, "report.title=Of the sweep", "report.pages=[cover]").status == 0
    assert nnbench("optimizer=sgd", "seed=1", "training.epochs=5", "study=s", "report.title=Of the run").status == 0
    assert report("study=s").status == 0
    assert _titles(home / "results" / "s") == ["Of the sweep"]


@pytest.mark.heavy
def test_a_report_writes_only_below_its_folder(home: Path, nnbench: Command, report: Command, tmp_path: Path) -> None:
    assert nnbench(*TINY, "study=s", "report=none").status == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (home / "results" / "s").symlink_to(elsewhere)
    said = report("study=s", "report=comparison", "report.pages=[cover]")
    assert said.status == 2
    assert "results/s: is a link to" in said.err
    assert not list(elsewhere.iterdir())


@pytest.mark.heavy
def test_an_unwritable_folder_is_reported_in_one_line(home: Path, nnbench: Command, report: Command) -> None:
    assert nnbench("-m", "optimizer=sgd", "seed=0", "training.epochs=5", "study=s", "report=none").status == 0
    asked = "study=s", "report=comparison", "report.pages=[runs]"
    (home / "results" / "s").touch()
    said = report(*asked)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert said.err.startswith("nnbench report: report.folder=results: cannot be written: results/s")
    (home / "results" / "s").unlink()
    (home / "results" / "s" / "pages" / "report.pdf").mkdir(parents=True)
    said = report(*asked)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert "cannot be written: results/s/pages/report.pdf: Is a directory" in said.err


def _titles(folder: Path) -> list[str]:
    """The title of the document and those of its pages."""
    document, *below = PdfReader(folder / "report.pdf").outline
    marks: list[Any] = [document, *(below[0] if below else [])]
    return [str(mark["/Title"]) for mark in marks]


@pytest.mark.heavy
def test_the_numbers_of_a_tuned_study(home: Path, nnbench: Command, report: Command) -> None:
    size = "training.epochs=25", "dataset.samples=20", "dataset.val_samples=20", "dataset.test_samples=20"
    small = "tuning.configs=2", "tuning.seeds=[1000]", "optimizer=adam", "seed=0,1", "report.pages=[cover,chosen,runs]"
    assert nnbench("-m", "experiment=tuned", *size, *small).status == 0
    pdf = home / "results" / "tuned" / "report.pdf"
    before = pdf.read_bytes()
    assert len(_titles(pdf.parent)) == 3
    assert report("study=tuned").status == 0
    assert pdf.read_bytes() == before


@pytest.mark.heavy
def test_two_studies_side_by_side(home: Path, nnbench: Command, report: Command) -> None:
    nnbench(*TINY, "study=none", "report=none", "optimizer.decay=0")
    nnbench(*TINY, "study=decay", "report=none")
    said = report("study=none,decay")
    assert said.status == 0
    assert "2 seeds in common cannot show a change in test accuracy from none to decay" in " ".join(said.err.split())
    folder = home / "results" / "none-vs-decay"
    assert (folder / "report.pdf").exists()
    assert "`optimizer.decay`" in (folder / "summary.md").read_text()
    for words, reason in {
        "study=none,other": "study=other: no study of that name",
        "study=none,decay,more": "study=none,decay,more: must be one study, or two different ones",
        "study=none,none": "study=none,none: must be one study, or two different ones",
        "study=none,": "study=none,: must be one study, or two different ones",
    }.items():
        said = report(words)
        assert said.status == 2
        assert reason in said.err
    said = report("study=none,decay", "pages=cover")
    assert said.status == 2
    assert "a comparison of two studies has fixed pages" in said.err


@pytest.mark.heavy
def test_a_study_may_have_a_comma_in_its_name(home: Path, nnbench: Command, report: Command) -> None:
    nnbench(*TINY, "study='a, b'", "report=none")
    assert report("study='a, b'", "pages=runs").status == 0
    assert report("study=a, b", "pages=runs").status == 0
    assert (home / "results" / "a, b" / "pages" / "report.pdf").exists()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("pages=covr", "report.pages=covr: no such page; must be one of accuracy"),
        ("study=nothing", "study=nothing: no study of that name"),
        ("form=exp", "form: no such key; did you mean from?"),
        ("+from=exp", "from=exp: there is no such folder"),
        ("from=" + "a" * 300, "there is no such folder"),
        ("seed=1,2", "seed=1,2: must be one value\n"),
    ],
)
def test_a_mistake_is_one_line(report: Command, word: str, reason: str) -> None:
    said = report(word)
    assert said.status == 2
    assert said.err.count("\n") == 1
    assert reason in said.err


def test_progress_is_a_bar_on_a_terminal_and_lines_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    said = StringIO()
    with reporting.shown_progress(Console(file=said, force_terminal=True, width=80)) as progress:
        progress("Loss", 1, 3)
    assert "report: Loss" in said.getvalue()
    assert "1/3" in said.getvalue()
    for every, lines in ((1e9, ""), (0, "report: loss 1/3\n")):
        monkeypatch.setattr(reporting, "PLAIN_EVERY", every)
        said = StringIO()
        with reporting.shown_progress(Console(file=said, width=80)) as progress:
            progress("Loss", 1, 3)
        assert said.getvalue() == lines
