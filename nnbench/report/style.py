"""How everything looks: the sheet, the type, and one colour, marker and dash for each optimizer wherever it appears.

No matplotlib here, so that the terminal can share the colours without loading it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

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
# For optimizers of one's own: colours that are none of the above, told apart from them and from each other.
_OWN = (
    ("#3d10e8", "slate_blue1"),
    ("#8f3018", "red3"),
    ("#00a0c0", "cyan3"),
    ("#2070f0", "royal_blue1"),
    ("#704040", "rosy_brown"),
)
_DASHES: tuple[Dash, ...] = (
    SOLID,
    (0, (5, 1.5)),
    (0, (2, 1)),
    (0, (7, 1.2, 1.2, 1.2)),
    (0, (1, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (9, 3)),
)
_MARKERS = "PX<>h*pd"


def _own_looks() -> tuple[Line, ...]:
    """Nearly 40 looks of ten colours, eight markers and seven dashes: no two of them have more than one of these in common."""
    colours = (*_OWN, *((look.colour, look.terminal) for look in LINES.values()))
    parts = ((*colours[at % len(colours)], _MARKERS[at % len(_MARKERS)], _DASHES[at % len(_DASHES)]) for at in range(40))
    known = {(look.colour, look.dash) for look in LINES.values()}
    looks = (Line(colour, marker, dash, terminal) for colour, terminal, marker, dash in parts)
    return tuple(look for look in looks if (look.colour, look.dash) not in known)


_LOOKS = _own_looks()


def family(label: str) -> str:
    """The optimizer that a label stands for: with the setting that tuning chose, as `adam (tuned)`, it is still adam."""
    return label.removesuffix(" (tuned)")


def lines(labels: Iterable[str]) -> dict[str, Line]:
    """A look for each optimizer label: the known ones have their own for ever, the others one that their name decides.

    Where two names decide for what looks alike, the one that is later in the alphabet takes the next look that is free.
    """
    wanted = dict.fromkeys(labels)
    used = Counter(look.colour for look in LINES.values())
    free, looks = list(_LOOKS), dict(LINES)
    for label in sorted(label for label in wanted if label not in LINES):
        first = int.from_bytes(sha256(label.encode(errors="replace")).digest()[:4]) % len(_LOOKS)
        turns = sorted(free or _LOOKS, key=lambda look: (used[look.colour], (_LOOKS.index(look) - first) % len(_LOOKS)))
        looks[label] = turns[0]
        used[turns[0].colour] += 1
        free = [look for look in free if look != turns[0]]
    return {label: looks[label] for label in wanted}


def settings(runs: pd.DataFrame) -> dict[str, Line]:
    """A look for each setting: its optimizer's; the later ones of one optimizer vary the dash, then the marker."""
    of_setting = runs[["setting", "optimizer"]].drop_duplicates("setting")
    families = of_setting["optimizer"].map(family)
    looks = lines(families)
    seen: Counter[str] = Counter()
    result: dict[str, Line] = {}
    for setting, optimizer in zip(of_setting["setting"], families, strict=True):
        look, order = looks[optimizer], seen[optimizer]
        seen[optimizer] += 1
        dashes = [look.dash, *(dash for dash in _DASHES if dash != look.dash)]
        markers = [look.marker, *(marker for marker in _MARKERS if marker != look.marker)]
        turn, dash = divmod(order, len(dashes))
        result[setting] = replace(look, dash=dashes[dash], marker=markers[turn % len(markers)])
    return result
