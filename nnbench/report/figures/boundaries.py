"""What each setting learnt to see: the plane as its median run divides it."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from nnbench.boundary import Boundary
from nnbench.report import findings, numbers, style, text
from nnbench.report.figures import NotShown, Settings
from nnbench.report.page import Pad, Page, line_height
from nnbench.report.style import LEAST, LEFT, MUTED, SMALL
from nnbench.study import Study

_MANY = 12
# The colours that are too pale for a line are right for an area, and so no class looks like an optimizer.
_CLASSES = ("#56b4e9", "#e69f00", "#f0e442", "#8fd694", "#d9a5c7", "#b8b8b8")


def draw(pad: Pad, study: Study, settings: Settings) -> pd.DataFrame:
    """One row a panel: `setting`, `seed`, `run_id`, the accuracy it is the median of, and the test points that it gets wrong."""
    by = findings.primary(study)
    order = list(findings.ranking(study, by)["setting"])
    chosen = [(run, boundary) for run in _medians(study, by, order) if (boundary := study.boundary(run["run_id"]))]
    if not chosen:
        raise NotShown("no finished run has left a decision boundary: only data of two features has one")
    shown = chosen[:_MANY]
    values = pd.Series({run["setting"]: run[by.column] for run, _ in chosen})
    title = (
        f"At the median seed, {by.name} runs from {values.min():.3f} ({values.idxmin()}) to {values.max():.3f} ({values.idxmax()})"
        if len(values) > 1
        else f"What {values.index[0]} learnt: the median seed"
    )
    page = pad.page(title, _caption(by, shown))
    looks = style.settings(study.runs)
    across = 2 if len(shown) <= 6 else 3
    _panels(page, shown, by, looks, across)
    rows = [
        {"setting": run["setting"], "seed": run["seed"], "run_id": run["run_id"], by.column: run[by.column], "wrong": int(_wrong(b).sum())}
        for run, b in shown
    ]
    return pd.DataFrame(rows)


def _medians(study: Study, by: findings.Metric, order: list[str]) -> list[pd.Series]:
    """The run of each setting that has as many runs above it as below; of two such, the lower."""
    runs = findings.scored(study)
    runs = runs[runs[by.column].notna()] if by.column in runs else runs.head(0)
    result = []
    for setting in order:
        own = runs[runs["setting"] == setting].sort_values([by.column, "seed"], kind="stable")
        if len(own):
            result.append(own.iloc[(len(own) - 1) // 2])
    return result


def _caption(by: findings.Metric, shown: list[tuple[pd.Series, Boundary]]) -> str:
    held_out = any(len(boundary.test_points) for _, boundary in shown)
    return (
        f"For each setting, the run whose {by.name} is the median over seeds. Colour: the class the network names; the paler, "
        f"the less sure it is, white being a guess. Dots: {'test' if held_out else 'training'} points, a black cross where the network is wrong."
    )


def _panels(
    page: Page, shown: list[tuple[pd.Series, Boundary]], by: findings.Metric, looks: dict[str, style.Line], across: int
) -> None:
    gap = 8.0
    side = (style.WIDTH - gap * (across - 1)) / across
    names = [text.wrap(run["setting"], SMALL, side - 9) for run, _ in shown]
    head = line_height(SMALL) * max(map(len, names)) + line_height(LEAST + 0.5) + 1.0
    rows = -(-len(shown) // across)
    side = min(side, (page.room - 2) / rows - head - 5)
    for number, ((run, boundary), lines) in enumerate(zip(shown, names, strict=True)):
        row, column = divmod(number, across)
        x, y = LEFT + column * (side + gap), page.y + row * (side + head + 5)
        page.swatch(x, y + 0.38 * SMALL / style.MM, looks[run["setting"]])
        for line, words in enumerate(lines):
            page.write(x + 9, y + line * line_height(SMALL), words, size=SMALL, bold=True)
        told = f"seed {run['seed']}, {by.name} {numbers.fixed(run[by.column])}"
        page.write(x, y + line_height(SMALL) * len(lines) + 0.3, told, size=LEAST + 0.5, colour=MUTED)
        _panel(page.axes(x, y + head, side, side), boundary)
    page.y += rows * (side + head + 5)


def _panel(axes: Axes, boundary: Boundary) -> None:
    axes.imshow(_field(boundary), origin="lower", extent=boundary.extent, interpolation="nearest", aspect="auto")
    points, labels = _points(boundary)
    colours = np.array([to_rgb(_CLASSES[k % len(_CLASSES)]) for k in range(int(labels.max()) + 1)]) * 0.62
    wrong = _wrong(boundary)
    axes.scatter(*points.T, s=2.2, c=colours[labels], linewidths=0, rasterized=True)
    axes.scatter(*points[wrong].T, s=9, c="black", marker="x", linewidths=0.6, rasterized=True)
    axes.set_xlim(boundary.extent[:2])
    axes.set_ylim(boundary.extent[2:])
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.FAINT)


def _field(boundary: Boundary) -> npt.NDArray[np.float64]:
    """The class's colour at each cell, mixed with white as far as the network is unsure; shape (height, width, 3)."""
    classes = max(2, int(max(boundary.label.max(), boundary.train_labels.max())) + 1)
    guess = 1 / classes
    sure = np.clip((boundary.confidence / 255 - guess) / (1 - guess), 0, 1)[..., np.newaxis] * 0.85
    colours = np.array([to_rgb(_CLASSES[k % len(_CLASSES)]) for k in range(classes)])
    return np.asarray(1 - sure * (1 - colours[boundary.label]))


def _points(boundary: Boundary) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    if len(boundary.test_points):
        return boundary.test_points, boundary.test_labels
    return boundary.train_points, boundary.train_labels


def _wrong(boundary: Boundary) -> npt.NDArray[np.bool_]:
    """Whether the cell that a point lies in is given another class than the point's."""
    points, labels = _points(boundary)
    left, right, bottom, top = boundary.extent
    height, width = boundary.label.shape
    column = ((points[:, 0] - left) / (right - left) * width).astype(int).clip(0, width - 1)
    row = ((points[:, 1] - bottom) / (top - bottom) * height).astype(int).clip(0, height - 1)
    return np.asarray(boundary.label[row, column] != labels)
