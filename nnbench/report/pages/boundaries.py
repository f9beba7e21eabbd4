"""Page: decision boundaries of the median, worst and best run of each setting, and at checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.boundary import Boundary
from nnbench.report.blocks import Chart
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.frames import median_frames
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import decision_boundary as plane
from nnbench.report.plots import players, text
from nnbench.report.plots.drawing import Drawing, line_height
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import MUTED, NOTE, SMALL, WIDTH
from nnbench.report.sentences.wording import short_name

_MANY = 12
_FEW = 5  # settings that have a row each
_EPOCHS = 3  # checkpoints that are drawn
_LARGEST = 110.0  # millimetres of a panel
_GAP, _BETWEEN = 4.0, 8.0  # millimetres between panels of a setting, and between settings
_PLAYER = "Over the epochs: the median run of each of the best settings, with its training loss and training points."
_BESIDE = 36.0  # millimetres of a name beside its panels


@dataclass(frozen=True)
class Panel:
    """A decision boundary; `which` of the setting's runs it is: median, worst, best."""

    setting: str
    which: str
    seed: int
    run_id: str
    value: float
    boundary: Boundary
    epoch: int | None = None  # None stands for the end


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per panel.

    Returns:
        `setting`, `which`, `seed`, `run_id`, `epoch`, final measure, `points`, `wrong` (misclassified points).
    """
    rows = _rows(findings)
    if not rows:
        raise NoDataError("no completed run has a decision boundary, which is recorded only for data with two features")
    shown = rows[:_MANY]
    page = section.page(_title(findings, shown), _caption(findings, shown, len(rows)))
    if frames := [(name, findings.styles[name].colour, one, losses) for name, one, losses in median_frames(findings)]:
        page.player(Chart("boundaries", [players.boundaries(frames)], _PLAYER))
    _arrange(page, findings, shown)
    column = findings.primary.column
    table = [
        (one.setting, one.which, one.seed, one.run_id, one.epoch, one.value, *_counts(one)) for row in shown for one in row
    ]
    columns = ["setting", "which", "seed", "run_id", "epoch", column, "points", "wrong"]
    return pd.DataFrame(table, columns=columns).astype({"epoch": "Int64"})


def _counts(one: Panel) -> tuple[int, int]:
    wrong = plane.wrong(one.boundary, one.epoch)
    return wrong.size, int(wrong.sum())


def _rows(findings: Findings) -> list[list[Panel]]:
    """Collect the panels of each setting, best setting first."""
    column = findings.primary.column
    if not findings.known(column):
        return []
    runs = findings.scored.dropna(subset=[column]).sort_values([column, "seed"], kind="stable")
    runs = runs if findings.primary.higher else runs[::-1]
    by_setting = dict(iter(runs.groupby("setting")))
    ranked = [setting for setting in findings.ranking(findings.primary)["setting"] if setting in by_setting]
    few = len(ranked) <= _FEW
    rows = []
    for setting in ranked[: _MANY + 1]:
        group = by_setting[setting]
        panels = [
            panel for which, at in _which(len(group), few=few) if (panel := _panel(findings, setting, which, group.iloc[at]))
        ]
        rows.append(_with_epochs(panels, findings))
    rows = [row for row in rows if row]
    return rows + [[]] * (len(ranked) - len(ranked[: _MANY + 1])) if rows else []


def _which(runs: int, *, few: bool) -> list[tuple[str, int]]:
    """Indices of the runs to show, among runs in ascending order; the median is the lower of two in the middle."""
    if runs == 1:
        return [("only run", 0)]
    places = [("median", (runs - 1) // 2), ("worst", 0)]
    return [*places, ("best", runs - 1)] if few and runs > 2 else places


def _panel(findings: Findings, setting: str, which: str, run: "pd.Series") -> Panel | None:
    boundary = findings.study.boundary(run["run_id"])
    value = float(run[findings.primary.column])
    return Panel(setting, which, int(run["seed"]), run["run_id"], value, boundary) if boundary is not None else None


def _with_epochs(panels: list[Panel], findings: Findings) -> list[Panel]:
    """If the median run has checkpoints, insert them before it and leave out the best run."""
    if not panels:
        return panels
    curves = findings.study.curves
    end = curves.loc[curves["run_id"] == panels[0].run_id, "epoch"].max()
    epochs = sorted(epoch for epoch in panels[0].boundary.checkpoints if not epoch >= end)
    if not epochs:
        return panels
    first = panels[0]
    chosen = np.unique(np.linspace(0, len(epochs) - 1, min(_EPOCHS, len(epochs))).round().astype(int))
    before = [Panel(**{**vars(first), "epoch": epochs[at]}) for at in chosen]
    return [*before, first, *(panel for panel in panels[1:] if panel.which == "worst")]


def _one_seed(findings: Findings) -> bool:
    return findings.scored["seed"].nunique() == 1


def _title(findings: Findings, shown: Sequence[Sequence[Panel]]) -> str:
    name = findings.primary.name
    middle = [row[-1] if _one_seed(findings) else next((one for one in row if one.which == "median"), row[0]) for row in shown]
    low, high = (choose(middle, key=lambda panel: panel.value) for choose in (min, max))
    phrases = [f"{numbers.fixed(one.value)} for {short_name(one.setting)}" for one in (low, high)]
    if len(shown) == 1:
        seed = "" if _one_seed(findings) else " at its median seed"
        return f"{name.capitalize()} of {short_name(low.setting)}{seed}: {numbers.fixed(low.value)}"
    subject = name.capitalize() if _one_seed(findings) else f"At the median seed, {name}"
    return f"{subject} lies between {phrases[0]} and {phrases[1]}"


def _caption(findings: Findings, shown: Sequence[Sequence[Panel]], settings: int) -> str:
    panels = [one for row in shown for one in row]
    points = "test" if any(len(one.boundary.test_points) for one in panels) else "training"
    which = list(dict.fromkeys(one.which for one in panels if one.which != "only run"))
    runs = f"the run that is its {numbers.listing(which)} by {findings.primary.name}" if which else "its one run"
    epochs = " Before it: the median run at earlier epochs." if any(one.epoch is not None for one in panels) else ""
    more = f" The first {len(shown)} of {settings} settings." if settings > len(shown) else ""
    return (
        f"For each setting: {runs}.{epochs} Colour: the predicted class; the paler, the lower its probability, down to white "
        f"for a guess. Dots: {points} points, as many as a panel has room for; crosses: points that are misclassified.{more}"
    )


def _arrange(page: Page, findings: Findings, shown: Sequence[Sequence[Panel]]) -> None:
    """Draw square panels: a plot for each setting, or several settings side by side where there are many."""
    most = max(map(len, shown))
    few = len(shown) <= _FEW or most > 3
    abreast = (2 if len(shown) <= 4 else 3 if len(shown) <= 9 else 4) if most == 1 else 1 if few else 2
    beside = _BESIDE if abreast == 1 and most in (2, 3) else 0.0  # leaves more room for panels than a name above them
    head = line_height(NOTE) + (0.5 if beside else line_height(SMALL) + 2.0)
    room = (WIDTH - _BETWEEN * (abreast - 1)) / abreast
    side = min((room - beside - _GAP * (most - 1)) / most, _LARGEST)
    names = [row[0].setting for row in shown]
    if not beside:
        names = text.fit_all(names, SMALL, min(map(len, shown)) * (side + _GAP) - _GAP - 9, bold=True)
    for first in range(0, len(shown), abreast):
        row = shown[first : first + abreast]
        drawing = page.drawing(_alt(findings, row))
        for column, panels in enumerate(row):
            x = column * (room + _BETWEEN)
            _name(drawing, findings, panels[0].setting, names[first + column], x, beside=bool(beside))
            for at, one in enumerate(panels):
                left = x + beside + at * (side + _GAP)
                y = head - line_height(NOTE) - 0.5
                drawing.write(left, y, text.fit(_when(one), NOTE, side), size=NOTE, colour=MUTED)
                plane.draw(drawing.axes(left, head, side, side), one.boundary, one.epoch, side / 83)


def _when(one: Panel) -> str:
    """What is written above a panel."""
    return f"epoch {one.epoch:,}" if one.epoch is not None else f"{one.which}: {numbers.fixed(one.value)}, seed {one.seed}"


def _alt(findings: Findings, row: Sequence[Sequence[Panel]]) -> str:
    """The panels of a plot with the number of points that are misclassified."""
    words = [
        f"{one.setting}, {_when(one)}: {wrong} of {points} points are misclassified"
        for panels in row
        for one in panels
        for points, wrong in [_counts(one)]
    ]
    return f"Decision boundaries. {'; '.join(words)}"


def _name(drawing: Drawing, findings: Findings, setting: str, name: str, x: float, *, beside: bool) -> None:
    drawing.swatch(x, 0, findings.styles[setting])
    lines = text.wrap(name, SMALL, _BESIDE - 10, bold=True) if beside else [name]
    for number, words in enumerate(lines):
        drawing.write(x + 9, number * line_height(SMALL), words, size=SMALL, bold=True)
