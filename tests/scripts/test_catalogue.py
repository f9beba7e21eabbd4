"""docs/catalogue.md is that of the present classes, YAML files and tests."""

import re
from pathlib import Path

import pytest

from nnbench import datasets, optimizers, schedules
from scripts import catalogue


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogue.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_page_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "PAGE", tmp_path / "catalogue.md")
    monkeypatch.setattr(catalogue, "catalogue", lambda: iter(["one", "two"]))
    assert catalogue.main(["--check"]) == 1
    assert "catalogue.md: is out of date" in capsys.readouterr().err
    assert catalogue.main([]) == 0
    assert catalogue.main(["--check"]) == 0


def test_every_choice_has_an_entry_and_every_optimizer_two_witnesses() -> None:
    page = catalogue.PAGE.read_text(encoding="utf-8")
    for group, known in (("optimizer", optimizers.known()), ("schedule", schedules.known()), ("dataset", datasets.known())):
        assert re.findall(rf"^### {group}=(\S+)$", page, re.MULTILINE) == list(known)
    for name in optimizers.known():
        entry = page.partition(f"### optimizer={name}\n")[2].partition("\n###")[0]
        (tests,) = re.findall(r"^Tests: (.*)\.$", entry, re.MULTILINE)
        assert len(tests.split(", ")) >= 2, name


def test_every_problem_has_a_section_on_what_it_separates_and_a_test_of_it() -> None:
    sections = re.findall(r"^## (\S+)$", (catalogue.PAGE.parent / "problems.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = [(path.stem, catalogue._names(path)) for path in catalogue.TESTS.glob("datasets/test_*.py")]
    for problem in (path.stem for path in (catalogue.CONF / "problem").glob("*.yaml")):
        assert problem in sections
        assert any(problem in texts or stem == f"test_{problem}" for stem, texts in named), problem
