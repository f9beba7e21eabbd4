"""How carefully the learning rate must be chosen: the value at each that was tried, and the range that does nearly as well."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnbench.report import numbers, style
from nnbench.report.figures import NotShown, Settings
from nnbench.report.findings import Findings
from nnbench.report.page import Pad, Page
from nnbench.report.scales import logarithmic
from nnbench.report.search import Search
from nnbench.report.strip import Row, strip
from nnbench.report.style import LEFT, RIGHT
from nnbench.report.wording import brief
from nnbench.stats.sensitivity import Range, learning_rate_curve, usable_range

TOLERANCE = 0.05  # five points of accuracy; a few seeds tell no less
_MANY = 6


def draw(pad: Pad, findings: Findings, settings: Settings) -> pd.DataFrame:
    """A row an optimizer and learning rate, as `learning_rate_curve` gives them, with the `optimizer`."""
    search = findings.search
    tried = [name for name, varied in search.varied.items() if "learning_rate" in varied] if search else []
    if search is None or not tried:
        raise NotShown("no optimizer was run with more than one learning rate")
    curves = {name: _curve(search, name) for name in tried[:_MANY]}
    ranges = {name: usable_range(curve, TOLERANCE) for name, curve in curves.items()}
    ranges = dict(sorted(ranges.items(), key=lambda one: -np.nan_to_num(one[1].decades, nan=-1.0)))  # the widest first
    more = f" The first {_MANY} of {len(tried)} optimizers." if len(tried) > _MANY else ""
    page = pad.page(_title(ranges), _caption(search, curves) + more)
    _panel(page, search, curves)
    _ranges(page, search, curves, ranges)
    return pd.concat([curve.assign(optimizer=name) for name, curve in curves.items()], ignore_index=True)


def _curve(search: Search, name: str) -> pd.DataFrame:
    runs = search.runs[search.runs["optimizer"] == name]
    return learning_rate_curve(runs[["learning_rate", "setting", "value", "place"]], per_decade=search.per_decade(name))


def _title(ranges: dict[str, Range]) -> str:
    known = {name: one for name, one in ranges.items() if np.isfinite(one.best)}
    if not known:
        return "At every learning rate some run diverged"
    widest = max(known, key=lambda name: known[name].decades)
    told = _decades(known[widest])
    if len(known) == 1:
        return f"In this search {brief(widest)} does nearly as well as its best over {told} of learning rates"
    narrowest = min(known, key=lambda name: known[name].decades)
    most = f"{brief(narrowest)} the most ({_decades(known[narrowest])})"
    return f"In this search {brief(widest)} is the least particular about its learning rate ({told}), {most}"


def _decades(one: Range) -> str:
    beyond = "at least " if one.open_low or one.open_high else ""
    return f"{beyond}{one.decades:.1f} decades"


def _caption(search: Search, curves: dict[str, pd.DataFrame]) -> str:
    seeds = int(max(curve["n"].max() for curve in curves.values()))
    joined = [steps for name in curves if (steps := search.per_decade(name))]
    drawn = f" Learning rates drawn from a range are joined, {joined[0]} to a decade." if joined else ""
    rail = (
        " Crosses on the rail above: learning rates at which runs diverged; hollow: the mean of those that did not."
        if (search.configurations["diverged"] > 0).any()
        else ""
    )
    return (
        f"At each learning rate the best of the settings tried there: the interquartile mean of {search.measure} over "
        f"{numbers.count(seeds, 'seed')}, band: its {numbers.INTERVAL}. Small dots: all configurations.{drawn}{rail} Below: "
        f"the unbroken range of learning rates that stays within {TOLERANCE:g} of the best, with no run diverged; an arrow "
        "where it reaches the end of what was tried, and may go on."
    )


def _extent(search: Search, curves: dict[str, pd.DataFrame]) -> tuple[float, float]:
    rates = pd.concat(
        [search.of(name)["learning_rate"] for name in curves] + [own["learning_rate"] for own in curves.values()]
    )
    return float(rates.min()), float(rates.max())


def _panel(page: Page, search: Search, curves: dict[str, pd.DataFrame]) -> None:
    page.heading(search.measure.capitalize())
    height = min(115.0, page.room - 54 - 8.5 * len(curves))
    page.y += 5
    axes = page.axes(LEFT + 9, page.y, RIGHT - LEFT - 13, height)
    low, high = _extent(search, curves)
    logarithmic(axes.xaxis, low / 1.3, high * 1.3, numbers.tick)
    axes.set_xlabel("learning rate")
    for order, (name, curve) in enumerate(curves.items()):
        look, tried = search.look(name), search.of(name)
        axes.plot(tried["learning_rate"], tried["value"], "o", color=look.colour, markersize=2.6, alpha=0.5, markeredgewidth=0)
        known = curve[curve["n"] > 0]
        axes.fill_between(known["learning_rate"], known["low"], known["high"], color=look.colour, alpha=0.13, linewidth=0)
        axes.plot(
            known["learning_rate"], known["estimate"], look.marker, color=look.colour, linestyle=look.dash, linewidth=1.4
        )
        partly = known[known["diverged"] > 0]
        axes.plot(partly["learning_rate"], partly["estimate"], look.marker, color=look.colour, markerfacecolor="white")
        lost = tried.loc[tried["diverged"] > 0, "learning_rate"]
        rail = [1.02 + 0.022 * order] * len(lost)
        axes.plot(lost, rail, "x", color=look.colour, markersize=4, transform=axes.get_xaxis_transform(), clip_on=False)
    page.y += height + 16


def _ranges(page: Page, search: Search, curves: dict[str, pd.DataFrame], ranges: dict[str, Range]) -> None:
    page.heading(f"Learning rates within {TOLERANCE:g} of the best")
    page.y += 1
    rows = []
    for name, one in ranges.items():
        figures = [
            f"{one.decades:.1f}",
            numbers.significant(one.best),
            numbers.significant(one.low, 2),
            numbers.significant(one.high, 2),
        ]
        rows.append(
            Row(name=name, figures=figures if np.isfinite(one.best) else [numbers.MISSING] * 4, look=search.look(name))
        )
    axes = strip(page, rows, "learning rate", ("decades", "best", "from", "to"))
    low, high = _extent(search, curves)
    logarithmic(axes.xaxis, low / 1.6, high * 1.6, numbers.tick)  # room for the arrows
    for at, (name, one) in enumerate(ranges.items()):
        _range(axes, at, one, search.look(name))


def _range(axes: Axes, at: int, one: Range, look: style.Line) -> None:
    if not np.isfinite(one.best):
        return
    axes.plot([one.low, one.high], [at, at], color=look.colour, linewidth=2.5, solid_capstyle="butt")
    axes.plot([one.best], [at], look.marker, color=look.colour, markersize=6)
    for end, beyond, arrow, side in ((one.low, one.open_low, "←", "right"), (one.high, one.open_high, "→", "left")):
        if beyond:
            shift = (-4 if side == "right" else 4, -0.5)
            axes.annotate(arrow, (end, at), shift, textcoords="offset points", ha=side, va="center", color=look.words)
