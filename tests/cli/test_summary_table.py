"""The table that a sweep ends with, on terminals of any width."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from nnbench.cli.summary_table import print_summary
from nnbench.records.study import Study
from tests.report.conftest import study

NAMES = {
    "four optimizers": lambda: study(seeds=6, boundaries=False),
    "long names": lambda: study(["adam lr=0.05 dataset.noise=0.2", "sgd lr=0.05 dataset.noise=0.2"], 6, boundaries=False),
    "one word": lambda: study(["W" * 60], 6, boundaries=False),
    "diverged and failed": lambda: study(
        seeds=8, boundaries=False, outcome=lambda setting, seed: ["diverged", "failed", "killed", "finished"][seed % 4]
    ),
    "no interval": lambda: study(seeds=2, boundaries=False),
}


def _printed(study: Study, width: int) -> list[str]:
    said = StringIO()
    print_summary(study, Console(file=said, width=width))
    return said.getvalue().partition("For comparison")[0].splitlines()


@pytest.mark.parametrize("case", NAMES)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_interval_and_no_head_is_broken(case: str, width: int) -> None:
    lines = _printed(NAMES[case](), width)
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
