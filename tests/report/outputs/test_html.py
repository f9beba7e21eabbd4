import json
import re
from html.parser import HTMLParser

import pytest

from nnbench.report.outputs.markup import POLICY, Cell, Column, Html, element, join, page, table

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


def test_texts_and_attributes_are_escaped() -> None:
    made = Structure(element("p", EVIL, element("b", EVIL), title=EVIL, class_="x", hidden=True, lang=None))
    assert made.seen == ["p", "b"]
    assert made.attributes == [("title", EVIL), ("class", "x"), ("hidden", None)]
    assert "".join(made.texts) == EVIL * 2


def test_markup_is_not_escaped_twice() -> None:
    assert join([element("b", "1 < 2"), " & ", Html("<i></i>")]) == "<b>1 &lt; 2</b> &amp; <i></i>"


def test_data_in_a_page_is_escaped() -> None:
    words = page(EVIL, element("p", EVIL), {"name": EVIL, "value": None})
    made = Structure(words)
    assert made.seen.count("script") == 2
    assert "img" not in made.seen
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', words, re.DOTALL)
    assert found is not None
    assert json.loads(found[1]) == {"name": EVIL, "value": None}


def test_a_page_loads_nothing_from_the_network() -> None:
    words = page("Title", element("p", "words"), {})
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in words
    assert set(re.findall(r"https?://[^\s\"'`)]*", words)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"\b(?:src|href)\s*=\s*[\"']?(?!data:|#)|url\((?!#)|@import|fetch\(|XMLHttp|innerHTML|eval\(", words)


def test_numbers_in_json_are_finite() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        page("", Html(""), {"value": float("nan")})


def test_a_table_shows_its_sort_column() -> None:
    columns = [Column(head="setting", text=True), Column(head="accuracy", falling=True)]
    rows = [
        [Cell(words="adam"), Cell(words="0.90", value=0.9, note="[0.8, 1]", bold=True)],
        [Cell(words="sgd"), Cell(words="–", value=float("nan"))],
    ]
    words = table(columns, rows, "What is what")
    assert '<th scope="col" data-first="descending"><button type="button">accuracy</button></th>' in words
    assert '<td data-value="0.9"><b>0.90</b><small>[0.8, 1]</small></td>' in words
    assert '<td data-value="nan">–</td>' in words
    assert '<td class="text">sgd</td>' in words
    Structure(words)
