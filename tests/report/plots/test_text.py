import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from nnbench.report.plots import style, text

WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=120)


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("words", ["adam lr=0.05", "0.941 [0.936, 0.947]", "WAVE ∞ (10,000)"])
def test_width_is_what_matplotlib_draws(words: str, bold: bool) -> None:
    font = FontProperties(family=text.SANS, weight="bold" if bold else "normal", size=100)
    drawn, _, _ = TextToPath().get_text_width_height_descent(words, font, ismath=False)
    assert text.width(words, 100, bold=bold) == pytest.approx(drawn / style.MM, rel=0.03)


def test_digits_are_of_one_width() -> None:
    """What aligning numbers at the right rests on."""
    assert len({text.width(digit, 9) for digit in "0123456789"}) == 1


@given(WORDS, st.floats(5, 80))
def test_wrapped_lines_fit_and_are_complete(words: str, room: float) -> None:
    lines = text.wrap(words, 9, room)
    assert all(text.width(line, 9) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(words.split())


@pytest.mark.parametrize("room", [-1, 0, 0.5])
def test_without_room_a_line_has_one_letter(room: float) -> None:
    assert text.wrap("a loss", 9, room) == ["a", "l", "o", "s", "s"]


def test_a_long_word_is_broken_after_a_mark() -> None:
    assert text.wrap("my_company.optimizers:Sophisticated", 9, 25) == ["my_company.", "optimizers:", "Sophisticated"]


@given(WORDS, st.floats(10, 80))
def test_fitted_text_fits_and_keeps_its_ends(words: str, room: float) -> None:
    fitted = text.fit(words, 9, room)
    assert text.width(fitted, 9) <= room
    if "…" in fitted:
        start, end = fitted.split("…")
        assert text.on_one_line(words).startswith(start)
        assert text.on_one_line(words).endswith(end)
    else:
        assert fitted == text.on_one_line(words)
