"""Markup that cannot be broken by what it shows: every text is escaped unless it is known to be markup."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

# Nothing is fetched from anywhere, nothing is sent; what runs and what styles stands in the page itself.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
_VOID = ("br", "img", "meta")


class Html(str):
    """Markup, safe as it is."""

    __slots__ = ()


NOTHING = Html("")


def element(name: str, /, *children: str, **attributes: str | float | bool | None) -> Html:
    """An element with its children; texts are escaped, an attribute of None or False is left out.

    Args:
        name: of the element.
        children: texts, or markup that `element` or `join` made.
        attributes: `class_` stands for class, `data_value` for data-value.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is not None and value is not False:
            key = key.rstrip("_").replace("_", "-")
            parts.append(key if value is True else f'{key}="{html.escape(str(value))}"')
    start = f"<{' '.join(parts)}>"
    return Html(start if name in _VOID else f"{start}{join(children)}</{name}>")


def join(children: Sequence[str]) -> Html:
    """Children side by side."""
    return Html("".join(child if isinstance(child, Html) else html.escape(child, quote=False) for child in children))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One place of a table.

    Attributes:
        words: as they are read.
        value: what the column is sorted by; the words where it is None, and NaN last.
        note: smaller, after the words.
        bold: whether it stands out.
        before: markup before the words.
    """

    words: str
    value: float | None = None
    note: str = ""
    bold: bool = False
    before: Html = NOTHING


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of numbers, or of text.

    Attributes:
        head: above it.
        text: not numbers.
        whole: text that is not broken into lines.
        falling: sorted from the greatest down at first.
    """

    head: str
    text: bool = False
    whole: bool = False
    falling: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], caption: str, *, tall: bool = False) -> Html:
    """A table whose heads sort it, in a box that scrolls where the window is too narrow.

    Args:
        caption: what it shows, for a reader who cannot see it.
        tall: has many rows, and scrolls in a box of its own.
    """
    heads = [
        element(
            "th",
            element("button", column.head, type="button"),
            scope="col",
            class_=_kind(column),
            data_first="descending" if column.falling else "ascending",
        )
        for column in columns
    ]
    body = [element("tr", *(_cell(cell, column) for cell, column in zip(row, columns, strict=True))) for row in rows]
    inner = element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", element("tr", *heads)),
        element("tbody", *body),
        class_="sortable",
    )
    return element("div", inner, class_="box tall" if tall else "box", tabindex="0", role="region", aria_label=caption)


def _cell(cell: Cell, column: Column) -> Html:
    words = element("b", cell.words) if cell.bold else cell.words
    note = element("small", cell.note) if cell.note else Html("")
    value = None if cell.value is None else f"{cell.value:.12g}"
    return element("td", cell.before, words, note, class_=_kind(column), data_value=value)


def _kind(column: Column) -> str | None:
    return "text whole" if column.whole else "text" if column.text else None


def page(title: str, body: Html, data: object, styles: str = "") -> str:
    """A whole document, with nothing outside itself.

    Args:
        title: of the window.
        body: what is in it.
        data: for the script, which draws the charts of it.
        styles: further ones; they hold nothing that comes from data.
    """
    own = files("nnbench.report.outputs") / "templates"
    # A less-than sign in a text would end the script early; to JSON its number means the same.
    inline = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light"),
        element("title", title),
        Html(f"<style>{(own / 'report.css').read_text('utf-8')}{styles}</style>"),
    )
    script = Html(f'<script type="application/json" id="data">{inline}</script>')
    script = join([script, Html(f"<script>{(own / 'report.js').read_text('utf-8')}</script>")])
    whole = element("html", head, element("body", body, script), lang="en")
    return f"<!doctype html>\n{whole}\n"
