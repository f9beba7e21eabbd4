"""Printed tables, over one or more pages, with columns aligned on the decimal point."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from nnbench.core import palette
from nnbench.core.formatting import MINUS
from nnbench.report.plots import style, text
from nnbench.report.plots.sheet import ASCENT, SWATCH, Page, line_height
from nnbench.report.plots.style import BODY, INK, LEAST, MUTED, NOTE

_NUMBER = re.compile(rf"(?:< |[+{MINUS}])?[\d,]+(\.\d+)")


@dataclass(frozen=True)
class Column:
    """A column `width` millimetres wide; `decimal` aligns numbers on their decimal point."""

    head: str
    width: float
    align: Literal["left", "right", "decimal"] = "right"
    size: float = BODY
    mono: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell of a table: a text, a smaller note below it, and the swatch of a setting before it."""

    words: str
    note: str = ""
    bold: bool = False
    colour: str = INK
    line_style: palette.LineStyle | None = None
    note_colour: str = MUTED


def table(
    page: Page,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell | str]],
    next_page: Callable[[], Page],
    *,
    gap: float = 1.3,
) -> Page:
    """Draw a table below the content of a page, and return the page on which it ends.

    Args:
        page: where it begins.
        columns: from left to right.
        rows: a cell or a text for each column.
        next_page: adds a page where one is full.
        gap: millimetres between rows.
    """
    cells = [[Cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    lines = [[_lines(cell, column) for cell, column in zip(row, columns, strict=True)] for row in cells]
    points = [_point(column, index, cells) for index, column in enumerate(columns)]
    largest = max(column.size for column in columns)  # all have its baseline
    _head(page, columns)
    for row, broken in zip(cells, lines, strict=True):
        height = max(
            len(part) * line_height(column.size) + len(_notes(cell, column)) * line_height(LEAST)
            for cell, part, column in zip(row, broken, columns, strict=True)
        )
        if page.room < height + 2:
            page.rule(page.y)
            page = next_page()
            _head(page, columns)
        x = style.LEFT
        for cell, part, column, point in zip(row, broken, columns, points, strict=True):
            _set(page, x, page.y + (largest - column.size) * ASCENT / style.MM, cell, part, column, point)
            x += column.width
        page.y += height + gap
    if any(column.head for column in columns):
        page.rule(page.y, colour=MUTED)
    page.y += 2.5
    return page


def _lines(cell: Cell, column: Column) -> list[str]:
    room = column.width - 1.5 - (SWATCH if cell.line_style else 0)
    return text.wrap(cell.words, column.size, room, family=text.MONO if column.mono else text.SANS, bold=cell.bold)


def _notes(cell: Cell, column: Column) -> list[str]:
    """Lines of the note: bounds such as [−25515, −4665] may be wider than their column; a text has the row to its right."""
    if not cell.note or column.align == "left":
        return [cell.note] if cell.note else []
    return text.wrap(cell.note, LEAST, column.width)


def _point(column: Column, index: int, rows: Sequence[Sequence[Cell]]) -> float:
    """Width in millimetres of the longest fraction in the column."""
    if column.align != "decimal":
        return 0.0
    return max((fraction(row[index].words, column.size, bold=row[index].bold) for row in rows), default=0.0)


def fraction(words: str, size: float, *, bold: bool = False) -> float:
    """Width in millimetres of a number from its decimal point on; 0 for other texts."""
    number = _NUMBER.fullmatch(words)
    return text.width(number[1], size, bold=bold) if number else 0.0


def _head(page: Page, columns: Sequence[Column]) -> None:
    if not any(column.head for column in columns):
        return
    x, height = style.LEFT, 0.0
    for column in columns:
        parts = column.head.split("\n")
        for number, words in enumerate(parts):
            left = column.align == "left"
            align, edge = ("left", x) if left else ("right", x + column.width - 1.5)
            page.write(edge, page.y + number * line_height(LEAST), words, size=NOTE, colour=MUTED, align=align)
        height = max(height, len(parts) * line_height(LEAST))
        x += column.width
    page.y += height + 0.8
    page.rule(page.y, colour=MUTED)
    page.y += 1.6


def _set(page: Page, x: float, y: float, cell: Cell, lines: Sequence[str], column: Column, point: float) -> None:
    right = x + column.width - 1.5
    if cell.line_style:
        page.swatch(x, y, cell.line_style, column.size)
        x += SWATCH
    align = "left" if column.align == "left" else "right"
    at = x if align == "left" else right
    if column.align == "decimal":
        at -= point - fraction(cell.words, column.size, bold=cell.bold)
    for line in lines:
        page.write(at, y, line, size=column.size, colour=cell.colour, bold=cell.bold, align=align, mono=column.mono)
        y += line_height(column.size)
    for line in _notes(cell, column):
        page.write(x if align == "left" else right, y, line, size=LEAST, colour=cell.note_colour, align=align)
        y += line_height(LEAST)
