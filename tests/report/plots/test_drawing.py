import pytest

from nnbench.core import palette
from nnbench.report.plots.drawing import Drawing, blank, close

NAMES = ["a" * 60, "b" * 60, "adam"]


def test_a_head_is_above_the_content_whose_size_it_leaves() -> None:
    heights, sides = [], []
    for headed in (False, True):
        drawing = Drawing()
        axes = drawing.axes(9, 4, 100, 50)
        if headed:
            drawing.head("Training loss", dict.fromkeys(NAMES, palette.OPTIMIZER_STYLES["adam"]))
        figure = close([drawing])
        heights.append(figure.get_figheight())
        sides.append((axes.get_position().width * figure.get_figwidth(), axes.get_position().height * figure.get_figheight()))
    words = {text.get_text(): text.get_position() for text in figure.texts}
    assert list(words) == ["Training loss", *NAMES]
    assert all(axes.get_position().y1 < y < 1 for _, y in words.values())
    assert len({y for _, y in words.values()}) == 3  # the heading, a long name a line, the last beside the second
    assert sides[0] == sides[1]
    assert heights[0] < heights[1]


def test_drawings_on_one_figure_are_one_below_the_other() -> None:
    figure = blank()
    panels = []
    for heading in ("Training loss", "Validation loss"):
        drawing = Drawing(figure)
        panels.append((drawing, drawing.axes(9, 4, 100, 50)))
        drawing.head(heading, {})
    close([drawing for drawing, _ in panels])
    height = figure.get_figheight() * 25.4
    upper, lower = (axes.get_position() for _, axes in panels)
    assert [box.height * height for box in (upper, lower)] == pytest.approx([50, 50])
    first, second = (words.get_position()[1] for words in figure.texts)
    assert 1 > first > upper.y1 > upper.y0 > second > lower.y1 > lower.y0 > 0
