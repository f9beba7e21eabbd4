import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nnbench.records.study import Study
from nnbench.report.outputs import markdown
from nnbench.report.outputs.files import write

MakeStudy = Callable[..., Study]


def _summary(study: Study, folder: Path) -> str:
    return write(study, folder, title="Optimizers compared", pages=["cover", "boundaries"], targets=[]).summary.read_text()


def test_it_has_the_answer_the_table_the_commands_and_the_caveats(make_study: MakeStudy, tmp_path: Path) -> None:
    words = _summary(make_study(boundaries=False), tmp_path)
    lines = words.split("\n")
    assert lines[0] == "## Optimizers compared: comparison"
    assert lines[2].startswith(
        "**The highest test accuracy after the last epoch is that of adam: 0.927 [0.917, 0.932], n = 10"
    )
    heads = "| setting | runs | test accuracy | training accuracy | training loss | validation loss | test loss |"
    stopped = " test accuracy at the best validation epoch | test loss at the best validation epoch | time a run |"
    assert heads + stopped in lines
    assert "- `python -m nnbench -m optimizer=sgd,adagrad,rmsprop,adam seed='range(10)'`" in lines
    assert "- 40 runs, all finished" in lines
    assert any(line.startswith("- With 10 seeds and 4 optimizers, ") for line in lines)
    assert any(line.startswith("- Not shown: boundaries, because no completed run") for line in lines)


def test_the_table_is_valid_and_the_best_are_bold(make_study: MakeStudy, tmp_path: Path) -> None:
    rows = [line for line in _summary(make_study(), tmp_path).split("\n") if line.startswith("|")]
    assert len(rows) == 2 + 4
    assert len({row.count("|") for row in rows}) == 1
    assert re.fullmatch(r"\| :-- (\| --: )+\|", rows[1])
    bold = {row.split("|")[1].strip(): row.split("|")[3].count("**") // 2 for row in rows[2:]}
    assert bold == {"adam": 1, "sgd": 0, "adagrad": 0, "rmsprop": 0}


def test_lost_runs_are_reported(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(outcome=lambda setting, seed: "diverged" if setting == "sgd" and seed < 3 else "finished")
    assert "| sgd | 10 (3 diverged) |" in _summary(study, tmp_path)


@pytest.mark.parametrize("seeds", [0, 2])
def test_a_study_with_nothing_finished_has_no_table(make_study: MakeStudy, tmp_path: Path, seeds: int) -> None:
    study = make_study(["adam", "sgd"] if seeds else [], seeds, outcome=lambda setting, seed: "diverged")
    words = _summary(study, tmp_path)
    assert "|" not in words
    assert ("4 runs, all diverged" in words) == bool(seeds)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("adam lr=0.05", "adam lr=0.05"),
        ("rmsprop_default", "rmsprop_default"),
        ("a|b", r"a\|b"),
        ("*x* _y_ `z`", r"\*x\* \_y\_ \`z\`"),
        ("<img src=x>", r"\<img src=x\>"),
        ("[a](http://b)", r"[a\](http://b)"),
        ("[0.1, 0.2]", "[0.1, 0.2]"),
        ("two\nlines", "two lines"),
        ("$x$", r"\$x\$"),
    ],
)
def test_text_is_shown_as_it_is(text: str, shown: str) -> None:
    assert markdown.escape(text) == shown


def test_code_may_hold_backticks() -> None:
    assert markdown.code("a") == "`a`"
    assert markdown.code("a `b` c") == "`` a `b` c ``"
    assert markdown.code("a ``b`` c") == "``` a ``b`` c ```"
