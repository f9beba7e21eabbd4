"""A4 pages that are filled from top to bottom, in millimetres, and sections of one or more pages."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnbench.core import palette
from nnbench.report.plots import style, text
from nnbench.report.plots.style import BODY, INK, MUTED, NOTE, SMALL

_LEADING = 1.42  # line height over type size
ASCENT = 0.76  # height of the letters over type size
SWATCH = 9.0  # millimetres from a swatch to its name


def line_height(size: float) -> float:
    """Millimetres from one line to the next."""
    return size * _LEADING / style.MM


def middle(size: float) -> float:
    """Millimetres from the upper edge of the letters to their middle."""
    return 0.38 * size / style.MM


class Page:
    """One A4 sheet.

    Attributes:
        figure: of matplotlib, the whole sheet.
        title: for the contents and the bookmarks; None on a page that continues another.
        caption: the text below the title; may be empty.
        y: lower end of the content, in millimetres from the upper edge of the sheet.
        body, end: upper and lower end of the content below title and caption, likewise; `end` is set by `close`.
    """

    def __init__(self, title: str | None) -> None:
        self.figure = Figure(figsize=(style.SHEET[0] / 25.4, style.SHEET[1] / 25.4))
        self.title = title
        self.caption = ""
        self.y = self.body = self.end = style.TOP

    @property
    def room(self) -> float:
        """Millimetres left above the footer."""
        return style.BOTTOM - self.y

    @property
    def lowest(self) -> float:
        """Lower end of the lowest text or panel with its labels, in millimetres from the upper edge."""
        texts = [1 - words.get_position()[1] for words in self.figure.texts]
        panels = [1 - axes.get_position().y0 + (11 if axes.get_xlabel() else 6) / style.SHEET[1] for axes in self.figure.axes]
        return float(max([*texts, *panels]) * style.SHEET[1])

    def close(self) -> None:
        """Set `end` after everything is drawn; replace letters in panels that the font lacks by boxes."""
        self.end = self.lowest
        for axes in self.figure.axes:
            for words in (axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts):
                words.set_text(text.drawable(words.get_text()))

    def write(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = BODY,
        colour: str = INK,
        bold: bool = False,
        align: str = "left",
        mono: bool = False,
    ) -> None:
        """Write one line; `y` is the upper edge of its letters."""
        family = text.MONO if mono else text.SANS
        self.figure.text(
            x / style.SHEET[0],
            1 - (y + size * ASCENT / style.MM) / style.SHEET[1],
            text.drawable(words, family=family, bold=bold),
            fontsize=size,
            color=colour,
            fontweight="bold" if bold else "normal",
            family=family,
            ha=align,
            va="baseline",
        )

    def paragraph(
        self,
        words: str,
        *,
        size: float = BODY,
        colour: str = INK,
        bold: bool = False,
        mono: bool = False,
        x: float = style.LEFT,
        room: float | None = None,
        after: float = 2.0,
    ) -> None:
        """Write lines below the content, wrapped to `room` millimetres, with `after` millimetres below them."""
        family = text.MONO if mono else text.SANS
        for line in text.wrap(words, size, style.RIGHT - x if room is None else room, family=family, bold=bold):
            self.write(x, self.y, line, size=size, colour=colour, bold=bold, mono=mono)
            self.y += line_height(size)
        self.y += after

    def heading(self, words: str) -> None:
        """Write a bold line over a block."""
        self.paragraph(words, size=BODY, bold=True, after=0.8)

    def note(self, words: str, *, after: float = 2.0) -> None:
        """Write a paragraph in small grey type."""
        self.paragraph(words, size=NOTE, colour=MUTED, after=after)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes with the upper left corner of their frame at (x, y); ticks and labels are outside it."""
        sheet_width, sheet_height = style.SHEET
        box = (x / sheet_width, 1 - (y + height) / sheet_height, width / sheet_width, height / sheet_height)
        return self.figure.add_axes(box)

    def rule(self, y: float, *, colour: str = style.FAINT, x: float = style.LEFT, right: float = style.RIGHT) -> None:
        """Draw a thin line across the text area."""
        self.line((x, right), (y, y), color=colour, linewidth=0.5)

    def swatch(self, x: float, y: float, line_style: palette.LineStyle, size: float = SMALL) -> None:
        """Draw a piece of a line with its marker, beside text of this size with its upper edge at `y`."""
        y += middle(size)
        self.line((x, x + 7), (y, y), color=line_style.colour, dashes=line_style.dash, linewidth=1.5)
        self.line((x + 3.5,), (y,), color=line_style.colour, marker=line_style.marker, markersize=4.5)

    def name(
        self, x: float, y: float, name: str, line: palette.LineStyle, room: float, *, size: float = SMALL, bold: bool = False
    ) -> None:
        """Write the name of a setting after its swatch, shortened to `room` millimetres."""
        self.swatch(x, y, line, size)
        self.write(x + SWATCH, y, text.fit(name, size, room - SWATCH, bold=bold), size=size, bold=bold)

    def line(
        self, xs: Sequence[float], ys: Sequence[float], *, dashes: palette.Dash = palette.SOLID, **line_style: Any
    ) -> None:
        """Draw a line through points of the sheet, or a marker at one."""
        across = [x / style.SHEET[0] for x in xs]
        up = [1 - y / style.SHEET[1] for y in ys]
        self.figure.add_artist(Line2D(across, up, linestyle=dashes, transform=self.figure.transFigure, **line_style))


class Section:
    """The sheets of one page of the report.

    Attributes:
        kind: name of the page, printed above each title.
        pages: the sheets so far.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.pages: list[Page] = []

    def page(self, title: str, caption: str = "") -> Page:
        """Start the first page, with title and caption."""
        page = self._headed(Page(text.legible(title)), title)
        if caption:
            page.y -= 2.5
            page.paragraph(caption, size=SMALL, colour=MUTED, after=4)
            page.caption, page.body = caption, page.y
        return page

    def next_page(self) -> Page:
        """Start another page under the same title."""
        return self._headed(Page(None), f"{self.pages[0].title} (continued)")

    def _headed(self, page: Page, title: str) -> Page:
        page.paragraph(self.kind, size=SMALL, colour=MUTED, after=0.8)
        page.paragraph(title, size=13.5, bold=True, after=4)
        page.body = page.y
        self.pages.append(page)
        return page
