"""Blocks of the report's web page, from a Jinja template that escapes every text which is not markup already."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

# Nothing is loaded from anywhere, nothing is sent; scripts and styles are in the page itself.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"

TEMPLATES = Environment(
    loader=PackageLoader("nnbench.report.outputs"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
TEMPLATES.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
BLOCKS: Any = TEMPLATES.get_template("blocks.html.jinja").module  # its macros: swatch, chart, curves, caption, code, pictures


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    return (files("nnbench.report.outputs") / "templates" / name).read_text("utf-8")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: what is read.
        value: what the column is sorted by, NaN last; the text where it is None.
        note: smaller, after the text.
        bold: whether the text is emphasised.
        setting: number of the setting whose line is drawn before the text.
    """

    text: str
    value: float | None = None
    note: str = ""
    bold: bool = False
    setting: int | None = None

    @property
    def sort_key(self) -> str | None:
        """The value in an attribute."""
        return None if self.value is None else f"{self.value:.12g}"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: its head, the kind of its cells, and whether the first click sorts it in descending order."""

    head: str
    kind: Literal["number", "text", "code"] = "number"
    descending: bool = False

    @property
    def css(self) -> str | None:
        """The class of its cells."""
        return None if self.kind == "number" else self.kind


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], caption: str, *, tall: bool = False) -> Markup:
    """Make a table whose heads sort it.

    Args:
        columns: from left to right.
        rows: a cell for each column.
        caption: what it shows, for a reader who cannot see it.
        tall: whether it has many rows, and scrolls in a box of limited height.
    """
    paired = [list(zip(row, columns, strict=True)) for row in rows]
    return Markup(BLOCKS.table(columns, paired, caption, tall))
