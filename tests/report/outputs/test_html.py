import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from nnbench.core.palette import optimizer_styles
from nnbench.report.blocks import Cell, Chart, Column, Plot
from nnbench.report.errors import ErrorLog
from nnbench.report.outputs import html
from nnbench.report.outputs.document import Composition, Part
from nnbench.report.outputs.markup import POLICY
from nnbench.report.plots.drawing import Drawing
from nnbench.report.plots.page import Page

EVIL = '</script><script>alert(1)</script><img src=x onerror="alert(2)">&\'"'


class Structure(HTMLParser):
    """Which elements there are, and whether they close as they opened."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(words)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "img", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(text: str, value: float | None = None) -> str:
    """A web page with this text wherever one can stand, and a chart of this value."""
    cover = Page(text)
    cover.lead(text)
    cover.code(text)
    cover.bullets([text])
    with cover.interactive(Chart("intervals", [{"name": text, "value": value}])):
        pass
    loss = Page(text, text)
    loss.heading(text)
    style = optimizer_styles([text])[text]
    loss.legend({text: style})
    loss.table([Column(text, 10)], [[Cell(text, text, bold=True, line_style=style)]], text)
    loss.blocks.append(Plot(Drawing(), text, svg="<svg></svg>"))
    pages = {"cover": cover, "loss": loss}
    parts = {name: Part(name=name, kind=text, page=made, table=pd.DataFrame()) for name, made in pages.items()}
    return html.page(
        Composition(
            title=text,
            name=text,
            answer=text,
            caveats=[text],
            parts=parts,
            missing=[("loss", text)],
            version=text,
            styles={text: style},
            errors=ErrorLog(),
        )
    )


def test_data_in_a_page_is_escaped() -> None:
    text = page(EVIL)
    made = Structure(text)
    assert made.seen.count("script") == 2
    assert made.seen.count("img") == 1
    assert ("alt", EVIL) in made.attributes
    # title, heading, answer, code, bullet, link; kind, caption, heading, legend; four texts of the table
    assert made.texts.count(EVIL) == 14
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    assert json.loads(found[1])["intervals"] == [{"name": EVIL, "value": None}]


def test_a_page_loads_nothing_from_the_network() -> None:
    text = page("words")
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in text
    assert set(re.findall(r"https?://[^\s\"'`)]*", text)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(
        r"\b(?:src|href)\s*=\s*(?![\"']?(?:data:|#))|url\((?!#)|@import|fetch\(|XMLHttp|innerHTML|eval\(", text
    )


def test_numbers_in_json_are_finite() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        page("", float("nan"))


def test_a_table_shows_its_sort_column() -> None:
    columns = [Column("setting", 50, "left"), Column("test\naccuracy", 20, "decimal", descending=True)]
    rows = [[Cell("adam"), Cell("0.90", "[0.8, 1]", bold=True, value=0.9)], [Cell("sgd"), Cell("–", value=float("nan"))]]
    made = Page("")
    made.table(columns, rows, "What is what")
    part = Part(name="final_table", kind="", page=made, table=pd.DataFrame())
    text = html.page(
        Composition(
            title="", name="", answer="", caveats=[], parts={"final_table": part}, missing=[], version="", errors=ErrorLog()
        )
    )
    assert '<th scope="col" class="number" data-first="descending"><button type="button">test accuracy</button></th>' in text
    assert '<td class="number" data-value="0.9"><b>0.90</b><small>[0.8, 1]</small></td>' in text
    assert '<td class="number" data-value="nan">–</td>' in text
    assert '<td class="text">sgd</td>' in text
    Structure(text)
