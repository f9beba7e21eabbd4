"""How pages look: the sheet, the type, and a line style for each setting, of its optimizer's in `nnbench.core.palette`.

No matplotlib here, so that the terminal can share the colours without loading it.
"""

from collections import Counter
from dataclasses import replace

import pandas as pd

from nnbench.core.palette import DASHES, MARKERS, LineStyle, optimizer_styles

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


def family(label: str) -> str:
    """The optimizer that a label stands for: with the setting that tuning chose, as `adam (tuned)`, it is still adam."""
    return label.removesuffix(" (tuned)")


def settings(runs: pd.DataFrame) -> dict[str, LineStyle]:
    """A look for each setting: its optimizer's; the later ones of one optimizer vary the dash, then the marker."""
    of_setting = runs[["setting", "optimizer"]].drop_duplicates("setting")
    families = of_setting["optimizer"].map(family)
    looks = optimizer_styles(families)
    seen: Counter[str] = Counter()
    result: dict[str, LineStyle] = {}
    for setting, optimizer in zip(of_setting["setting"], families, strict=True):
        look, order = looks[optimizer], seen[optimizer]
        seen[optimizer] += 1
        dashes = [look.dash, *(dash for dash in DASHES if dash != look.dash)]
        markers = [look.marker, *(marker for marker in MARKERS if marker != look.marker)]
        turn, dash = divmod(order, len(dashes))
        result[setting] = replace(look, dash=dashes[dash], marker=markers[turn % len(markers)])
    return result
