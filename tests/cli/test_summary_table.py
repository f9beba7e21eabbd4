"""The table that a sweep ends with, on terminals of any width."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from nnbench.cli.summary_table import print_summary
from nnbench.records.declared import Declared
from nnbench.records.study import Study
from tests.report.conftest import study, suite

NAMES = {
    "four optimizers": lambda: study(seeds=6, boundaries=False),
    "long names": lambda: study(["adam lr=0.05 dataset.noise=0.2", "sgd lr=0.05 dataset.noise=0.2"], 6, boundaries=False),
    "one word": lambda: study(["W" * 60], 6, boundaries=False),
    "diverged and failed": lambda: study(
        seeds=8, boundaries=False, outcome=lambda setting, seed: ["diverged", "failed", "killed", "finished"][seed % 4]
    ),
    "problems": lambda: suite(2, seeds=6),
    "no interval": lambda: study(seeds=2, boundaries=False),
}


def _all(study: Study, width: int, judged: dict[str, Declared] | None = None) -> str:
    said = StringIO()
    print_summary(study, Console(file=said, width=width), judged)
    return said.getvalue()


def _printed(study: Study, width: int) -> list[str]:
    return _all(study, width).partition("For comparison")[0].splitlines()


def _two_kinds() -> Study:
    """A study of two problems, a regression and a classification."""
    made = suite(2, ["sgd", "adam"], 2)
    of_regression = made.runs["problem"] == "problem_0"
    scores = {
        f"{name}{part}": made.runs[f"{name}accuracy"].where(of_regression == (part == "r2"))
        for name in ("final/val_", "test/")
        for part in ("accuracy", "r2")
    }
    return replace(made, runs=made.runs.assign(**scores))


@pytest.mark.heavy
@pytest.mark.parametrize("case", NAMES)
def test_no_interval_and_no_head_is_broken(case: str) -> None:
    made = NAMES[case]()
    for width in (60, 80, 120):
        check_lines(_printed(made, width), width)


def check_lines(lines: list[str], width: int) -> None:
    assert max(map(len, lines)) <= width
    for line in lines:
        assert line.count("[") == line.count("]"), line
    for head in ("runs", "accuracy"):
        assert any(head in line.split() for line in lines)


def test_the_table_adapts_to_the_width_of_the_terminal() -> None:
    wide, middle, narrow = (_printed(study(seeds=6, boundaries=False), width) for width in (120, 80, 60))
    assert len(wide) == 2 + 4
    assert len(middle) == 2 + 2 * 4
    for head in ("train loss", "val accuracy", "test accuracy", "time/run"):
        assert head in wide[1]
        assert head in middle[1]
    assert "test accuracy" in "".join(narrow)
    assert len(narrow) == 3 + 2 * 4  # its title takes two lines


def test_settings_are_listed_in_the_order_of_the_ranking() -> None:
    made = study(["sgd", "adam", "rmsprop"], 6, boundaries=False)
    ranked = made.runs.groupby("setting")["test/accuracy"].median().sort_values(ascending=False).index
    assert [line.split()[1] for line in _printed(made, 120)[2:]] == list(ranked) != sorted(ranked)


def test_a_name_is_not_markup() -> None:
    made = study(["adam"], 2, boundaries=False)
    made = replace(made, name="[red]a[/red]", runs=made.runs.assign(setting="[bold]adam[/bold]"))
    assert "[bold]adam[/bold]" in _printed(made, 120)[2]


def test_the_settings_of_all_problems_are_in_one_table_ranked_within_each() -> None:
    made = suite(3, ["sgd", "adam", "rmsprop"], 2)
    worst = made.runs["test/accuracy"].where(~((made.runs["problem"] == "problem_1") & (made.runs["setting"] == "adam")), 0.1)
    lines = _printed(replace(made, runs=made.runs.assign(**{"test/accuracy": worst})), 80)
    assert max(map(len, lines)) <= 80
    assert lines[1].split()[:2] == ["problem", "setting"]
    blocks = "\n".join(line.rstrip() for line in lines[2:]).split("\n\n")
    assert [block.split()[0] for block in blocks] == ["problem_0", "problem_1", "problem_2"]
    orders = [[line.partition("●")[2].split()[0] for line in block.splitlines()] for block in blocks]
    assert [order.index("adam") for order in orders] == [0, 2, 0]


def test_plain_datasets_have_the_column_of_problems_too() -> None:
    made = suite(2, ["sgd", "adam"], 2)
    lines = _printed(replace(made, runs=made.runs.drop(columns="problem")), 80)
    assert lines[1].split()[:2] == ["problem", "setting"]
    assert [line.split()[0] for line in lines if "data_" in line] == ["data_0", "data_1"]


def test_accuracy_and_r2_share_a_column() -> None:
    lines = _printed(_two_kinds(), 80)
    assert "val R²" in lines[1]
    assert lines[2].split() == ["problem", "setting", "runs", "train", "loss", "or", "accuracy", "or", "accuracy", "time/run"]


def test_a_problem_that_is_ranked_by_another_measure_is_named() -> None:
    judged = {"problem_1": Declared(rank_by="train_loss")}
    text = _all(suite(2, ["sgd", "adam"], 2), 120, judged)
    assert "Ranked by training loss after the last epoch: problem_1." in text
    assert "Ranked by" not in _all(_two_kinds(), 120), "accuracy and R² are the same choice"
