"""Simplified axes against those of matplotlib."""

from collections.abc import Callable

import matplotlib.style
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nnbench.core.arrays import FloatArray
from nnbench.report.outputs.axes import simplify
from nnbench.report.plots import style
from nnbench.report.plots.curves import spent_axis
from nnbench.report.plots.ticks import logarithmic


def _linear(axes: Axes) -> None:
    axes.set(xlim=(-3, 103), ylim=(0.5, -0.5), xlabel="share", ylabel="setting")


def _curves(axes: Axes) -> None:
    spent_axis(axes, 10_000)
    logarithmic(axes.yaxis, 0.03, 4.0, lambda value: f"{value:g}")
    axes.set_xlabel("epoch")
    axes.tick_params(labelsize=6)


def _plain(axes: Axes) -> None:
    axes.set(xticks=[0, 1], xlim=(0, 1), yticks=[])
    axes.tick_params(axis="x", length=0, pad=5)
    axes.grid(False)


def _without_labels(axes: Axes) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share", ylabel="setting")
    axes.tick_params(labelbottom=False, left=False)


@pytest.fixture(params=[_linear, _curves, _plain, _without_labels])
def figure(request: pytest.FixtureRequest) -> Figure:
    fill: Callable[[Axes], None] = request.param
    with matplotlib.style.context(["default", style.RC]):
        figure = Figure(figsize=(4, 3), dpi=400)
        FigureCanvasAgg(figure)
        fill(figure.add_axes((0.2, 0.2, 0.7, 0.7)))
        figure.draw_without_rendering()
        return figure


def test_labels_are_where_matplotlib_sets_them(figure: Figure) -> None:
    (axes,) = figure.axes
    texts = [
        tick.label1
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if tick.label1.get_visible() and min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    ]
    texts += [axis.label for axis in (axes.xaxis, axes.yaxis) if axis.label.get_text()]
    expected = {one.get_text(): (one.get_window_extent().get_points(), one.get_color()) for one in texts}
    with matplotlib.style.context(["default", style.RC]):
        simplify(figure)
        figure.draw_without_rendering()
    found = {one.get_text(): (one.get_window_extent().get_points(), one.get_color()) for one in axes.texts}
    assert found.keys() == expected.keys()
    for words, (box, colour) in expected.items():
        np.testing.assert_allclose(found[words][0], box, atol=3.0, err_msg=words)  # half a point
        assert found[words][1] == colour
    assert not axes.xaxis.get_visible()


def test_picture_is_that_of_matplotlib(figure: Figure) -> None:
    before = _picture(figure)
    with matplotlib.style.context(["default", style.RC]):
        simplify(figure)
        after = _picture(figure)
    ink = before < 200
    assert ink.any()
    # Texts may move by a pixel, where half of their edges differ; a lost label, tick or line would be more.
    assert np.abs(before.mean(axis=0) - after.mean(axis=0)).max() < 0.06 * 255
    assert after[ink].mean() < before[ink].mean() + 25


def test_axes_with_a_common_power_of_ten_are_left_to_matplotlib() -> None:
    with matplotlib.style.context(["default", style.RC]):
        axes = Figure().add_axes((0.2, 0.2, 0.7, 0.7))
        axes.set(xlim=(0, 1e-7), ylim=(0, 1))
        simplify(axes.figure)  # type: ignore[arg-type]
        assert axes.xaxis.get_visible()
        assert not axes.yaxis.get_visible()


def test_a_second_call_and_hidden_axes_change_nothing() -> None:
    with matplotlib.style.context(["default", style.RC]):
        axes = Figure().add_axes((0.2, 0.2, 0.7, 0.7))
        axes.yaxis.set_visible(False)
        simplify(axes.figure)  # type: ignore[arg-type]
        texts = len(axes.texts)
        assert texts == len(axes.get_xticks())
        simplify(axes.figure)  # type: ignore[arg-type]
        assert len(axes.texts) == texts


def test_ticks_at_the_right_are_left_to_matplotlib() -> None:
    with matplotlib.style.context(["default", style.RC]):
        axes = Figure().add_axes((0.2, 0.2, 0.7, 0.7))
        axes.yaxis.tick_right()
        simplify(axes.figure)  # type: ignore[arg-type]
        assert axes.yaxis.get_visible()


def _picture(figure: Figure) -> FloatArray:
    """The grey values, white where nothing is drawn."""
    canvas = figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels: FloatArray = np.asarray(canvas.buffer_rgba()).astype(np.float64)  # type: ignore[no-untyped-call]
    opacity = pixels[..., 3:] / 255
    return np.asarray((pixels[..., :3] * opacity + 255 * (1 - opacity)).mean(axis=-1))
