"""Line styles of optimizers and colours of classes.

This module does not import matplotlib, so that the terminal and MLflow's pages can use it without loading that.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

# Distinguishable with colour-blindness and, by their lightness, in greyscale; the first three best. No optimizer has one.
CLASS_COLOURS = ((68, 72, 154), (230, 159, 0), (244, 233, 122), (86, 180, 233), (45, 45, 45), (143, 214, 148), (192, 122, 168))
POINT_SHADE = 0.6  # brightness of a point relative to the area of its class

Dash = tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class LineStyle:
    """Colour, marker and dash of one optimizer or setting; `terminal` is the colour's name in rich."""

    colour: str
    marker: str
    dash: Dash
    terminal: str

    @property
    def line(self) -> dict[str, Any]:
        """Colour and dash as arguments of matplotlib's `plot`."""
        return {"color": self.colour, "linestyle": self.dash}

    @property
    def text_colour(self) -> str:
        """Darker colour for small text, which needs more contrast than a line."""
        return "#" + "".join(f"{round(0.82 * int(self.colour[at : at + 2], 16)):02x}" for at in (1, 3, 5))


SOLID: Dash = (0, ())
# From Okabe and Ito's colour-blind-safe palette, without yellow, orange and sky blue, which are too pale for a line.
OPTIMIZER_STYLES = {
    "adam": LineStyle("#d55e00", "^", SOLID, "dark_orange"),
    "sgd": LineStyle("#0072b2", "o", (0, (7, 1.5)), "dodger_blue1"),
    "adagrad": LineStyle("#009e73", "s", (0, (4, 1.2)), "green3"),
    "rmsprop": LineStyle("#a8508a", "D", (0, (6, 1.2, 1.2, 1.2)), "orchid"),
    "rmsprop_default": LineStyle("#1a1a1a", "v", (0, (1.5, 1)), "grey62"),
}
# For the other families and a user's optimizers: distinguishable from the colours above and from each other.
_CUSTOM_COLOURS = (
    ("#3d10e8", "slate_blue1"),
    ("#8f3018", "red3"),
    ("#00a0c0", "cyan3"),
    ("#2070f0", "royal_blue1"),
    ("#704040", "rosy_brown"),
)
DASHES: tuple[Dash, ...] = (
    SOLID,
    (0, (5, 1.5)),
    (0, (2, 1)),
    (0, (7, 1.2, 1.2, 1.2)),
    (0, (1, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (9, 3)),
)
MARKERS = "PX<>h*pd"


def _custom_styles() -> tuple[LineStyle, ...]:
    """Return nearly 40 styles of ten colours, eight markers and seven dashes; two share at most one of the three."""
    colours = (*_CUSTOM_COLOURS, *((style.colour, style.terminal) for style in OPTIMIZER_STYLES.values()))
    parts = ((*colours[at % len(colours)], MARKERS[at % len(MARKERS)], DASHES[at % len(DASHES)]) for at in range(40))
    known = {(style.colour, style.dash) for style in OPTIMIZER_STYLES.values()}
    styles = (LineStyle(colour, marker, dash, terminal) for colour, terminal, marker, dash in parts)
    return tuple(style for style in styles if (style.colour, style.dash) not in known)


def _family(colour: tuple[str, str], **members: tuple[str, int]) -> dict[str, LineStyle]:
    """Return styles of one colour, with a marker and a position in `DASHES` for each optimizer."""
    return {name: LineStyle(colour[0], marker, DASHES[dash], colour[1]) for name, (marker, dash) in members.items()}


_STYLES = _custom_styles()
_ADAM = OPTIMIZER_STYLES["adam"].colour, OPTIMIZER_STYLES["adam"].terminal
_INDIGO, _BRICK, _CYAN, _ROYAL, _BROWN = _CUSTOM_COLOURS
# A colour for each family of the included optimizers; no two have the same marker and dash, for print in grey.
INCLUDED_STYLES = (
    OPTIMIZER_STYLES
    | _family(_ADAM, adamw=("P", 1), nadamw=("X", 2), amsgrad=("<", 3), radam=(">", 4))
    | _family(_BRICK, ademamix=("h", 0), adopt=("*", 1), cautious_adamw=("p", 2), mars=("d", 3))
    | _family(_CYAN, lion=("P", 0), signum=("X", 1))
    | _family(_INDIGO, muon=("<", 0), soap=(">", 1))
    | _family(_ROYAL, schedule_free_adamw=("h", 2), prodigy=("*", 0))
    | _family(_BROWN, lbfgs=("p", 0))
)


def optimizer_styles(labels: Iterable[str]) -> dict[str, LineStyle]:
    """Return a line style for each optimizer label: one of `INCLUDED_STYLES`, else one by the hash of the label.

    Where two hashes select the same style, the label that is later in the alphabet gets the next free one.
    """
    wanted = dict.fromkeys(labels)
    styles = OPTIMIZER_STYLES | {label: INCLUDED_STYLES[label] for label in wanted if label in INCLUDED_STYLES}
    used = Counter(style.colour for style in styles.values())
    free = [style for style in _STYLES if all(_differ(style, other) for other in styles.values())]
    for label in sorted(label for label in wanted if label not in styles):
        first = int.from_bytes(sha256(label.encode(errors="replace")).digest()[:4]) % len(_STYLES)
        chosen = min(free or _STYLES, key=lambda style: (used[style.colour], (_STYLES.index(style) - first) % len(_STYLES)))
        styles[label] = chosen
        used[chosen.colour] += 1
        free = [style for style in free if style != chosen]
    return {label: styles[label] for label in wanted}


def _differ(one: LineStyle, other: LineStyle) -> bool:
    """Return whether at least two of colour, marker and dash are different."""
    return (one.colour != other.colour) + (one.marker != other.marker) + (one.dash != other.dash) >= 2
