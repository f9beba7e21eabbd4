import subprocess
import sys

import pandas as pd
import pytest
from rich.color import Color

from nnbench.report import style

PALE = {"#f0e442", "#e69f00", "#56b4e9"}  # Okabe and Ito's yellow, orange and sky


def _runs(*settings: str) -> pd.DataFrame:
    return pd.DataFrame({"setting": settings, "optimizer": [name.split()[0] for name in settings]})


def test_a_known_optimizer_looks_the_same_in_any_company() -> None:
    alone = style.lines(["adam"])["adam"]
    assert style.lines(["mine", "sgd", "yours", "adam"])["adam"] == alone == style.LINES["adam"]


def test_no_two_known_optimizers_share_a_colour_a_marker_or_a_dash() -> None:
    looks = list(style.LINES.values())
    for part in ("colour", "marker", "dash", "terminal"):
        assert len({getattr(look, part) for look in looks}) == len(looks)
    assert not {look.colour for look in looks} & PALE


def test_others_are_told_apart_beyond_the_colours() -> None:
    looks = style.lines([f"mine{number}" for number in range(12)])
    assert len({(look.colour, look.marker) for look in looks.values()}) == 12
    assert list(style.lines(["mine0", "mine1"]).values()) == [looks["mine0"], looks["mine1"]]


def test_settings_of_one_optimizer_share_its_colour_and_differ_in_dash() -> None:
    looks = style.settings(_runs("adam lr=1", "sgd lr=1", "adam lr=2", "adam lr=2", "adam lr=3"))
    adams = [look for name, look in looks.items() if name.startswith("adam")]
    assert {look.colour for look in adams} == {style.LINES["adam"].colour}
    assert len({look.dash for look in adams}) == 3
    assert looks["adam lr=1"] == style.LINES["adam"]


@pytest.mark.parametrize("label", style.LINES)
def test_the_terminal_knows_the_colour(label: str) -> None:
    assert Color.parse(style.LINES[label].terminal).name == style.LINES[label].terminal


def test_colours_cost_the_terminal_no_matplotlib() -> None:
    code = "import sys, nnbench.report.style; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
