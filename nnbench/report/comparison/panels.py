"""Small panels, one for each setting."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes

from nnbench.core import palette
from nnbench.report.plots.drawing import line_height
from nnbench.report.plots.page import Page
from nnbench.report.plots.style import NOTE, WIDTH
from nnbench.report.sentences.wording import first_of

MANY = 15  # panels on a page


def panels(page: Page, names: Sequence[str], styles: Mapping[str, palette.LineStyle]) -> Iterator[tuple[str, Axes, bool]]:
    """Yield each of the first `MANY` names with its axes, and whether they are the last of their column."""
    shown = names[:MANY]
    abreast = 2 if len(shown) <= 4 else 3
    rows, across = -(-len(shown) // abreast), (WIDTH + 2.5) / abreast
    step = min(200 / (abreast + 0.2), 200 / rows)
    drawing = page.drawing()
    for number, name in enumerate(shown):
        row, column = divmod(number, abreast)
        x, y = 11 + column * across, row * step
        drawing.name(x, y, name, styles[name], across - 16, size=NOTE)
        head = line_height(NOTE) + 2.5
        yield name, drawing.axes(x, y + head, across - 16, step - head - 10), number + abreast >= len(shown)


def more(names: Sequence[str]) -> str:
    """Caption sentence about names beyond the first `MANY`; empty if there are none."""
    return f" {first_of(len(names), MANY)}".rstrip()
