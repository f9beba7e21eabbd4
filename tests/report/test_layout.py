"""Nothing on a page is clipped, too small, or set over something else, whatever the study."""

from collections.abc import Callable, Iterator

import matplotlib.style
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from nnbench.report import figures, style
from nnbench.report.document import compose
from nnbench.study import Study

MakeStudy = Callable[..., Study]
PAGES = ["cover", *(name for name in figures.names() if name != "cover")]
MARGIN = 10 * style.MM  # points from the sheet's edges; a figure is drawn at 72 dots an inch, so that a dot is a point
LONG = "my_company.optimizers.experimental:SophisticatedOptimizer{}"
GRID = [f"{name} lr={rate} decay={decay}" for name in style.LINES for rate in (0.01, 0.1, 1) for decay in (0, 0.001)]


def _broken(setting: str, seed: int) -> str:
    return {"sgd": "diverged", "rmsprop": ("killed", "failed", "finished")[seed % 3]}.get(setting, "finished")


STUDIES: dict[str, Callable[[MakeStudy], Study]] = {
    "four optimizers": lambda make: make(),
    "one run": lambda make: make(["adam"], 1),
    "one seed": lambda make: make(seeds=1),
    "notebook": lambda make: make(list(style.LINES), 12),
    "all alike": lambda make: make(alike=True),
    "a grid": lambda make: make(GRID, 2),
    "twelve settings": lambda make: make(GRID[:12], 12),
    "long names": lambda make: make([LONG.format(number) for number in range(4)], 8),
    "many long names": lambda make: make([f"{LONG.format(number)} lr=0.{number}" for number in range(13)], 2),
    "a long study name": lambda make: make(["adam", "sgd"], 2, name="a study of that which one would rather not " * 4),
    "dollars": lambda make: make(["a$b$c", "d_{e}^f"], 2, name="$x$ & <y>"),
    "broken runs": lambda make: make(outcome=_broken),
    "nothing finished": lambda make: make(outcome=lambda setting, seed: "diverged"),
    "no run": lambda make: make([], 0),
    "nothing held out": lambda make: make(validation=False, test=False),
    "many seeds": lambda make: make(["adam", "sgd"], 100),
    "many commits": lambda make: make(seeds=2, commits=[letter * 40 for letter in "abcdefgh"]),
}


@pytest.fixture(scope="module", params=STUDIES)
def sheets(request: pytest.FixtureRequest, make_study: MakeStudy) -> Iterator[list[Figure]]:
    """The pages of a study's report, drawn."""
    with matplotlib.style.context(["default", style.RC]):
        study = STUDIES[request.param](make_study)
        made = compose(study, title="Optimizers compared", pages=PAGES, targets=[0.8, 0.9, 0.95])
        for page in made.sheets:
            page.figure.set_dpi(72)
            FigureCanvasAgg(page.figure).draw()
        yield [page.figure for page in made.sheets]


def _texts(figure: Figure) -> list[tuple[Text, Bbox]]:
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]  # type: ignore[attr-defined]
    boxes = [(text, text.get_window_extent()) for text in texts]
    # Tick labels that matplotlib keeps for ticks outside the limits are not drawn.
    return [(text, box) for text, box in boxes if text.figure is figure and _drawn(text)]


def _drawn(text: Text) -> bool:
    axes = text.axes
    if axes is None or text not in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        return True
    (low_x, high_x), (low_y, high_y) = sorted(axes.get_xlim()), sorted(axes.get_ylim())
    x, y = text.get_position()
    return low_x <= x <= high_x if text in axes.get_xticklabels() else low_y <= y <= high_y


def test_no_text_is_off_the_sheet(sheets: list[Figure]) -> None:
    for figure in sheets:
        for text, box in _texts(figure):
            inside = MARGIN < box.x0 and box.x1 < figure.bbox.width - MARGIN and MARGIN < box.y0 < figure.bbox.height - MARGIN
            assert inside, f"{text.get_text()!r} at {box}"


def test_no_text_is_under_seven_points(sheets: list[Figure]) -> None:
    for figure in sheets:
        assert min(text.get_fontsize() for text, _ in _texts(figure)) >= style.LEAST


def test_no_text_is_over_another(sheets: list[Figure]) -> None:
    for figure in sheets:
        texts = _texts(figure)
        edges = np.array([box.extents for _, box in texts])
        low = np.maximum(edges[:, None, :2], edges[None, :, :2])
        high = np.minimum(edges[:, None, 2:], edges[None, :, 2:])
        overlaps = np.argwhere(np.triu(((high - low) > 0.5).all(axis=-1), 1))
        assert not [(texts[one][0].get_text(), texts[other][0].get_text()) for one, other in overlaps]


def test_no_text_of_the_page_is_over_a_panel(sheets: list[Figure]) -> None:
    for figure in sheets:
        frames = [axes.get_window_extent() for axes in figure.axes]
        for text, box in _texts(figure):
            if text.axes is None:
                assert not [frame for frame in frames if _overlap(box, frame)], text.get_text()


def test_no_panel_is_over_another_or_degenerate(sheets: list[Figure]) -> None:
    for figure in sheets:
        frames = [axes.get_window_extent() for axes in figure.axes]
        for number, frame in enumerate(frames):
            assert min(frame.width, frame.height) > 10 * style.MM or len(frames) == 1, "too small to read"
            assert not [other for other in frames[:number] if _overlap(frame, other)]


def _overlap(one: Bbox, other: Bbox) -> bool:
    common = Bbox.intersection(one, other)
    return common is not None and min(common.width, common.height) > 0.5


def test_every_page_has_its_footer(sheets: list[Figure]) -> None:
    for number, figure in enumerate(sheets, 1):
        assert f"page {number}/{len(sheets)}" in [text.get_text() for text, _ in _texts(figure)]
