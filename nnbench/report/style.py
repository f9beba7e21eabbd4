"""How everything looks: the sheet, the type, and one colour, marker and dash for each optimizer wherever it appears.

No matplotlib here, so that the terminal can share the colours without loading it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

SHEET = (210.0, 297.0)  # A4, in millimetres
LEFT, RIGHT, TOP, BOTTOM = 18.0, 192.0, 20.0, 278.0  # the text area, from the upper left corner
WIDTH = RIGHT - LEFT
MM = 72 / 25.4  # points a millimetre

INK, MUTED, FAINT = "#1a1a1a", "#595959", "#c8c8c8"
WARNING = "#b03a00"
BODY, SMALL, LEAST = 9.0, 8.0, 7.0  # points
DOTS = 200  # to an inch, of what is no vector

RC: dict[str, object] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": SMALL,
    "pdf.fonttype": 42,  # TrueType, searchable and embedded
    "pdf.compression": 9,
    "savefig.dpi": DOTS,
    "text.parse_math": False,  # a name may hold a dollar sign
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": SMALL,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#ececec",
    "grid.linewidth": 0.6,
    "xtick.labelsize": LEAST,
    "ytick.labelsize": LEAST,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.0,
}

Dash = tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class Line:
    """The look of one optimizer, or of one setting of it: for print, and by a name that rich knows for the terminal."""

    colour: str
    marker: str
    dash: Dash
    terminal: str

    @property
    def words(self) -> str:
        """The colour for small type, which needs more contrast than a line."""
        return "#" + "".join(f"{round(0.82 * int(self.colour[at : at + 2], 16)):02x}" for at in (1, 3, 5))


SOLID: Dash = (0, ())
# Okabe and Ito's colours, told apart by colour-blind eyes, less yellow, orange and sky, which are too pale for a line.
LINES = {
    "adam": Line("#d55e00", "^", SOLID, "dark_orange"),
    "sgd": Line("#0072b2", "o", (0, (7, 1.5)), "dodger_blue1"),
    "adagrad": Line("#009e73", "s", (0, (4, 1.2)), "green3"),
    "rmsprop": Line("#a8508a", "D", (0, (6, 1.2, 1.2, 1.2)), "orchid"),
    "rmsprop_default": Line("#1a1a1a", "v", (0, (1.5, 1)), "grey62"),
}
_DASHES: tuple[Dash, ...] = (SOLID, (0, (5, 1.5)), (0, (2, 1)), (0, (7, 1.2, 1.2, 1.2)), (0, (1, 1)))
_MARKERS = "PX<>hp*"  # as many as make 35 looks of five colours


def family(label: str) -> str:
    """The optimizer that a label stands for: with the setting that tuning chose, as `adam (tuned)`, it is still adam."""
    return label.removesuffix(" (tuned)")


def lines(labels: Iterable[str]) -> dict[str, Line]:
    """A look for each optimizer label: the known ones have their own for ever, the others by their order."""
    known = list(LINES.values())
    looks: dict[str, Line] = {}
    for label in labels:
        if label not in looks:
            order = sum(name not in LINES for name in looks)
            dash, marker = _DASHES[-1 - (order + order // len(known)) % len(_DASHES)], _MARKERS[order % len(_MARKERS)]
            looks[label] = LINES.get(label, replace(known[-1 - order % len(known)], marker=marker, dash=dash))
    return looks


def settings(runs: pd.DataFrame) -> dict[str, Line]:
    """A look for each setting: its optimizer's colour and marker; the later ones of one optimizer vary the dash."""
    of_setting = runs[["setting", "optimizer"]].drop_duplicates("setting")
    families = of_setting["optimizer"].map(family)
    looks = lines(families)
    seen: dict[str, int] = dict.fromkeys(looks, 0)
    result: dict[str, Line] = {}
    for setting, optimizer in zip(of_setting["setting"], families, strict=True):
        look, order = looks[optimizer], seen[optimizer]
        seen[optimizer] += 1
        others = [dash for dash in _DASHES if dash != look.dash]
        result[setting] = replace(look, dash=others[(order - 1) % len(others)]) if order else look
    return result
