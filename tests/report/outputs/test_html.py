import json
import re
from html.parser import HTMLParser

import pytest

from nnbench.core.palette import optimizer_styles
from nnbench.report.errors import ErrorLog
from nnbench.report.outputs.document import Composition
from nnbench.report.outputs.html import Web
from nnbench.report.outputs.markup import BLOCKS, POLICY, Cell, Column, table

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
    made = Composition(
        title=text, name=text, answer=text, caveats=[text], parts={}, missing=[("loss", text)], sheets=[], errors=ErrorLog()
    )
    web = Web(optimizer_styles([text]))
    chart = web.chart("intervals", {"name": text, "value": value})
    return web.render(made, text, chart, BLOCKS.code(text), {})


def test_texts_and_attributes_are_escaped() -> None:
    made = Structure(table([Column(head=EVIL)], [[Cell(text=EVIL, note=EVIL, bold=True, setting=3)]], EVIL))
    assert "script" not in made.seen
    assert "img" not in made.seen
    assert ("aria-label", EVIL) in made.attributes
    assert [text for text in made.texts if text.strip()] == [EVIL] * 4  # caption, head, cell and its note


def test_what_is_markup_already_is_not_escaped_twice() -> None:
    assert Structure(BLOCKS.curves(BLOCKS.chart("lines", 0))).seen == ["div"] * 3


def test_data_in_a_page_is_escaped() -> None:
    text = page(EVIL)
    made = Structure(text)
    assert made.seen.count("script") == 2
    assert "img" not in made.seen
    assert made.texts.count(EVIL) == 5  # title, heading, answer, caveat and facts
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    assert json.loads(found[1])["intervals"] == [{"name": EVIL, "value": None}]


def test_a_page_loads_nothing_from_the_network() -> None:
    text = page("words")
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in text
    assert set(re.findall(r"https?://[^\s\"'`)]*", text)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"\b(?:src|href)\s*=\s*[\"']?(?!data:|#)|url\((?!#)|@import|fetch\(|XMLHttp|innerHTML|eval\(", text)


def test_numbers_in_json_are_finite() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        page("", float("nan"))


def test_a_table_shows_its_sort_column() -> None:
    columns = [Column(head="setting", kind="text"), Column(head="accuracy", descending=True)]
    rows = [
        [Cell(text="adam"), Cell(text="0.90", value=0.9, note="[0.8, 1]", bold=True)],
        [Cell(text="sgd"), Cell(text="–", value=float("nan"))],
    ]
    text = table(columns, rows, "What is what")
    assert '<th scope="col" data-first="descending"><button type="button">accuracy</button></th>' in text
    assert '<td data-value="0.9"><b>0.90</b><small>[0.8, 1]</small></td>' in text
    assert '<td data-value="nan">–</td>' in text
    assert '<td class="text">sgd</td>' in text
    Structure(text)
