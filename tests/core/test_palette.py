import subprocess
import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from rich.color import Color

from nnbench.core import palette
from nnbench.core.palette import CLASS_COLOURS
from nnbench.optimizers import known
from nnbench.report.findings.styles import setting_styles
from nnbench.report.plots import style
from nnbench.sweep.repeatability import SHIPPED

# What the colour-blind see, in linear RGB (Machado, Oliveira and Fernandes, 2009, severity 1), and what a grey printer prints.
EYES = {
    "usual": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "grey": [[0.2126, 0.7152, 0.0722]] * 3,
}
APART = 15.0  # CIELAB distance at which two lines are told apart by colour alone
PALE = {"#f0e442", "#e69f00", "#56b4e9"}  # Okabe and Ito's yellow, orange and sky


def _linear(colour: str) -> np.ndarray:
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def _contrast(colour: str) -> float:
    """With white paper (WCAG 2)."""
    return float(1.05 / (_linear(colour) @ [0.2126, 0.7152, 0.0722] + 0.05))


@pytest.mark.parametrize("label", palette.OPTIMIZER_STYLES)
def test_lines_and_text_have_enough_contrast(label: str) -> None:
    """The contrasts are those of WCAG for graphics (3) and text (4.5)."""
    assert _contrast(palette.OPTIMIZER_STYLES[label].colour) >= 3
    assert _contrast(palette.OPTIMIZER_STYLES[label].text_colour) >= 4.5


def test_text_has_enough_contrast() -> None:
    assert min(map(_contrast, (style.INK, style.MUTED, style.WARNING))) >= 4.5


@pytest.mark.parametrize("eyes", EYES)
def test_optimizer_colours_are_distinguishable_with_colour_blindness(eyes: str) -> None:
    """Two styles differ in colour, or in both dash and marker."""
    seen = {label: _lab(np.array(EYES[eyes]) @ _linear(look.colour)) for label, look in palette.OPTIMIZER_STYLES.items()}
    for one, other in combinations(palette.OPTIMIZER_STYLES, 2):
        by_colour = np.linalg.norm(seen[one] - seen[other]) >= APART
        first, second = palette.OPTIMIZER_STYLES[one], palette.OPTIMIZER_STYLES[other]
        assert by_colour or (first.dash != second.dash and first.marker != second.marker), (one, other)


def test_colours_are_distinguishable_without_dashes() -> None:
    """The colours were chosen so: the simulation sees the difference that it is meant to."""
    for eyes in ("usual", "deuteranopia", "protanopia"):
        seen = [_lab(np.array(EYES[eyes]) @ _linear(look.colour)) for look in palette.OPTIMIZER_STYLES.values()]
        assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) >= APART
    red, green = (_lab(np.array(EYES["deuteranopia"]) @ _linear(colour)) for colour in ("#c04040", "#707030"))
    assert np.linalg.norm(red - green) < np.linalg.norm(_lab(_linear("#c04040")) - _lab(_linear("#707030"))) / 2


def test_a_tuned_optimizer_is_still_that_optimizer() -> None:
    runs = pd.DataFrame(
        {
            "setting": ["adam", "adam (tuned)", "sgd (tuned)"],
            "optimizer": ["adam", "adam (tuned)", "sgd (tuned)"],
            "tuned": [False, True, True],
        }
    )
    looks = setting_styles(runs)
    assert looks["adam"] == palette.OPTIMIZER_STYLES["adam"]
    assert looks["sgd (tuned)"] == palette.OPTIMIZER_STYLES["sgd"]
    assert looks["adam (tuned)"].colour == looks["adam"].colour
    assert looks["adam (tuned)"].dash != looks["adam"].dash
    assert looks["adam (tuned)"].marker != looks["adam"].marker  # a dash alone does not show in a short swatch


def _runs(*settings: str) -> pd.DataFrame:
    return pd.DataFrame({"setting": settings, "optimizer": [name.split()[0] for name in settings], "tuned": False})


def test_the_style_of_a_known_optimizer_does_not_depend_on_others() -> None:
    alone = palette.optimizer_styles(["adam"])["adam"]
    assert palette.optimizer_styles(["mine", "sgd", "yours", "adam"])["adam"] == alone == palette.OPTIMIZER_STYLES["adam"]


def test_no_two_known_optimizers_share_a_colour_a_marker_or_a_dash() -> None:
    looks = list(palette.OPTIMIZER_STYLES.values())
    for part in ("colour", "marker", "dash", "terminal"):
        assert len({getattr(look, part) for look in looks}) == len(looks)
    assert not {look.colour for look in looks} & PALE


def test_every_included_optimizer_has_a_style() -> None:
    assert {*known()} & SHIPPED["optimizer"] < {*palette.INCLUDED_STYLES}


