"""Curves over epochs: a median line and a band for each setting, in one panel or in many small ones."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nnbench.report import findings, style, text
from nnbench.report.labels import spread
from nnbench.report.page import Page, line_height
from nnbench.report.style import BODY, LEAST, LEFT, MM, RIGHT, SMALL
from nnbench.stats.quartiles import quartiles
from nnbench.study import Study

TOGETHER = 6  # settings that one panel holds; more are given a small panel each
ACROSS, MANY = 3, 18  # small panels in a row, and on a page


Limits = Callable[[Axes], None]


def bands(study: Study, columns: Sequence[str]) -> pd.DataFrame:
    """The quartiles over seeds of each setting at each epoch, runs that came to their end.

    Returns:
        `setting`, `curve` (a column of `Study.curves`), `epoch`, `least`, `low`, `median`, `high`, `most`, `n`.
    """
    runs = findings.scored(study)[["run_id", "setting"]]
    curves = study.curves.merge(runs, on="run_id")
    parts = []
    for setting in runs["setting"].unique():
        own = curves[curves["setting"] == setting]
        for column in columns:
            wide = own.dropna(subset=[column]).pivot_table(index="epoch", columns="run_id", values=column)
            if not wide.empty:
                parts.append(quartiles(wide).reset_index().assign(setting=setting, curve=column))
    names = ["setting", "curve", "epoch", "least", "low", "median", "high", "most", "n"]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def epoch_axis(axes: Axes, last: float, *, label: bool = True) -> None:
    """Epochs on a scale of log(1 + epoch), so that epoch 0 has a place and the early dynamics have room."""
    axes.set_xscale("function", functions=(np.log1p, np.expm1))
    axes.set_xlim(0, max(last, 1))
    ticks = [0, *(10**power for power in range(9) if 10**power <= last)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda epoch, _: f"{epoch:,.0f}"))
    if label:
        axes.set_xlabel("epoch")


def _band(axes: Axes, band: pd.DataFrame, look: style.Line) -> None:
    """One setting's line and band."""
    epochs = band["epoch"].to_numpy()
    if band["n"].max() > 1:
        axes.fill_between(epochs, band["low"], band["high"], color=look.colour, alpha=0.15, linewidth=0)
    axes.plot(epochs, band["median"], color=look.colour, linestyle=look.dash)


def end_labels(page: Page, axes: Axes, ends: dict[str, float], looks: dict[str, style.Line]) -> None:
    """Each setting's name at the right of its line's end, moved apart where lines end together."""
    box = axes.get_position()
    top, bottom = (1 - box.y1) * style.SHEET[1], (1 - box.y0) * style.SHEET[1]
    right = box.x1 * style.SHEET[0]
    on_paper = axes.transData.transform([(1.0, end) for end in ends.values()])
    shares = axes.transAxes.inverted().transform(on_paper)[:, 1]
    wished = bottom - np.clip(shares, 0, 1) * (bottom - top)
    for name, y, placed in zip(ends, wished, spread(wished, SMALL * 1.3 / MM, top, bottom), strict=True):
        page.line((right + 0.5, right + 4), (y, placed), color=looks[name].colour, linewidth=0.6)
        page.write(right + 5, placed - 0.38 * SMALL / MM, name, size=SMALL, colour=looks[name].colour)


def together(page: Page, study: Study, table: pd.DataFrame, panels: dict[str, str], limits: Limits, height: float) -> None:
    """A panel for each curve of `panels` (column -> heading), all settings in it, under shared limits."""
    looks = style.settings(study.runs)
    settings = [name for name in looks if (table["setting"] == name).any()]
    room = max(text.width(name, SMALL) for name in settings) + 6
    direct = room <= 48
    if not direct:
        _legend(page, settings, looks)
    left, right = LEFT + 12, (RIGHT - room if direct else RIGHT)
    for curve, heading in panels.items():
        page.paragraph(heading, size=BODY, bold=True, after=1)
        axes = page.axes(left, page.y + 3, right - left, height)
        own = table[table["curve"] == curve]
        _frame(axes, table, limits)
        for setting in settings:
            _band(axes, own[own["setting"] == setting], looks[setting])
        _rail(axes, study, looks)
        if direct:
            last = own.groupby("setting", sort=False)["median"].last()
            end_labels(page, axes, {name: last[name] for name in settings if name in last}, looks)
        page.y += height + 3 + 13


