from nnbench.core import palette
from nnbench.report.plots.drawing import Drawing

NAMES = ["a" * 60, "b" * 60, "adam"]


def test_a_head_is_above_the_content_whose_size_it_leaves() -> None:
    heights, sides = [], []
    for headed in (False, True):
        drawing = Drawing()
        axes = drawing.axes(9, 4, 100, 50)
        if headed:
            drawing.head("Training loss", dict.fromkeys(NAMES, palette.OPTIMIZER_STYLES["adam"]))
        figure = drawing.close()
        heights.append(figure.get_figheight())
        sides.append((axes.get_position().width * figure.get_figwidth(), axes.get_position().height * figure.get_figheight()))
    words = {text.get_text(): text.get_position() for text in figure.texts}
    assert list(words) == ["Training loss", *NAMES]
    assert all(axes.get_position().y1 < y < 1 for _, y in words.values())
    assert len({y for _, y in words.values()}) == 3  # the heading, a long name a line, the last beside the second
    assert sides[0] == sides[1]
    assert heights[0] < heights[1]
