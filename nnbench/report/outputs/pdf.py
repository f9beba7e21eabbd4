"""The report as a tagged PDF, and a picture of its first page, set by typst."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import typst

from nnbench.core.palette import LineStyle
from nnbench.report.blocks import Block, Bullets, Cell, Column, Contents, Heading, Interactive, Legend, Plot, Table, Text
from nnbench.report.outputs.document import Composition, Part
from nnbench.report.plots import charts, style, text
from nnbench.report.plots.forest import fraction_of

COVER = 1000  # dots across the picture of the first page
_A4 = 595.28 / 72  # inches across
# Fonts for letters that DejaVu lacks, in the order in which they are tried; typst falls back on any other font that has them.
_OTHERS = ("Noto Sans", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Zen Hei")
_POWER = re.compile("10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]")
_PIECE = 12  # letters after which a word wider than its column is broken where it has none of `text.BREAKS`
_ROWS = 200  # of a table that are printed: five pages or more; the memory for setting is mostly that of tables

Json = dict[str, Any]
_PDF: Json = {"format": "pdf", "timestamp": 0}


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A document: the PDF, and its first page as a PNG."""

    pdf: bytes
    cover: bytes


def print_all(made: Composition) -> Printed:
    """Set a composition whose plots are drawn; the same composition gives the same bytes.

    The PDF conforms to PDF/UA-1: it has a language, a structure, and a text in place of each plot. If typst refuses that, the
    error is logged, and the PDF is tagged without the claim to conform. If page numbers cannot be trusted, that is an error of
    the report, too: typst gives up after some attempts to find numbers that agree with the pages.
    """
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    data = _data(made)
    with as_file(files("nnbench.report.outputs") / "templates" / "report.typ") as template:
        compiler = typst.Compiler(template, font_paths=[fonts])
        try:
            pdf, warned = compiler.compile_with_warnings(**_PDF, sys_inputs={"data": json.dumps(data)}, pdf_standards=["ua-1"])
        except typst.TypstError as error:  # the report is worth more than its conformance
            made.errors.add("report.pdf (PDF/UA-1)", error)
            pdf, warned = compiler.compile_with_warnings(**_PDF, sys_inputs={"data": json.dumps(data)})
        if unsettled := [warning for warning in warned if "converge" in str(warning)]:
            made.errors.add("report.pdf (page numbers)", unsettled[0])
        numbers = json.loads(compiler.query("<pages>", field="value", one=True))
        return Printed(pdf=_bytes(pdf), cover=_bytes(compiler.compile(**_first_page(data, numbers))))


def _first_page(data: Json, numbers: Sequence[int]) -> Json:
    """Arguments to draw the first page alone, with the contents of the whole document."""
    titles = zip(data["titles"], numbers, strict=True)
    contents = [{"kind": kind, "title": title, "page": page} for (kind, title), page in titles]
    first = {**data, "sections": data["sections"][:1], "missing": [], "contents": contents}
    return {"format": "png", "ppi": COVER / _A4, "sys_inputs": {"data": json.dumps(first)}}


def _bytes(compiled: bytes | list[bytes] | None) -> bytes:
    """The document, or the first of its pages."""
    return compiled[0] if isinstance(compiled, list) else compiled or b""


def _data(made: Composition) -> Json:
    """All that the template reads."""
    styles: dict[LineStyle, int] = {}
    sections = [_section(part, styles, first=number == 0) for number, part in enumerate(made.parts.values())]
    titles = [(one["kind"], one["title"]) for one in sections if not one["cover"]]
    return {
        "title": f"{made.title}: {made.name}",
        "heading": made.title,
        "name": made.name,
        "answer": made.answer,
        "version": made.version,
        "cover": next(iter(made.parts), "") == "cover",
        "colours": [style.INK, style.MUTED, style.FAINT, style.WARNING, style.LINK],
        "fonts": [text.SANS, *_OTHERS],
        "mono": [text.MONO, text.SANS, *_OTHERS],
        "sections": sections,
        "titles": titles + ([("Not shown", "Not shown because")] if made.not_shown else []),
        "missing": made.not_shown,
        "styles": [_style(one) for one in styles],
    }


