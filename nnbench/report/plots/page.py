"""Pages of the report: each records the blocks that a page's module adds, one below the other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from matplotlib.figure import Figure

from nnbench.core.palette import LineStyle
from nnbench.report.blocks import (
    Block,
    Bullets,
    Cell,
    Chart,
    Column,
    Contents,
    Heading,
    Interactive,
    Legend,
    Plot,
    Table,
    Text,
)
from nnbench.report.plots import text
from nnbench.report.plots.drawing import Drawing


class Page:
    """A page: a title, a caption and blocks.

    Attributes:
        title: the finding.
        caption: the text below the title; may be empty.
        blocks: in order.

    Args:
        figure: on which all plots are drawn, one below the other; without it each has its own.
    """

    def __init__(self, title: str, caption: str = "", figure: Figure | None = None) -> None:
        self.title, self.caption, self._figure = text.on_one_line(title), caption, figure
        self.blocks: list[Block] = []

    @property
    def plots(self) -> list[Plot]:
        """The plots, also those within other blocks."""
        nested = [part for block in self.blocks for part in (block.blocks if isinstance(block, Interactive) else [block])]
        return [block for block in nested if isinstance(block, Plot)]

    def lead(self, words: str) -> None:
        """Add the answer of a cover."""
        self.blocks.append(Text(words, "lead"))

    def paragraph(self, words: str, *, small: bool = False) -> None:
        """Add a paragraph."""
        self.blocks.append(Text(words, "small" if small else "body"))

    def note(self, words: str) -> None:
        """Add a paragraph in small grey type, unless it is empty."""
        if words:
            self.blocks.append(Text(words, "note"))

    def code(self, words: str) -> None:
        """Add lines in a type of equal widths."""
        self.blocks.append(Text(words, "code"))

    def heading(self, words: str) -> None:
        """Add a heading over the next block."""
        self.blocks.append(Heading(words))

    def bullets(self, items: Collection[str]) -> None:
        """Add a list of sentences, unless it is empty."""
        if items:
            self.blocks.append(Bullets(tuple(items)))

    def legend(self, styles: Mapping[str, LineStyle]) -> None:
        """Add a legend."""
        self.blocks.append(Legend(dict(styles)))

    def contents(self) -> None:
        """Add the list of all pages."""
        self.blocks.append(Contents())

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]], caption: str = "") -> None:
        """Add a table; a text in a row stands for a cell with that text."""
        cells = [[Cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
        self.blocks.append(Table(columns, cells, caption or self.title))

    def drawing(self, alt: str = "") -> Drawing:
        """Add a plot and return it, to be drawn on.

        Args:
            alt: what it shows; by default the heading above it, if any, and the title of the page.
        """
        drawing = Drawing(self._figure)
        above = self.blocks[-1].words if self.blocks and isinstance(self.blocks[-1], Heading) else ""
        legend = next((block.styles for block in reversed(self.blocks) if isinstance(block, Legend)), {})
        described = alt or ". ".join(filter(None, (above, self.title)))
        self.blocks.append(Plot(drawing, described, above, legend))
        return drawing

    def player(self, chart: Chart) -> None:
        """Add a chart that a web page plays, and that is nowhere else."""
        self.blocks.append(Interactive(chart))

    @contextmanager
    def interactive(self, chart: Chart) -> Iterator[None]:
        """Put the blocks that are added meanwhile into one that a web page replaces by a chart."""
        before = self.blocks
        self.blocks = []
        yield
        self.blocks = [*before, Interactive(chart, self.blocks)]


class Section:
    """A page of the report under its kind, which is printed above the title.

    Attributes:
        kind: name of the page in print.

    Args:
        figure: as of `Page`.
    """

    def __init__(self, kind: str, figure: Figure | None = None) -> None:
        self.kind, self._figure = kind, figure
        self._page: Page | None = None

    def page(self, title: str, caption: str = "") -> Page:
        """Begin the page; a section has one, of any length."""
        if self._page is not None:
            raise RuntimeError("the page is begun already: `section.page` is called once")
        self._page = Page(title, caption, self._figure)
        return self._page

    @property
    def begun(self) -> Page:
        """The page, once it is begun."""
        if self._page is None:
            raise RuntimeError("the page is not begun: its function must call `section.page`")
        return self._page
