"""Page: sensitivity to the learning rate, or to another hyperparameter: the result at each value tried, and the range that is
nearly as good."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.search import LEADING_NAMES, Search
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import WIDTH
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences.wording import hyperparameter_label, left_out, pooled, short_name
from nnbench.stats.failures import chance_line
from nnbench.stats.sensitivity import Range, sensitivity_curve, usable_range

_RAIL, _HEIGHT = 2.4, 72.0  # millimetres from one row of diverged runs to the next, and of the panel
TOLERANCE = 0.05  # five points of accuracy; a few seeds tell no less
_MANY = 6
_TINY = 1e-30  # smaller learning rates count as zero


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page for `Search.scaled`; return one row per optimizer and value, as `sensitivity_curve` gives them.

    Returns:
        With the `optimizer`, and `reaches`: whether its best is beyond chance, and within the tolerance of the best of all.
    """
    search = findings.search
    along = search.scaled if search else None
    if search is None or along is None:
        raise NoDataError("no optimizer was run with more than one learning rate, or a wide range of another hyperparameter")
    varied = [name for name, keys in search.varied.items() if along in keys]
    tried = [name for name in varied if _on_a_scale(search.of(name)[along])]
    if not tried:
        raise NoDataError(f"no optimizer was run with {_plural(along)} that are all positive numbers")
    curves = {name: _curve(search, name, along) for name in tried[:_MANY]}
    ranges = {name: usable_range(curve, TOLERANCE, along) for name, curve in curves.items()}
    ranges = dict(sorted(ranges.items(), key=lambda one: -np.nan_to_num(one[1].decades, nan=-1.0)))  # the widest first
    reach = _reaching(curves, _chance(findings, search))
    title = _title({name: one for name, one in ranges.items() if name in reach}, along, alone=len(ranges) == 1)
    page = section.page(title, _caption(search, curves, along) + pooled(findings) + left_out(tried, _MANY, "optimizer"))
    _panel(page, search, curves, along)
    _ranges(page, search, curves, ranges, along)
    parts = [curve.assign(optimizer=name, reaches=name in reach) for name, curve in curves.items()]
    return pd.concat(parts, ignore_index=True)


def _chance(findings: Findings, search: Search) -> float:
    """Highest accuracy that counts as chance, on the split that judged the search; NaN where unknown."""
    runs = findings.study.tuning if len(findings.study.tuning) else findings.runs
    split = "val_" if search.measure.startswith("validation") else ""
    classes, samples = (
        pd.to_numeric(pd.Series(runs.get(f"dataset.{key}"), dtype=object), errors="coerce").max()
        for key in ("classes", f"{split}samples")
    )
    return chance_line(int(classes), int(classes * samples)) if classes >= 2 and samples >= 1 else np.nan


def _reaching(curves: dict[str, pd.DataFrame], chance: float) -> list[str]:
    """Optimizers whose best is above chance and within the tolerance of the best of all."""
    bests = {name: float(curve["estimate"].mask(curve["diverged"] > 0).max()) for name, curve in curves.items()}
    best = np.nanmax([*bests.values(), -np.inf])
    return [name for name, group in bests.items() if group >= best - TOLERANCE and not group <= chance]


def _on_a_scale(values: "pd.Series[float]") -> bool:
    """Whether a logarithmic axis can show all values."""
    return pd.api.types.is_numeric_dtype(values.infer_objects()) and bool(((values > _TINY) & (values < 1 / _TINY)).all())


def _plural(along: str) -> str:
    """`learning rates`, or `network initial scale values`."""
    return f"{hyperparameter_label(along)}{'s' if along in LEADING_NAMES else ' values'}"


def _curve(search: Search, name: str, along: str) -> pd.DataFrame:
    runs = search.runs[search.runs["optimizer"] == name]
    return sensitivity_curve(runs[[along, "setting", "value", "place"]], along, per_decade=search.per_decade(name, along))


def _title(ranges: dict[str, Range], along: str, *, alone: bool) -> str:
    """Title, about the optimizers of `_reaching`."""
    known = {name: one for name, one in ranges.items() if np.isfinite(one.best)}
    if not known:
        return f"At every {hyperparameter_label(along)}, some run diverged or the result was no better than chance"
    widest = max(known, key=lambda name: known[name].decades)
    width = _decades(known[widest])
    if len(known) == 1:
        only = "" if alone else ", the only one near the best result,"
        if known[widest].decades < 0.05:
            near = f"no {hyperparameter_label(along)} that was tried is nearly as good as the best one"
            return f"For {short_name(widest)}{only} {near}" if only else f"For {short_name(widest)}, {near}"
        return f"In this search {short_name(widest)}{only} is nearly as good as its best over {width} of {_plural(along)}"
    narrowest = min(known, key=lambda name: known[name].decades)
    most = f"{short_name(narrowest)} the most ({_decades(known[narrowest])})"
    label = hyperparameter_label(along)
    return f"In this search {short_name(widest)} is the least sensitive to its {label} ({width}), {most}"


