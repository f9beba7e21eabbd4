"""Small panels, one a setting, in rows under a common scale."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes

from nnbench.core import palette
from nnbench.report.plots import style, text
from nnbench.report.plots.sheet import Page, line_height
from nnbench.report.plots.style import LEAST, LEFT, RIGHT

MANY = 15  # panels on a page
_NAME = LEAST + 0.5


def panels(page: Page, names: Sequence[str], styles: Mapping[str, palette.LineStyle]) -> Iterator[tuple[str, Axes, bool]]:
    """Axes for each of the first `MANY` names, and whether they stand at the foot of their column."""
    shown = names[:MANY]
    abreast = 2 if len(shown) <= 4 else 3
    rows, across = -(-len(shown) // abreast), (RIGHT - LEFT + 2.5) / abreast
    step = min(200 / (abreast + 0.2), (page.room - 12) / rows)
    top = page.y
    page.y += rows * step + 6
    for number, name in enumerate(shown):
        row, column = divmod(number, abreast)
        x, y = LEFT + 11 + column * across, top + row * step
        page.swatch(x, y + 0.38 * _NAME / style.MM, styles[name])
        page.write(x + 9, y, text.fit(name, _NAME, across - 25), size=_NAME)
        head = line_height(_NAME) + 2.5
        yield name, page.axes(x, y + head, across - 16, step - head - 10), number + abreast >= len(shown)


def more(names: Sequence[str]) -> str:
    """How to read that there are too many."""
    return f" The first {MANY} of {len(names)} settings; the table beside this report has all." if len(names) > MANY else ""
