"""A plot of the width of the text, drawn from top to bottom in millimetres."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from nnbench.core import palette
from nnbench.report import blocks
from nnbench.report.plots import style, text
from nnbench.report.plots.style import BODY, INK, SMALL

_LEADING = 1.42  # line height over type size
_ASCENT = 0.76  # height of the letters over type size
SWATCH = 9.0  # millimetres from a swatch to its name
_HEIGHT = 1000.0  # millimetres of the figure before its content is known
_MARGIN = 1.0  # millimetres beside the text, for marks at the edge


def line_height(size: float) -> float:
    """Millimetres from one line to the next."""
    return size * _LEADING / style.MM


def middle(size: float) -> float:
    """Millimetres from the upper edge of the letters to their middle."""
    return 0.38 * size / style.MM


def blank() -> Figure:
    """A figure for drawings; `close` sets its height."""
    return Figure(figsize=((style.WIDTH + 2 * _MARGIN) / 25.4, _HEIGHT / 25.4))


class Drawing:
    """A plot as wide as the text; positions are millimetres from its upper left corner.

    Attributes:
        figure: of matplotlib; drawings that share one are placed one below the other by `close`.
        y: lower end of the content that has been drawn one below the other.
    """

    def __init__(self, figure: Figure | None = None) -> None:
        self.figure = figure or blank()
        self.y = 0.0
        self._panels: list[Axes] = []
        self._texts: list[Text] = []
        self._lines: list[Line2D] = []
        self._above = 0.0  # millimetres of the head

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
    ) -> None:
        """Write one line; `y` is the upper edge of its letters."""
        weight = "bold" if bold else "normal"
        across, up = self._at(x, y + size * _ASCENT / style.MM)
        self._texts.append(
            self.figure.text(across, up, words, fontsize=size, color=colour, fontweight=weight, ha=align, va="baseline")
        )

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes with the upper left corner of their frame at (x, y); ticks and labels are outside it."""
        left, bottom = self._at(x, y + height)
        return self._panel((left, bottom, width / (style.WIDTH + 2 * _MARGIN), height / _HEIGHT))

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
        """Draw a line through points, or a marker at one."""
        across, up = zip(*(self._at(x, y) for x, y in zip(xs, ys, strict=True)), strict=True)
        line = Line2D(across, up, linestyle=dashes, transform=self.figure.transFigure, **line_style)
        self.figure.add_artist(line)
        self._lines.append(line)

    def frame(self, axes: Axes) -> tuple[float, float, float]:
        """Upper, lower and right edge of the frame of axes, before `close`."""
        box = axes.get_position()
        right = float(box.x1) * (style.WIDTH + 2 * _MARGIN) - _MARGIN
        return float(1 - box.y1) * _HEIGHT, float(1 - box.y0) * _HEIGHT, right

    def below(self, other: Axes, y: float, height: float) -> Axes:
        """Add axes with the left and right edge of those of another drawing."""
        box = other.get_position()
        return self._panel((box.x0, 1 - (y + height) / _HEIGHT, box.width, height / _HEIGHT))

    def head(self, heading: str, legend: Mapping[str, palette.LineStyle]) -> None:
        """Write a heading and a legend above the content, for a plot that is shown without its page."""
        rows: list[list[str]] = [[]]
        widths = {name: SWATCH + text.width(name, SMALL) + 5 for name in legend}
        for name, width in widths.items():
            if rows[-1] and sum(widths[one] for one in rows[-1]) + width > style.WIDTH:
                rows.append([])
            rows[-1].append(name)
        lower = len(rows) * line_height(SMALL) + 1 if legend else 0.0
        upper = line_height(BODY) + 1 if heading else 0.0
        self._above = lower + upper + 1 if heading or legend else 0.0
        if heading:
            self.write(0, -lower - upper, text.fit(heading, BODY, style.WIDTH, bold=True), bold=True)
        for number, row in enumerate(rows):
            x, y = 0.0, number * line_height(SMALL) - lower
            for name in row:
                self.name(x, y, name, legend[name], style.WIDTH)
                x += widths[name]

    @property
    def height(self) -> float:
        """Millimetres of the content with its head."""
        texts = [1 - words.get_position()[1] for words in self._texts]
        lines = [1 - float(np.min(line.get_ydata())) + 1 / _HEIGHT for line in self._lines]
        panels = [1 - axes.get_position().y0 + (9.5 if axes.get_xlabel() else 5) / _HEIGHT for axes in self._panels]
        lowest = max([0.0, *texts, *lines, *panels])
        return float(self._above + lowest * _HEIGHT + 1)

    def place(self, above: float, height: float) -> None:
        """Move the content to its place in a figure of `height` millimetres, below `above` millimetres of it."""
        scale, top = _HEIGHT / height, 1 - (above + self._above) / height
        for axes in self._panels:
            box = axes.get_position()
            axes.set_position((box.x0, top - (1 - box.y0) * scale, box.width, box.height * scale))
        for words in self._texts:
            words.set_y(top - (1 - words.get_position()[1]) * scale)
        for line in self._lines:
            line.set_ydata(top - (1 - np.asarray(line.get_ydata())) * scale)

    def _panel(self, box: tuple[float, float, float, float]) -> Axes:
        self._panels.append(self.figure.add_axes(box))
        return self._panels[-1]

    def _at(self, x: float, y: float) -> tuple[float, float]:
        """A position in shares of the figure."""
        return (x + _MARGIN) / (style.WIDTH + 2 * _MARGIN), 1 - y / _HEIGHT


def close(drawings: Sequence[blocks.Drawing]) -> Figure:
    """Give the figure of drawings the height of their content, one below the other, and return it; no more can be added."""
    heights = [drawing.height for drawing in drawings]
    above = 0.0
    for drawing, height in zip(drawings, heights, strict=True):
        drawing.place(above, sum(heights))
        above += height
    figure = drawings[0].figure
    figure.set_size_inches((style.WIDTH + 2 * _MARGIN) / 25.4, sum(heights) / 25.4)
    return figure
