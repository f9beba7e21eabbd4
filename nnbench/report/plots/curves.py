"""Curves over epochs, or another unit: a mean line and a band for each setting, in a common panel or in small panels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nnbench.core import palette
from nnbench.core.formatting import capitalized, count, listing, tick
from nnbench.records.measure import Measure
from nnbench.report.blocks import Chart
from nnbench.report.findings.axis import diverged_at, on_common_positions, positions
from nnbench.report.findings.epochs import steps_per_epoch
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.plots import charts, style, text
from nnbench.report.plots.drawing import Drawing, line_height, middle
from nnbench.report.plots.labels import spread
from nnbench.report.plots.page import Page
from nnbench.report.plots.style import MM, NOTE, SMALL, WIDTH
from nnbench.report.sentences.wording import first_of, short_name
from nnbench.stats.quartiles import quartiles

TOGETHER = 6  # settings in one panel; more have a small panel each
_ACROSS, _ROWS, _MANY = 3, 3, 18  # small panels in a row, rows of a plot, and small panels in all
_ALONE, _BOTH, _GRID = 85.0, 146.0, 205.0  # millimetres of one panel, of two, and of all rows of small panels

Scale = Callable[[Axes], None]


class Scales(Protocol):
    """The vertical scales of a page.

    Attributes:
        limits: of a logarithmic axis for all curves; None if the values are scores.
    """

    @property
    def limits(self) -> tuple[float, float] | None: ...

    def of(self, shown: Sequence[str]) -> Scale:
        """The scale of a panel with these curves."""
        ...

    def height(self, curve: str) -> float:
        """The relative height of the panel of a curve."""
        ...


def bands(findings: Findings, curves: Mapping[str, str]) -> pd.DataFrame:
    """Compute `stats.quartiles` of each setting's completed runs at each epoch.

    Args:
        curves: a column of `Study.curves` -> its name in print; columns without values are left out.

    Returns:
        `setting`, `curve` (its name in print), `epoch`, `least`, `low`, `iqm`, `high`, `most`, `n`; and, if the axis of the
        study is not epochs, a column of its name.

    Raises:
        NoDataError: there is no curve, or each has one point alone.
    """
    runs, x = findings.scored[["run_id", "search", "setting"]], findings.axis.column
    spent = findings.study.curves[["run_id", "epoch", *curves]]
    spent = spent if x == "epoch" else spent.assign(**{x: positions(findings)})
    known = spent.merge(runs, on="run_id")
    rows, settings = known.groupby("setting", sort=False).indices, known["setting"].unique()
    number = known.groupby(["run_id", "search"] if x == "epoch" else "run_id", sort=False).ngroup()
    known = known.assign(run_id=number).drop(columns=["setting", "search"])  # numbers alone, for speed
    parts: dict[str, list[np.ndarray]] = {}
    for setting in settings:
        group = known.iloc[rows[setting]]
        if x != "epoch":
            group = on_common_positions(group.drop_duplicates(["run_id", "epoch"]), x, ["epoch", *curves])
            if group.empty:  # no run of the setting has a position
                continue
        run = np.unique(group["run_id"].to_numpy(), return_inverse=True)[1]
        at, row = np.unique(group[x].to_numpy(), return_inverse=True)
        epochs = np.bincount(row, group["epoch"]) / np.bincount(row)
        for column, called in curves.items():
            measured = group[column].to_numpy(dtype=np.float64)
            values = np.full((len(at), run.max() + 1), np.nan)
            values[row, run] = np.where(np.isfinite(measured), measured, np.nan)
            band = quartiles(at, values)
            several = len(band["epoch"])
            labels = {"setting": np.repeat(setting, several), "curve": np.repeat(called, several)}
            of_epoch = epochs[np.searchsorted(at, band["epoch"])]
            for name, part in {**labels, **band, x: band["epoch"], "epoch": of_epoch}.items():
                parts.setdefault(name, []).append(part)
    if not parts:
        raise NoDataError("no completed run has curves")
    columns = list(dict.fromkeys(["setting", "curve", "epoch", x, "least", "low", "iqm", "high", "most", "n"]))
    table = pd.DataFrame({name: np.concatenate(parts[name]) for name in columns})
    if not (table[x] > 0).any():
        raise NoDataError("no completed run was measured after an update")
    return table


def caption(findings: Findings, table: pd.DataFrame) -> str:
    """Caption of the curves."""
    least, most = int(table["n"].min()), int(table["n"].max())
    runs = f"{most}" if least == most else f"{least} to {most}"
    caption_start = (
        f"Line: interquartile mean over seeds, as in the ranking. Band: the middle half of the {runs} runs of a setting."
        if most > 1
        else "Line: the one run of a setting; with one run there is no band."
    )
    numbers = steps_per_epoch(findings)
    steps = "" if numbers == [1] else f" of {' or '.join(map(str, numbers)) if len(numbers) < 4 else 'several'} steps"
    unit = f"Epochs{steps}" if findings.axis.unit == "epochs" else capitalized(findings.axis.plural)
    scale = f" {unit} on a logarithmic scale that begins at 0.{findings.axis.reason}"
    thinned = findings.study.thinned
    left_out = f" Of each run, up to {thinned} evaluations are drawn, since there are many runs." if thinned else ""
    return f"{caption_start}{scale}{left_out}{_rail_caption(findings)}"


def draw(page: Page, findings: Findings, table: pd.DataFrame, by: Measure, scales: Scales) -> None:
    """Draw the curves in a form that suits their number, the best setting by that measure first."""
    order = [str(setting) for setting in findings.ranking(by)["setting"]]
    with page.interactive(Chart("lines", charts.lines(findings, table, by, limits=scales.limits))):
        if len(order) <= TOGETHER:
            _together(page, findings, table, order, scales)
        else:
            _apart(page, findings, table, order, scales.of(list(table["curve"].unique())))


def spent_axis(axes: Axes, last: float, *, small: bool = False) -> None:
    """Scale epochs, or what else was spent, by log(1 + x), which includes 0 and gives room to the beginning.

    Values of less than ten in all, such as seconds, are scaled by log(1 + 1000 x / last).
    """
    one = 1.0 if last >= 10 or float(last).is_integer() else last / 1000
    axes.set_xscale("function", functions=(lambda x: np.log1p(x / one), lambda y: one * np.expm1(y)))
    axes.set_xlim(0, max(last, one))
    powers = [10.0**power for power in range(-9, 9) if one <= 10.0**power <= last]
    axes.xaxis.set_major_locator(FixedLocator([0, *(powers[1:] if small else powers)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(partial(_label, short=small)))


def _label(at: float, _: object, *, short: bool) -> str:
    if 0 < at < 1:
        return tick(at)
    return f"{at / 1000:.0f}k" if short and at >= 1000 else f"{at:,.0f}"


def _together(page: Page, findings: Findings, table: pd.DataFrame, order: Sequence[str], scales: Scales) -> None:
    """Draw a panel for each kind of curve, with all settings."""
    drawn, x = set(table["setting"]), findings.axis.column
    styles = {name: findings.styles[name] for name in order if name in drawn}
    room = max(text.width(name, SMALL) for name in styles) + 6
    direct = room <= 45
    if not direct:
        page.legend(styles)
    width = WIDTH - 9 - (room if direct else 4.5)
    curves = table["curve"].unique()
    parts = [scales.height(curve) for curve in curves]
    for curve, part in zip(curves, parts, strict=True):
        page.heading(curve)
        drawing = page.drawing()
        axes = drawing.axes(9, 4, width, (_BOTH if len(curves) > 1 else _ALONE) * part / sum(parts))
        spent_axis(axes, float(table[x].max()))
        scales.of([curve])(axes)
        axes.set_xlabel(findings.axis.label)
        group = {str(name): band for name, band in table[table["curve"] == curve].groupby("setting", sort=False)}
        for setting, band in group.items():
            _band(axes, x, band, styles[setting])
        _rail(axes, findings)
        if direct:
            _end_labels(drawing, axes, {setting: float(band["iqm"].iloc[-1]) for setting, band in group.items()}, styles)


def _apart(page: Page, findings: Findings, table: pd.DataFrame, order: Sequence[str], scale: Scale) -> None:
    """Draw a small panel for each setting with both curves, and the other settings' training curves in grey."""
    shown, position = order[:_MANY], findings.axis.column
    training, *held_out = table["curve"].unique()
    dashed = "".join(f", dashed {curve.lower()}" for curve in held_out)
    key = f"In colour: a setting, solid {training.lower()}{dashed}; grey: the others."
    page.note(f"{key} {first_of(len(order), _MANY)}".rstrip())
    names = {name: text.wrap(name, NOTE, 46) for name in shown}
    rows, across = -(-len(shown) // _ACROSS), (WIDTH + 2.5) / _ACROSS
    step = min(62.0, _GRID / rows)
    centres = dict(iter(table.groupby(["setting", "curve"])))
    lines = {name: centres[name, training][[position, "iqm"]].to_numpy() for name in shown if (name, training) in centres}
    for number, setting in enumerate(shown):
        row, column = divmod(number, _ACROSS)
        if number % (_ROWS * _ACROSS) == 0:  # a page may end between two plots
            drawing = page.drawing()
        x, y, line_style = 8 + column * across, row % _ROWS * step, findings.styles[setting]
        head = max(len(names[name]) for name in shown[row * _ACROSS : (row + 1) * _ACROSS]) * line_height(NOTE) + 2.5
        for line, words in enumerate(names[setting]):
            drawing.write(x, y + line * line_height(NOTE), words, size=NOTE)
        axes = drawing.axes(x, y + head, across - 13, step - head - 8)
        spent_axis(axes, float(table[position].max()), small=True)
        scale(axes)
        if number + _ACROSS >= len(shown):
            axes.set_xlabel(findings.axis.label)
        others = [line for name, line in lines.items() if name != setting]
        axes.add_collection(LineCollection(others, colors=style.FAINT, linewidths=0.5), autolim=False)
        for curve, dash in zip((training, *held_out), (palette.SOLID, (0, (2, 1))), strict=False):
            if (setting, curve) in centres:
                shown_style = replace(line_style, dash=dash)
                _band(axes, position, centres[setting, curve], shown_style, filled=curve == training)
        _rail(axes, findings, setting)


def _band(axes: Axes, x: str, band: pd.DataFrame, line_style: palette.LineStyle, *, filled: bool = True) -> None:
    """Draw the line of a setting with its marker at the end, and its band."""
    if filled and band["n"].max() > 1:
        axes.fill_between(band[x], band["low"], band["high"], color=line_style.colour, alpha=0.15, linewidth=0)
    axes.plot(band[x], band["iqm"], **line_style.line, linewidth=1.4 if filled else 1.0)
    end, marker = band[[x, "iqm"]].iloc[-1:].to_numpy().T, line_style.marker if filled else ""
    axes.plot(*end, marker, color=line_style.colour, clip_on=False)


def _end_labels(drawing: Drawing, axes: Axes, ends: dict[str, float], styles: dict[str, palette.LineStyle]) -> None:
    """Write each setting's name at the right of its line's end, without overlap."""
    top, bottom, right = drawing.frame(axes)
    on_paper = axes.transData.transform([(1.0, end) for end in ends.values()])
    shares = axes.transAxes.inverted().transform(on_paper)[:, 1]
    wished = bottom - np.clip(shares, 0, 1) * (bottom - top)
    for name, y, placed in zip(ends, wished, spread(wished, SMALL * 1.3 / MM, top, bottom), strict=True):
        drawing.line((right + 1.3, right + 4), (y, placed), color=styles[name].colour, linewidth=0.6)
        drawing.write(right + 4.7, placed - middle(SMALL), name, size=SMALL, colour=styles[name].text_colour)


def _rail(axes: Axes, findings: Findings, setting: str | None = None) -> None:
    """Mark the diverged runs above the panel, where they diverged."""
    for name, at in diverged_at(findings).itertuples(index=False):
        if setting in (None, name):
            colour, above = findings.styles[name].colour, axes.get_xaxis_transform()
            axes.plot([at], [1.025], "x", ms=3.5, mew=0.9, color=colour, transform=above, clip_on=False)


def _rail_caption(findings: Findings) -> str:
    """Caption sentence about the crosses; empty where no run diverged."""
    runs = findings.runs
    diverged = runs.loc[runs["outcome"] == "diverged", "setting"].value_counts(sort=False)
    if diverged.empty:
        return ""
    diverged_runs = listing([f"{number} of {short_name(str(setting))}" for setting, number in diverged.head(4).items()])
    more = f" and of {len(diverged) - 4} more settings" if len(diverged) > 4 else ""
    return (
        f" Crosses above a panel: {count(int(diverged.sum()), 'run')} that diverged ({diverged_runs}{more}), where "
        "the loss became infinite or NaN; lines and bands exclude them."
    )
