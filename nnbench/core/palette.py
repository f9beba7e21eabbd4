"""The one palette: a line style for each optimizer, a colour for each class, wherever they are drawn.

No matplotlib here, so that the terminal and MLflow's pages share the colours without loading it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

# Of classes, in pictures and in print: told apart by the colour-blind, and in grey by how light they are, the three of the
# spiral best. None of them is an optimizer's.
CLASS_COLOURS = ((68, 72, 154), (230, 159, 0), (244, 233, 122), (86, 180, 233), (45, 45, 45), (143, 214, 148), (192, 122, 168))
POINT_SHADE = 0.6  # of a class's colour, its points: they stand out from its area

Dash = tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class LineStyle:
    """The look of one optimizer, or of one setting of it: for print, and by a name that rich knows for the terminal."""

    colour: str
    marker: str
    dash: Dash
    terminal: str

    @property
    def text_colour(self) -> str:
        """The colour for small type, which needs more contrast than a line."""
        return "#" + "".join(f"{round(0.82 * int(self.colour[at : at + 2], 16)):02x}" for at in (1, 3, 5))


SOLID: Dash = (0, ())
# Okabe and Ito's colours, told apart by colour-blind eyes, less yellow, orange and sky, which are too pale for a line.
OPTIMIZER_STYLES = {
    "adam": LineStyle("#d55e00", "^", SOLID, "dark_orange"),
    "sgd": LineStyle("#0072b2", "o", (0, (7, 1.5)), "dodger_blue1"),
    "adagrad": LineStyle("#009e73", "s", (0, (4, 1.2)), "green3"),
    "rmsprop": LineStyle("#a8508a", "D", (0, (6, 1.2, 1.2, 1.2)), "orchid"),
    "rmsprop_default": LineStyle("#1a1a1a", "v", (0, (1.5, 1)), "grey62"),
}
# For optimizers of one's own: colours that are none of the above, told apart from them and from each other.
_OWN = (
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


def _own_looks() -> tuple[LineStyle, ...]:
    """Nearly 40 looks of ten colours, eight markers and seven dashes: no two of them have more than one of these in common."""
    colours = (*_OWN, *((look.colour, look.terminal) for look in OPTIMIZER_STYLES.values()))
    parts = ((*colours[at % len(colours)], MARKERS[at % len(MARKERS)], DASHES[at % len(DASHES)]) for at in range(40))
    known = {(look.colour, look.dash) for look in OPTIMIZER_STYLES.values()}
    looks = (LineStyle(colour, marker, dash, terminal) for colour, terminal, marker, dash in parts)
    return tuple(look for look in looks if (look.colour, look.dash) not in known)


_LOOKS = _own_looks()


def optimizer_styles(labels: Iterable[str]) -> dict[str, LineStyle]:
    """A look for each optimizer label: the known ones have their own for ever, the others one that their name decides.

    Where two names decide for what looks alike, the one that is later in the alphabet takes the next look that is free.
    """
    wanted = dict.fromkeys(labels)
    used = Counter(look.colour for look in OPTIMIZER_STYLES.values())
    free, looks = list(_LOOKS), dict(OPTIMIZER_STYLES)
    for label in sorted(label for label in wanted if label not in OPTIMIZER_STYLES):
        first = int.from_bytes(sha256(label.encode(errors="replace")).digest()[:4]) % len(_LOOKS)
        turns = sorted(free or _LOOKS, key=lambda look: (used[look.colour], (_LOOKS.index(look) - first) % len(_LOOKS)))
        looks[label] = turns[0]
        used[turns[0].colour] += 1
        free = [look for look in free if look != turns[0]]
    return {label: looks[label] for label in wanted}
