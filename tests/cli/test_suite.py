"""A study of several problems, from the command to the report over all of them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from tests.conftest import CommandOutput

pytestmark = pytest.mark.usefixtures("trainer")
Command = Callable[..., CommandOutput]


@pytest.mark.heavy
def test_a_study_of_three_problems_has_a_report_over_all(home: Path, nnbench: Command) -> None:
    words = "problem=moons,digits,diabetes", "optimizer=sgd,adam", "seed=range(2)", "training.epochs=5", "study=s"
    said = nnbench("-m", *words, "report.pages=[cover,final_table,profiles]", "optimizer.learning_rate=0.01")
    assert said.status == 0, said.err
    folder = home / "results" / "s"
    first, *_ = PdfReader(folder / "report.pdf").pages
    assert "3 problems" in first.extract_text().replace("\n", " ")
    table = pd.read_csv(folder / "figures" / "final_table.csv")
    assert table.groupby("problem")["setting"].agg(sorted).to_dict() == {
        problem: ["adam", "sgd"] for problem in ("diabetes", "digits", "moons")
    }
    assert [str(path.relative_to(folder)) for path in sorted(folder.glob("*/report.pdf"))] == [
        "diabetes/report.pdf",
        "digits/report.pdf",
        "moons/report.pdf",
    ]
    assert "](moons/report.pdf)" in (folder / "summary.md").read_text()


def test_a_page_over_problems_is_refused_for_a_study_of_one(home: Path, nnbench: Command) -> None:
    said = nnbench("-m", "optimizer=sgd", "seed=0", "training.epochs=3", "study=one", "report.pages=[profiles]")
    assert "report.pages=['profiles']: needs several problems, and the study one has one" in said.err
