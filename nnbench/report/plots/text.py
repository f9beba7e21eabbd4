"""Width of texts in print, and line breaking, computed before drawing so that nothing is clipped."""

from collections.abc import Sequence
from functools import cache, lru_cache

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

from nnbench.report.plots import style
from nnbench.report.sentences.names import cut, short

BREAKS = "._:/=,"  # a word wider than a line is broken after one of these if possible
_SCALE = 100  # points at which widths are measured; they grow in proportion


@cache
def _font(family: str, bold: bool) -> FT2Font:
    properties = font_manager.FontProperties(family=family, weight="bold" if bold else "normal")
    font = FT2Font(font_manager.findfont(properties))  # one of our own: matplotlib's are resized as it draws
    font.set_size(_SCALE, 72)
    return font


_BOX = "\N{WHITE SQUARE}"  # in place of a letter that the font lacks
SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"


@cache
def _letter(letter: str, family: str, bold: bool) -> float:
    letter = letter if ord(letter) in _letters(family, bold) else _BOX
    return _font(family, bold).load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536


@lru_cache(maxsize=20_000)
def _advance(text: str, family: str, bold: bool) -> float:
    return sum(_letter(letter, family, bold) for letter in text)


def width(text: str, size: float, *, family: str = SANS, bold: bool = False) -> float:
    """Width in millimetres of one line of text set in `size` points."""
    return _advance(text, family, bold) * size / _SCALE / style.MM


@cache
def _letters(family: str, bold: bool) -> frozenset[int]:
    return frozenset(_font(family, bold).get_charmap())


def on_one_line(text: str) -> str:
    """The text with single spaces in place of line feeds and other spaces."""
    return " ".join(text.split())


def fit(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The text on one line of at most `room` millimetres, shortened in its middle."""
    return cut(on_one_line(text), lambda part: width(part, size, bold=bold) <= room)


def fit_all(names: Sequence[str], size: float, room: float, *, bold: bool = False) -> list[str]:
    """Names of at most `room` millimetres each; different names stay different."""
    return short([on_one_line(name) for name in names], lambda name: width(name, size, bold=bold) <= room)


def wrap(text: str, size: float, room: float, *, family: str = SANS, bold: bool = False) -> list[str]:
    """Lines of at most `room` millimetres, broken at spaces, or within a word that is wider than a line.

    A line has at least one letter, also where there is no room for one.
    """

    def fits(line: str) -> bool:
        return width(line, size, family=family, bold=bold) <= room

    lines = [""]
    for word in on_one_line(text).split():
        joined = f"{lines[-1]} {word}".lstrip()
        if fits(joined):
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while len(word) > 1 and not fits(word):
            cut = next((n for n in range(len(word), 0, -1) if fits(word[:n])), 1)
            after_mark = 1 + max(word.rfind(mark, 0, cut) for mark in BREAKS)
            cut = after_mark if after_mark > cut / 2 else cut
            lines[-1:] = [word[:cut], ""]
            word = word[cut:]
        lines[-1] = word
    return lines
