"""Nothing in a plot is clipped, too small, or drawn over something else, whatever the study."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib.style
import numpy as np
import pytest
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from nnbench.core import palette
from nnbench.records.study import Study
from nnbench.report import pages as figures
from nnbench.report.outputs.document import Composition, compose
from nnbench.report.plots import style
from nnbench.report.plots.drawing import close

MakeStudy = Callable[..., Study]
PAGES = ["cover", *(name for name in figures.names() if name != "cover")]
DPI = 100
AS_IN_PRINT = {"text.hinting": "none"}  # a screen moves letters to its dots
HANG = 0.7  # millimetres by which a tick's label may hang out of a plot
HIGHEST = 240.0  # millimetres of a plot that fits a page
TOUCH = 0.2  # millimetres by which boxes may meet
LONG = "my_company.optimizers.experimental:SophisticatedOptimizer{}"
GRID = [
    f"{name} lr={rate} decay={decay}" for name in palette.OPTIMIZER_STYLES for rate in (0.01, 0.1, 1) for decay in (0, 0.001)
]


def _broken(setting: str, seed: int) -> str:
    return {"sgd": "diverged", "rmsprop": ("killed", "failed", "finished")[seed % 3]}.get(setting, "finished")


COLUMNS = [f"{name} lr={rate} decay={decay}" for name in ("sgd", "adam") for rate in (0.01, 0.1, 1) for decay in (0, 0.001)]


def _large_rates(setting: str, seed: int) -> str:
    return "diverged" if "lr=1 " in setting and seed else "finished"


STUDIES: dict[str, Callable[[MakeStudy], Study]] = {
    "four optimizers": lambda make: make(),
    "one run": lambda make: make(["adam"], 1),
    "one seed": lambda make: make(seeds=1),
    "notebook": lambda make: make(list(palette.OPTIMIZER_STYLES), 12),
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
    "many seeds": lambda make: make(["adam", "sgd"], 40),
    "two optimizers": lambda make: make(["sgd", "adam"], 9),
    "eight optimizers": lambda make: make([f"mine{number}" for number in range(8)], 12),
    "twelve optimizers": lambda make: make([f"mine{number}" for number in range(12)], 3),
    "one hundred seeds": lambda make: make(["adam", "sgd", "rmsprop"], 100),
    "checkpoints": lambda make: make(["adam", "sgd"], 3, checkpoints=[10, 100, 1000, 5000]),
    "five with checkpoints": lambda make: make(list(palette.OPTIMIZER_STYLES), 3, checkpoints=[10, 1000]),
    "tuned": lambda make: make(["sgd", "adagrad", "rmsprop", "adam"], 20, tuned=16),
    "one tuned": lambda make: make(["adam"], 6, tuned=8),
    "long names tuned": lambda make: make([LONG.format(number) for number in range(5)], 3, tuned=9),
    "a grid with diverged runs": lambda make: make(COLUMNS, 3, outcome=_large_rates),
    "many commits": lambda make: make(seeds=2, commits=[letter * 40 for letter in "abcdefgh"]),
}


@dataclass(frozen=True)
class Plotted:
    """One plot as it came out: its size, the texts with their boxes, and the frames of the panels; in millimetres."""

    size: tuple[float, float]
    texts: list[tuple[Text, Bbox]]
    frames: list[Bbox]


def plotted(compose: Callable[[], Composition]) -> list[Plotted]:
    """The plots of all pages, drawn as they are printed."""
    texts: list[Text] = []
    draw = Text.draw

    def remember(text: Text, renderer: RendererBase) -> None:
        if text.get_visible() and text.get_text().strip():
            texts.append(text)
        draw(text, renderer)

    with matplotlib.style.context(["default", style.RC, AS_IN_PRINT]), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", remember)
        made = compose()
        assert not made.errors.logged, made.errors.text()
        plots = []
        for plot in (plot for part in made.parts.values() for plot in part.page.plots):
            texts.clear()
            figure = close([plot.drawing])
            figure.set_dpi(DPI)
            FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
            panels = [axes for axes in figure.axes if axes.get_label() != "key"]  # that of colours is a narrow bar
            frames = [_millimetres(axes.get_window_extent()) for axes in panels]
            width, height = (float(length) * 25.4 for length in figure.get_size_inches())
            plots.append(Plotted((width, height), [(text, _millimetres(text.get_window_extent())) for text in texts], frames))
        return plots


def _millimetres(box: Bbox) -> Bbox:
    return Bbox(box.get_points() / DPI * 25.4)


@pytest.mark.heavy
@pytest.mark.parametrize("study", STUDIES)
def test_layout(study: str, make_study: MakeStudy) -> None:
    made = STUDIES[study](make_study)
    check(plotted(lambda: compose(made, title="Optimizers compared", pages=PAGES, targets=[0.8, 0.9, 0.95])))


def check(plots: Sequence[Plotted]) -> None:
    """Whether all can be read in all the plots."""
    for plot in plots:
        assert min(float(text.get_fontsize()) for text, _ in plot.texts) >= style.LEAST
        assert plot.size[1] <= HIGHEST
        _all_in_the_plot(plot)
        _no_text_over_another(plot)
        _panels_clear_and_large(plot)


def _all_in_the_plot(plot: Plotted) -> None:
    for text, box in plot.texts:
        assert box.x0 >= -HANG, text.get_text()
        assert box.x1 <= plot.size[0] + HANG, text.get_text()
        assert box.y0 >= -HANG, text.get_text()
        assert box.y1 <= plot.size[1] + HANG, text.get_text()


def _no_text_over_another(plot: Plotted) -> None:
    edges = np.array([box.extents for _, box in plot.texts])
    low = np.maximum(edges[:, None, :2], edges[None, :, :2])
    high = np.minimum(edges[:, None, 2:], edges[None, :, 2:])
    overlaps = np.argwhere(np.triu(((high - low) > TOUCH).all(axis=-1), 1))
    assert not [(plot.texts[one][0].get_text(), plot.texts[other][0].get_text()) for one, other in overlaps]


def _panels_clear_and_large(plot: Plotted) -> None:
    for number, frame in enumerate(plot.frames):
        assert frame.width > 30, "too small to read"
        assert frame.height > 5, "too small to read"
        assert not [other for other in plot.frames[:number] if _overlap(frame, other)]
        assert not [text.get_text() for text, box in plot.texts if text.axes is None and _overlap(box, frame)]


def _overlap(one: Bbox, other: Bbox) -> bool:
    common = Bbox.intersection(one, other)
    return common is not None and min(common.width, common.height) > TOUCH