def _section(part: Part, styles: dict[LineStyle, int], *, first: bool) -> Json:
    blocks = [data for block in part.page.blocks for data in _block(block, styles)]
    for one, following in pairwise(blocks):
        introduces = one["block"] == "text" and following["block"] in ("plot", "table")
        one["sticky"] = introduces or following.get("style") == "note"  # on the same page
    return {
        "kind": part.kind,
        "title": _breakable(part.title, 13.5, style.WIDTH),
        "caption": _breakable(part.page.caption, style.SMALL, style.WIDTH),
        "cover": first and part.name == "cover",
        "blocks": blocks,
    }


def _block(block: Block, styles: dict[LineStyle, int]) -> Iterator[Json]:
    match block:
        case Text():
            mono = block.style == "code"
            words = "\n".join(_breakable(one, style.BODY, style.WIDTH, mono=mono) for one in block.words.split("\n"))
            yield {"block": "text", "style": block.style, "words": words}
        case Heading():
            yield {"block": "heading", "words": _breakable(block.words, style.BODY, style.WIDTH)}
        case Bullets():
            yield {"block": "bullets", "items": [_breakable(one, style.SMALL, style.WIDTH - 5) for one in block.items]}
        case Legend():
            names = text.fit_all(list(block.styles), style.SMALL, style.WIDTH - 10)
            entries = zip(block.styles.values(), names, strict=True)
            yield {"block": "legend", "entries": [[_number(one, styles), name] for one, name in entries]}
        case Contents():
            yield {"block": "contents"}
        case Table():
            if len(block.rows) > _ROWS:
                words = f"The first {_ROWS} of {len(block.rows):,} rows; the web page beside this document has all."
                yield {"block": "text", "style": "note", "words": words}
            yield _table(block, styles)
        case Plot():
            yield {"block": "plot", "svg": block.svg, "alt": block.alt}
        case Interactive():
            for part in block.blocks:
                yield from _block(part, styles)


def _table(table: Table, styles: dict[LineStyle, int]) -> Json:
    longest = [
        max((fraction_of(row[at].words) for row in table.rows), key=len, default="") for at in range(len(table.columns))
    ]
    columns = [
        {"head": one.head, "width": one.width, "align": one.align, "size": one.size, "mono": one.mono} for one in table.columns
    ]
    rows = [
        [_cell(cell, column, most, styles) for cell, column, most in zip(row, table.columns, longest, strict=True)]
        for row in table.rows[:_ROWS]
    ]
    return {"block": "table", "columns": columns, "rows": rows}


def _cell(cell: Cell, column: Column, longest: str, styles: dict[LineStyle, int]) -> Json:
    """The entries of a cell that differ from their defaults; `pad` moves a number so that its point is below the others.

    Powers of ten have none: they are wider than other numbers, and their points say nothing about their size.
    """
    room = column.width - 1.5 - (9 if cell.line_style else 0)
    data: Json = {"words": _breakable(cell.words, column.size, room, mono=column.mono)}
    if cell.note:
        data["note"] = _breakable(cell.note, style.LEAST, room)
    if cell.link:
        data["link"] = cell.link
    if cell.line_style:
        data["style"] = _number(cell.line_style, styles)
    pad = longest[len(fraction_of(cell.words)) :] if column.align == "decimal" and not _POWER.search(cell.words) else ""
    if pad:
        data["pad"] = pad
    return data | {name: True for name in ("bold", "faint", "warning") if getattr(cell, name)}


def _breakable(words: str, size: float, room: float, *, mono: bool = False) -> str:
    """The text with places for line breaks in words that are wider than `room` millimetres."""
    family = text.MONO if mono else text.SANS
    if text.width(words, size, family=family, bold=True) <= room:
        return words
    return " ".join(
        word if text.width(word, size, family=family, bold=True) <= room else _pieces(word) for word in words.split(" ")
    )


def _pieces(word: str) -> str:
    """The word with a zero-width space after marks, and after so many letters without one."""
    made, since = [], 0
    for letter in word:
        made.append(letter)
        since += 1
        if letter in text.BREAKS or since >= _PIECE:
            made.append("\N{ZERO WIDTH SPACE}")
            since = 0
    return "".join(made)


def _number(line_style: LineStyle, styles: dict[LineStyle, int]) -> int:
    """The position of a style in the list that the template reads."""
    return styles.setdefault(line_style, len(styles))


def _style(line_style: LineStyle) -> Json:
    outline = [[[round(float(x), 3), round(float(y), 3)] for x, y in ring] for ring in charts.outline(line_style)]
    return {"colour": line_style.colour, "dash": list(line_style.dash[1]), "marker": outline}