@pytest.mark.parametrize(
    "names",
    [
        [f"mine{number}" for number in range(20)],
        ["adam", "sgd", *"abcdefghijklmnopqr"],
        [*palette.INCLUDED_STYLES],
        ["soap", "lion", "adopt", "radam", *"abcdefghijklmnop"],
    ],
)
def test_twenty_optimizers_are_distinguishable(names: list[str]) -> None:
    looks = palette.optimizer_styles(names)
    assert len({(look.colour, look.marker) for look in looks.values()}) == 20
    assert len({(look.marker, look.dash) for look in looks.values()}) == 20  # in grey
    assert len({(look.colour, look.dash) for look in looks.values()}) == 20  # without a marker


def test_ten_optimizers_have_ten_colours() -> None:
    looks = palette.optimizer_styles([*palette.OPTIMIZER_STYLES, "lion", "signs", "adan", "lamb", "mine"])
    assert len({look.colour for look in looks.values()}) == 10


def test_the_style_of_an_optimizer_depends_mostly_on_its_name() -> None:
    alone = palette.optimizer_styles(["lion"])["lion"]
    assert palette.optimizer_styles(["sgd", "lion", "adam", "nadam"])["lion"] == alone
    assert palette.optimizer_styles(["zeta", "lion"]) == {
        label: palette.optimizer_styles(["lion", "zeta"])[label] for label in ("zeta", "lion")
    }


@pytest.mark.parametrize("colour", [colour for colour, _ in palette._CUSTOM_COLOURS])
def test_custom_colours_are_distinguishable_from_known_ones(colour: str) -> None:
    assert _contrast(colour) >= 3
    for eyes in ("usual", "deuteranopia", "protanopia"):
        own = _lab(np.array(EYES[eyes]) @ _linear(colour))
        others = [
            other
            for other in (
                *(look.colour for look in palette.OPTIMIZER_STYLES.values()),
                *(c for c, _ in palette._CUSTOM_COLOURS),
            )
            if other != colour
        ]
        assert min(np.linalg.norm(own - _lab(np.array(EYES[eyes]) @ _linear(other))) for other in others) >= APART / 2


def test_class_colours_are_distinguishable_in_grey_and_with_colour_blindness() -> None:
    """The areas and points of three classes are distinguishable from each other and from optimizers."""
    colours = ["#" + "".join(f"{part:02x}" for part in colour) for colour in CLASS_COLOURS]
    for eyes in EYES:
        for first, second in combinations(colours[:3], 2):
            apart = _lab(np.array(EYES[eyes]) @ _linear(first)) - _lab(np.array(EYES[eyes]) @ _linear(second))
            assert np.linalg.norm(apart) >= APART, (eyes, first, second)
    assert not set(colours) & {look.colour for look in palette.OPTIMIZER_STYLES.values()}


def test_thirty_settings_of_one_optimizer_are_distinguishable() -> None:
    looks = setting_styles(_runs(*(f"adam lr={number}" for number in range(30))))
    assert {look.colour for look in looks.values()} == {palette.OPTIMIZER_STYLES["adam"].colour}
    assert len({(look.marker, look.dash) for look in looks.values()}) == 30


def test_settings_of_several_optimizers_are_distinguishable_in_grey() -> None:
    names = ("adam", "sgd", "adagrad", "rmsprop")
    looks = setting_styles(_runs(*(f"{name} lr={rate}" for name in names for rate in (1, 2))))
    assert len({look.marker for look in looks.values()}) == 8
    many = setting_styles(_runs(*(f"{name} lr={rate}" for name in names for rate in range(15))))
    assert len({(look.marker, look.dash) for look in many.values()}) == 60


def test_settings_of_one_optimizer_share_its_colour_and_differ_in_dash() -> None:
    looks = setting_styles(_runs("adam lr=1", "sgd lr=1", "adam lr=2", "adam lr=2", "adam lr=3"))
    adams = [look for name, look in looks.items() if name.startswith("adam")]
    assert {look.colour for look in adams} == {palette.OPTIMIZER_STYLES["adam"].colour}
    assert len({look.dash for look in adams}) == 3
    assert looks["adam lr=1"] == palette.OPTIMIZER_STYLES["adam"]


@pytest.mark.parametrize("label", palette.OPTIMIZER_STYLES)
def test_the_terminal_colour_exists(label: str) -> None:
    assert Color.parse(palette.OPTIMIZER_STYLES[label].terminal).name == palette.OPTIMIZER_STYLES[label].terminal


def test_colours_cost_the_terminal_no_matplotlib() -> None:
    code = "import sys, nnbench.core.palette, nnbench.report.findings.styles; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
