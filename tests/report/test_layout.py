"""Nothing on a page is clipped, too small, or set over something else, whatever the study."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import matplotlib.style
import numpy as np
import pytest
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from nnbench.report import figures, style
from nnbench.report.document import compose
from nnbench.study import Study

MakeStudy = Callable[..., Study]
PAGES = ["cover", *(name for name in figures.names() if name != "cover")]
DPI = 150  # fine enough that letters are as wide as in print
TOUCH = 0.2  # millimetres by which boxes may meet
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


@dataclass(frozen=True)
class Drawn:
    """One page as it came out: the texts that were drawn, with their boxes, and the panels' frames; in millimetres."""

    texts: list[tuple[Text, Bbox]]
    frames: list[Bbox]


@pytest.fixture(scope="module", params=STUDIES)
def sheets(request: pytest.FixtureRequest, make_study: MakeStudy) -> Iterator[list[Drawn]]:
    """The pages of a study's report."""
    texts: list[Text] = []
    draw = Text.draw

    def remember(text: Text, renderer: RendererBase) -> None:
        if text.get_visible() and text.get_text().strip():
            texts.append(text)
        draw(text, renderer)

    with matplotlib.style.context(["default", style.RC]), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", remember)
        pages = []
        study = STUDIES[request.param](make_study)
        for page in compose(study, title="Optimizers compared", pages=PAGES, targets=[0.8, 0.9, 0.95]).sheets:
            texts.clear()
            page.figure.set_dpi(DPI)
            FigureCanvasAgg(page.figure).draw()
            frames = [_millimetres(axes.get_window_extent()) for axes in page.figure.axes]
            pages.append(Drawn([(text, _millimetres(text.get_window_extent())) for text in texts], frames))
        yield pages


def _millimetres(box: Bbox) -> Bbox:
    return Bbox(box.get_points() / DPI * 25.4)


def test_no_text_is_off_the_text_area(sheets: list[Drawn]) -> None:
    for sheet in sheets:
        for text, box in sheet.texts:
            inside = (
                style.LEFT - 0.5 <= box.x0 and box.x1 <= style.RIGHT + 0.5 and 10 <= box.y0 <= box.y1 <= style.SHEET[1] - 10
            )
            assert inside, f"{text.get_text()!r} at {box}"


def test_nothing_runs_into_the_footer(sheets: list[Drawn]) -> None:
    line = style.SHEET[1] - style.BOTTOM - 4
    for sheet in sheets:
        assert not [text.get_text() for text, box in sheet.texts if box.y0 < line < box.y1]
        assert not [frame for frame in sheet.frames if frame.y0 < line]
        assert len([text for text, box in sheet.texts if box.y1 < line]) == 3


def test_no_text_is_under_seven_points(sheets: list[Drawn]) -> None:
    for sheet in sheets:
        assert min(text.get_fontsize() for text, _ in sheet.texts) >= style.LEAST


def test_no_text_is_over_another(sheets: list[Drawn]) -> None:
    for sheet in sheets:
        edges = np.array([box.extents for _, box in sheet.texts])
        low = np.maximum(edges[:, None, :2], edges[None, :, :2])
        high = np.minimum(edges[:, None, 2:], edges[None, :, 2:])
        overlaps = np.argwhere(np.triu(((high - low) > TOUCH).all(axis=-1), 1))
        assert not [(sheet.texts[one][0].get_text(), sheet.texts[other][0].get_text()) for one, other in overlaps]


def test_no_text_of_the_page_is_over_a_panel(sheets: list[Drawn]) -> None:
    for sheet in sheets:
        for text, box in sheet.texts:
            if text.axes is None:
                assert not [frame for frame in sheet.frames if _overlap(box, frame)], text.get_text()


def test_no_panel_is_over_another_or_too_small_to_read(sheets: list[Drawn]) -> None:
    for sheet in sheets:
        for number, frame in enumerate(sheet.frames):
            assert frame.width > 30
            assert frame.height > 8
            assert not [other for other in sheet.frames[:number] if _overlap(frame, other)]


def _overlap(one: Bbox, other: Bbox) -> bool:
    common = Bbox.intersection(one, other)
    return common is not None and min(common.width, common.height) > TOUCH


def test_every_page_has_its_footer(sheets: list[Drawn]) -> None:
    for number, sheet in enumerate(sheets, 1):
        assert f"page {number}/{len(sheets)}" in [text.get_text() for text, _ in sheet.texts]