def _decades(one: Range) -> str:
    beyond = "at least " if one.open_low or one.open_high else ""
    return f"{beyond}{one.decades:.1f} decades"


def _caption(search: Search, curves: dict[str, pd.DataFrame], along: str) -> str:
    seeds = int(max(curve["n"].max() for curve in curves.values()))
    joined = [steps for name in curves if (steps := search.per_decade(name, along))]
    drawn = f" {_plural(along).capitalize()} drawn from a range are joined, {joined[0]} to a decade." if joined else ""
    rail = (
        f" Crosses on the rail above: {_plural(along)} at which runs diverged; hollow: the mean of those that did not."
        if (search.configurations["diverged"] > 0).any()
        else ""
    )
    return (
        f"At each {hyperparameter_label(along)}, the best of the settings tried there: the interquartile mean of "
        f"{search.measure} over {numbers.count(seeds, 'seed')}, band: its {numbers.INTERVAL}. Small dots: all "
        f"configurations.{drawn}{rail} Below: the unbroken range of {_plural(along)} that stays within "
        f"{TOLERANCE:g} of the best, with no run diverged; an arrow where it reaches the end of the "
        f"{'rates' if along in LEADING_NAMES else 'values'} tried, and may extend further."
    )


def _extent(search: Search, curves: dict[str, pd.DataFrame], along: str) -> tuple[float, float]:
    values = pd.concat([search.of(name)[along] for name in curves] + [group[along] for group in curves.values()])
    return float(values.min()), float(values.max())


def _panel(page: Page, search: Search, curves: dict[str, pd.DataFrame], along: str) -> None:
    page.heading(numbers.capitalized(search.measure))
    lost = {name: tried.loc[tried["diverged"] > 0, along] for name in curves if len(tried := search.of(name))}
    rails = [name for name, places in lost.items() if len(places)]
    axes = page.drawing().axes(9, 2 + _RAIL * len(rails), WIDTH - 13, _HEIGHT)
    low, high = _extent(search, curves, along)
    logarithmic(axes.xaxis, low / 1.3, high * 1.3, numbers.tick)
    axes.set_xlabel(hyperparameter_label(along))
    for name, curve in curves.items():
        line_style, tried = search.line_style(name), search.of(name)
        axes.plot(tried[along], tried["value"], "o", color=line_style.colour, markersize=2.6, alpha=0.5, markeredgewidth=0)
        known = curve[curve["n"] > 0]
        axes.fill_between(known[along], known["low"], known["high"], color=line_style.colour, alpha=0.13, linewidth=0)
        axes.plot(known[along], known["estimate"], line_style.marker, **line_style.line, linewidth=1.4)
        partly = known[known["diverged"] > 0]
        axes.plot(partly[along], partly["estimate"], line_style.marker, color=line_style.colour, markerfacecolor="white")
    for order, name in enumerate(rails):
        places, colour = lost[name], search.line_style(name).colour
        rail = [1 + _RAIL * (order + 0.6) / _HEIGHT] * len(places)
        axes.plot(places, rail, "x", color=colour, markersize=4, transform=axes.get_xaxis_transform(), clip_on=False)


def _ranges(page: Page, search: Search, curves: dict[str, pd.DataFrame], ranges: dict[str, Range], along: str) -> None:
    page.heading(f"{_plural(along).capitalize()} within {TOLERANCE:g} of the best")
    rows = []
    for name, one in ranges.items():
        figures = [
            f"{one.decades:.1f}",
            numbers.significant(one.best),
            numbers.significant(one.low, 2),
            numbers.significant(one.high, 2),
        ]
        rows.append(
            Row(
                name=name,
                figures=figures if np.isfinite(one.best) else [numbers.MISSING] * 4,
                line_style=search.line_style(name),
            )
        )
    axes = forest_plot(page, rows, hyperparameter_label(along), ("decades", "best", "from", "to"))
    low, high = _extent(search, curves, along)
    logarithmic(axes.xaxis, low / 1.6, high * 1.6, numbers.tick)  # room for the arrows
    for at, (name, one) in enumerate(ranges.items()):
        _range(axes, at, one, search.line_style(name))


def _range(axes: Axes, at: int, one: Range, line_style: palette.LineStyle) -> None:
    if not np.isfinite(one.best):
        return
    axes.plot([one.low, one.high], [at, at], color=line_style.colour, linewidth=2.5, solid_capstyle="butt")
    axes.plot([one.best], [at], line_style.marker, color=line_style.colour, markersize=6)
    for end, beyond, arrow, side in ((one.low, one.open_low, "←", "right"), (one.high, one.open_high, "→", "left")):
        if beyond:
            shift = (-4 if side == "right" else 4, -0.5)
            axes.annotate(
                arrow, (end, at), shift, textcoords="offset points", ha=side, va="center", color=line_style.text_colour
            )