def apart(page: Page, study: Study, table: pd.DataFrame, order: Sequence[str], limits: Limits) -> None:
    """A small panel for each setting, its two curves in it and the other settings' training curves faint behind."""
    looks = style.settings(study.runs)
    shown = list(order)[:MANY]
    rows = -(-len(shown) // ACROSS)
    names = {name: text.wrap(name, LEAST + 0.5, 48) for name in shown}
    head = max(len(lines) for lines in names.values()) * line_height(LEAST + 0.5) + 1.5
    step = min(62.0, (page.room - 10) / rows)
    across = (RIGHT - LEFT + 6) / ACROSS
    for number, setting in enumerate(shown):
        row, column = divmod(number, ACROSS)
        x, y = LEFT + 10 + column * across, page.y + row * step
        for line, words in enumerate(names[setting]):
            page.write(x, y + line * line_height(LEAST + 0.5), words, size=LEAST + 0.5)
        lowest = number + ACROSS >= len(shown)
        axes = page.axes(x, y + head, across - 16, step - head - 7)
        _frame(axes, table, limits, label=lowest)
        training, *held_out = table["curve"].unique()
        for other in shown:
            own = table[(table["setting"] == other) & (table["curve"] == training)]
            axes.plot(own["epoch"], own["median"], color=style.FAINT, linewidth=0.6)
        for curve in held_out:
            own = table[(table["setting"] == setting) & (table["curve"] == curve)]
            axes.plot(own["epoch"], own["median"], color=looks[setting].colour, linewidth=1.1, linestyle=(0, (2, 1)))
        own = table[(table["setting"] == setting) & (table["curve"] == training)]
        _band(axes, own, replace(looks[setting], dash=style.SOLID))
    page.y += rows * step + 4


def _frame(axes: Axes, table: pd.DataFrame, limits: Limits, *, label: bool = True) -> None:
    epoch_axis(axes, float(table["epoch"].max()), label=label)
    limits(axes)


def _legend(page: Page, settings: Sequence[str], looks: dict[str, style.Line]) -> None:
    """The names that are too long to stand at their lines."""
    for name in settings:
        page.swatch(LEFT, page.y + 0.38 * SMALL / MM, looks[name])
        page.paragraph(name, size=SMALL, x=LEFT + 9, after=0.4)
    page.y += 3


def _rail(axes: Axes, study: Study, looks: dict[str, style.Line]) -> None:
    """The runs that diverged, on a rail above the panel at the epoch at which they did."""
    runs = study.runs[study.runs["outcome"] == "diverged"]
    for setting, epoch in runs[["setting", "diverged_at_epoch"]].dropna().itertuples(index=False):
        axes.plot([epoch], [1.03], marker="x", markersize=4, markeredgewidth=1, color=looks[setting].colour,
                  transform=axes.get_xaxis_transform(), clip_on=False)  # fmt: skip


def draw(page: Page, study: Study, table: pd.DataFrame, order: Sequence[str], what: str, limits: Limits) -> None:
    """The curves in the form that their number calls for."""
    panels = {curve: f"{_SPLIT[curve.split('_')[0]].capitalize()} {what}" for curve in table["curve"].unique()}
    if table["setting"].nunique() > TOGETHER:
        apart(page, study, table, order, limits)
    else:
        together(page, study, table, panels, limits, 78)


_SPLIT = {"train": "training", "val": "validation"}


def caption(study: Study, table: pd.DataFrame, what: str) -> str:
    """How to read the page."""
    runs = table["n"].max()
    if runs == 1:
        return "One run a setting, so there is no band."
    return f"Line: median over seeds. Band: the middle half of the {runs} runs (interquartile range)."
