"""What each setting learnt to see: the plane as its median run divides it."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from nnbench.boundary import Boundary
from nnbench.report import numbers, style, text
from nnbench.report.figures import NotShown, Settings
from nnbench.report.findings import Findings
from nnbench.report.page import Pad, Page, line_height
from nnbench.report.style import LEAST, LEFT, MUTED, SMALL, WIDTH
from nnbench.report.wording import brief

_MANY = 12
_NOTE = LEAST + 0.5
# The colours too pale for a line are right for an area; and so no class looks like an optimizer.
_CLASSES = ("#56b4e9", "#e69f00", "#f0e442", "#8fd694", "#d9a5c7", "#b8b8b8")

Shown = list[tuple["pd.Series[float]", Boundary]]


def draw(pad: Pad, findings: Findings, settings: Settings) -> pd.DataFrame:
    """One row a panel: `setting`, `seed`, `run_id`, the accuracy it is the median of, `points` drawn and how many of them are `wrong`."""
    by = findings.primary
    found = [(run, findings.study.boundary(str(run["run_id"]))) for run in _medians(findings)]
    shown: Shown = [(run, boundary) for run, boundary in found if boundary is not None][:_MANY]
    if not shown:
        raise NotShown("no run that came to its end has left a decision boundary, which only data of two features has")
    values = pd.Series({run["setting"]: run[by.column] for run, _ in shown})
    one = findings.scored["seed"].nunique() == 1
    if len(values) > 1:
        title = (
            f"{by.name.capitalize() if one else f'At the median seed, {by.name}'} lies between {numbers.fixed(values.min())} ({brief(str(values.idxmin()))}) "
            f"and {numbers.fixed(values.max())} ({brief(str(values.idxmax()))})"
        )
    else:
        title = f"{brief(str(values.index[0]))}{'' if one else ' at its median seed'}: {by.name} {numbers.fixed(values.iloc[0])}"
    _panels(pad.page(title, _caption(findings, shown, len(found))), findings, shown)
    rows = [
        {
            "setting": run["setting"], "seed": run["seed"], "run_id": run["run_id"], by.column: run[by.column],
            "points": len(_points(boundary)[1]), "wrong": int(_wrong(boundary).sum()),
        }
        for run, boundary in shown
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _medians(findings: Findings) -> Shown | list["pd.Series[float]"]:
    """The run of each setting that has as many runs above it as below; of two such, the lower. The best setting first."""
    column = findings.primary.column
    if not findings.known(column):
        return []
    runs = findings.scored.dropna(subset=[column]).sort_values([column, "seed"], kind="stable")
    own = {setting: part for setting, part in runs.groupby("setting")}
    order = [setting for setting in findings.ranking(findings.primary)["setting"] if setting in own]
    return [own[setting].iloc[(len(own[setting]) - 1) // 2] for setting in order]


def _caption(findings: Findings, shown: Shown, settings: int) -> str:
    held_out = any(len(boundary.test_points) for _, boundary in shown)
    more = f" The first {len(shown)} of {settings} settings." if settings > len(shown) else ""
    one = findings.scored["seed"].nunique() == 1
    which = "its one run" if one else f"the run whose {findings.primary.name} is the median over seeds"
    return (
        f"For each setting, {which}. Colour: the class that the network "
        f"names; the paler, the less sure it is, down to white for a guess. Dots: {'test' if held_out else 'training'} points; "
        f"a cross where the class named is not theirs.{more}"
    )


def _panels(page: Page, findings: Findings, shown: Shown) -> None:
    across = 2 if len(shown) <= 4 else 3 if len(shown) <= 9 else 4
    gap = 16.0 / across
    side = (WIDTH - gap * (across - 1)) / across
    names = [text.wrap(run["setting"], SMALL, side - 9, bold=True) for run, _ in shown]
    head = line_height(SMALL) * max(map(len, names)) + line_height(_NOTE) + 1.5
    rows = -(-len(shown) // across)
    side = min(side, page.room / rows - head - 5)
    for number, ((run, boundary), lines) in enumerate(zip(shown, names, strict=True)):
        row, column = divmod(number, across)
        x, y = LEFT + column * (side + gap), page.y + row * (side + head + 5)
        page.swatch(x, y + 0.38 * SMALL / style.MM, findings.looks[run["setting"]])
        for line, words in enumerate(lines):
            page.write(x + 9, y + line * line_height(SMALL), words, size=SMALL, bold=True)
        told = f"seed {run['seed']}, {findings.primary.name} {numbers.fixed(run[findings.primary.column])}"
        page.write(x, y + line_height(SMALL) * len(lines) + 0.3, told, size=_NOTE, colour=MUTED)
        _panel(page.axes(x, y + head, side, side), boundary)
    page.y += rows * (side + head + 5)


def _panel(axes: Axes, boundary: Boundary) -> None:
    axes.imshow(_field(boundary), origin="lower", extent=boundary.extent, interpolation="nearest", aspect="auto")
    points, labels = _points(boundary)
    wrong = _wrong(boundary)
    axes.scatter(*points[~wrong].T, s=3, c=_colours(int(labels.max()) + 1)[labels[~wrong]] * 0.6, linewidths=0, rasterized=True)
    axes.scatter(*points[wrong].T, s=8, c=style.INK, marker="x", linewidths=0.7, rasterized=True)
    axes.set(xlim=boundary.extent[:2], ylim=boundary.extent[2:], xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(style.FAINT)


def _colours(classes: int) -> npt.NDArray[np.float64]:
    return np.array([to_rgb(_CLASSES[number % len(_CLASSES)]) for number in range(classes)])


def _field(boundary: Boundary) -> npt.NDArray[np.float64]:
    """The class's colour at each cell, mixed with white as far as the network is unsure; shape (height, width, 3)."""
    classes = max(2, int(boundary.train_labels.max()) + 1, int(boundary.label.max()) + 1)
    sure = np.clip((boundary.confidence / 255 - 1 / classes) / (1 - 1 / classes), 0, 1)[..., np.newaxis]
    return np.asarray(1 - 0.7 * sure * (1 - _colours(classes)[boundary.label]))


def _points(boundary: Boundary) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """The points that are drawn, held-out ones where there are any, and their classes."""
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
