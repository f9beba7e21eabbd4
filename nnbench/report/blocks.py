"""Blocks of a page: texts, tables and plots, which the renderers of `report.outputs` set as PDF, HTML or Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from matplotlib.figure import Figure

from nnbench.core.palette import LineStyle


@dataclass(frozen=True)
class Text:
    """A paragraph; `lead` is the answer on a cover, `note` is in small grey type, `code` in a type of equal widths."""

    words: str
    style: Literal["lead", "body", "small", "note", "code"] = "body"


@dataclass(frozen=True)
class Heading:
    """A heading within a page."""

    words: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Legend:
    """Names of settings, each after a piece of its line."""

    styles: Mapping[str, LineStyle]


@dataclass(frozen=True)
class Contents:
    """The list of all pages; one after the other with their page numbers in the PDF."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        head: over it; a line feed breaks the line.
        width: in millimetres of a page 174 wide.
        align: `decimal` aligns numbers on their decimal point.
        size: of its letters in print, in points.
        mono: whether its letters have equal widths.
        descending: whether the first click in a web page sorts it in descending order.
    """

    head: str
    width: float
    align: Literal["left", "right", "decimal"] = "right"
    size: float = 9.0
    mono: bool = False
    descending: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        words: its text.
        note: a smaller text below.
        bold: whether the text is emphasised.
        faint: whether the text is grey.
        line_style: of the line that is drawn before the text.
        warning: whether the note, or the text if there is none, is in the colour of warnings.
        value: by which a web page sorts, NaN last; None to sort by the text.
        link: the address that the text is a link to; empty for none.
    """

    words: str
    note: str = ""
    bold: bool = False
    faint: bool = False
    line_style: LineStyle | None = None
    warning: bool = False
    value: float | None = None
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `caption` says what it shows to a reader who cannot see it."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


@dataclass(frozen=True)
class Chart:
    """Data of charts that the script of a web page draws.

    Attributes:
        kind: `lines` or `intervals`; `paths` and `boundaries` are played.
        data: of one or more charts.
        caption: below them.
    """

    kind: Literal["lines", "intervals", "paths", "boundaries"]
    data: Sequence[dict[str, Any]]
    caption: str = ""


class Drawing(Protocol):
    """What `Plot` needs of `plots.drawing.Drawing`, which is in a package above this one."""

    figure: Figure

    def head(self, heading: str, legend: Mapping[str, LineStyle]) -> None:
        """Write a heading and a legend above the content."""

    @property
    def height(self) -> float:
        """Millimetres of the content with its head."""

    def place(self, above: float, height: float) -> None:
        """Move the content to its place in the figure."""


@dataclass
class Plot:
    """A plot.

    Attributes:
        drawing: what is drawn.
        alt: what it shows, for a reader who cannot see it.
        heading, legend: those that the page has above the plot; empty for none.
        svg: the drawing; empty before it is rendered.
        svg_alone: the same with the heading and the legend, to be shown without the page.
    """

    drawing: Drawing
    alt: str
    heading: str = ""
    legend: Mapping[str, LineStyle] = field(default_factory=dict)
    svg: str = ""
    svg_alone: str = ""


@dataclass(frozen=True)
class Interactive:
    """A chart of the web page, with the blocks that take its place elsewhere."""

    chart: Chart
    blocks: list["Block"] = field(default_factory=list)


Block = Text | Heading | Bullets | Legend | Contents | Table | Plot | Interactive
