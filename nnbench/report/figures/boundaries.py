"""What each setting learnt to see: the plane as its median run divides it."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Panel:
    """One run's decision boundary; `value` is the measure that the run is the median of."""

    setting: str
    seed: int
    run_id: str
    value: float
    boundary: Boundary


def draw(pad: Pad, findings: Findings, settings: Settings) -> pd.DataFrame:
    """One row a panel: `setting`, `seed`, `run_id`, the measure it is the median of, `points` drawn and those `wrong`."""
    every = _panels(findings)
    if not every:
        raise NotShown("no run that came to its end has left a decision boundary, which only data of two features has")
    shown = every[:_MANY]
    page = pad.page(_title(findings, shown), _caption(findings, shown, len(every)))
    _arrange(page, findings, shown)
    columns = ["setting", "seed", "run_id", findings.primary.column, "points", "wrong"]
    rows = [
        (one.setting, one.seed, one.run_id, one.value, _wrong(one.boundary).size, int(_wrong(one.boundary).sum()))
        for one in shown
    ]
    return pd.DataFrame(rows, columns=columns)


def _panels(findings: Findings) -> list[Panel]:
    """For each setting, the best first, the run with as many runs above it as below; of two such, the lower."""
    column = findings.primary.column
    if not findings.known(column):
        return []
    runs = findings.scored.dropna(subset=[column]).sort_values([column, "seed"], kind="stable")
    by_setting = runs.groupby("setting")
    panels = []
    for setting in findings.ranking(findings.primary)["setting"]:
        if setting in by_setting.groups:
            own = by_setting.get_group(setting)
            run = own.iloc[(len(own) - 1) // 2]
            boundary = findings.study.boundary(run["run_id"])
            if boundary is not None:
                panels.append(Panel(setting, int(run["seed"]), run["run_id"], float(run[column]), boundary))
    return panels


def _one_seed(findings: Findings) -> bool:
    return findings.scored["seed"].nunique() == 1


def _title(findings: Findings, shown: list[Panel]) -> str:
    name = findings.primary.name
    low, high = (choose(shown, key=lambda panel: panel.value) for choose in (min, max))
    told = [f"{numbers.fixed(one.value)} ({brief(one.setting)})" for one in (low, high)]
    if len(shown) == 1:
        return f"{brief(low.setting)}{'' if _one_seed(findings) else ' at its median seed'}: {name} {told[0].split()[0]}"
    subject = name.capitalize() if _one_seed(findings) else f"At the median seed, {name}"
    return f"{subject} lies between {told[0]} and {told[1]}"


def _caption(findings: Findings, shown: list[Panel], settings: int) -> str:
    which = f"the run whose {findings.primary.name} is the median over seeds"
    points = "test" if any(len(one.boundary.test_points) for one in shown) else "training"
    more = f" The first {len(shown)} of {settings} settings." if settings > len(shown) else ""
    return (
        f"For each setting, {'its one run' if _one_seed(findings) else which}. Colour: the class that the network names; "
        f"the paler, the less sure it is, down to white for a guess. Dots: {points} points; a cross where the class named "
        f"is not theirs.{more}"
    )


def _arrange(page: Page, findings: Findings, shown: list[Panel]) -> None:
    """Square panels in as many columns as let them be large."""
    across = 2 if len(shown) <= 4 else 3 if len(shown) <= 9 else 4
    gap = 16.0 / across
    side = (WIDTH - gap * (across - 1)) / across
    names = [text.wrap(one.setting, SMALL, side - 9, bold=True) for one in shown]
    head = line_height(SMALL) * max(map(len, names)) + line_height(_NOTE) + 1.5
    rows = -(-len(shown) // across)
    side = min(side, page.room / rows - head - 5)
    for number, (one, lines) in enumerate(zip(shown, names, strict=True)):
        row, column = divmod(number, across)
        x, y = LEFT + column * (side + gap), page.y + row * (side + head + 5)
        page.swatch(x, y + 0.38 * SMALL / style.MM, findings.looks[one.setting])
        for line, words in enumerate(lines):
            page.write(x + 9, y + line * line_height(SMALL), words, size=SMALL, bold=True)
        told = f"seed {one.seed}, {findings.primary.name} {numbers.fixed(one.value)}"
        page.write(x, y + line_height(SMALL) * len(lines) + 0.3, told, size=_NOTE, colour=MUTED)
        _draw(page.axes(x, y + head, side, side), one.boundary, side / 83)
    page.y += rows * (side + head + 5)


def _draw(axes: Axes, boundary: Boundary, scale: float) -> None:
    """The plane and its points, which are as small as the panel."""
    axes.imshow(_field(boundary), origin="lower", extent=boundary.extent, interpolation="nearest", aspect="auto")
    points, labels = _points(boundary)
    wrong, shades = _wrong(boundary), 0.6 * _colours(int(labels.max()) + 1)
    right_x, right_y = points[~wrong].T
    axes.scatter(right_x, right_y, s=3 * scale, c=shades[labels[~wrong]], linewidths=0, rasterized=True)
    wrong_x, wrong_y = points[wrong].T
    axes.scatter(wrong_x, wrong_y, s=7 * scale, c=style.INK, marker="x", linewidths=0.6, rasterized=True)
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
