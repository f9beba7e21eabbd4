"""Page: time to reach a target accuracy, in epochs or another unit and in seconds, where some runs never reach it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import references
from nnbench.report.findings.targets import Timing, timings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import LEAST, NOTE, SMALL, WIDTH
from nnbench.report.plots.ticks import logarithmic
from nnbench.report.sentences import conclusion as sentences
from nnbench.report.sentences import wording
from nnbench.stats.time_to_target import share_reached

_MANY = 8  # settings whose curves can be distinguished
_TARGETS = 3  # targets on a page
_HEIGHTS = {1: 58.0, 2: 52.0, 3: 40.0}  # millimetres of a panel, by the number of targets
_COST = (
    "{}: the time spent in all runs of a setting, including those that did not reach the target, "
    "divided by the number that did, which is given beside it. ∞: none did within the numbers in brackets, for which the runs "
    "of that setting were observed. No interval is given. Settings that reached none of these targets are left out."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per target and setting.

    Returns:
        `n`, `reached`, the median and expected times in the unit of the axis, the range of observation, whether `behind`.
    """
    if findings.ended.empty or findings.study.curves.empty:
        raise NoDataError("no run has curves")
    every = timings(findings, options.targets)
    by_target = [timing for timing in every if timing.table["reached"].any()]
    if not by_target:
        wanted = numbers.listing([timing.name for timing in every]) or "any of the targets"
        raise NoDataError(f"no run reached a training {findings.score_name} of {wanted}")
    unreached = [timing.name for timing in every if not timing.table["reached"].any()]
    beyond = references(findings.runs).beyond({timing.target: timing.name for timing in by_target})
    titled = _titled(by_target)
    panels = _shown(by_target, titled)
    elsewhere = " The other targets are in the CSV file of this page." if len(panels) < len(by_target) else ""
    page = section.page(_title(findings, by_target[titled]), _caption(findings, unreached) + elsewhere + beyond)
    shown = by_target[0].table["setting"].head(_MANY).tolist()
    page.legend({name: findings.styles[name] for name in shown})
    _panels(page, findings, panels, shown)
    _costs(page, findings, panels)
    parts = [timing.table.assign(target=timing.target) for timing in every]
    median, expected = f"median_{findings.axis.unit}", f"expected_{findings.axis.unit}"
    columns = list(dict.fromkeys(["target", "setting", "n", "reached", median, expected, "expected_seconds"]))
    columns += ["watched_low", "watched_high", "behind"]
    named = pd.concat(parts, ignore_index=True).rename(columns={"estimate": median})
    return named.assign(**{expected: named["expected"]})[columns]


def _titled(by_target: Sequence[Timing]) -> int:
    """Index of the last target that half of all runs reached, or 0."""
    return next((at for at in reversed(range(len(by_target))) if by_target[at].times["reached"].mean() >= 0.5), 0)


def _shown(by_target: Sequence[Timing], titled: int) -> list[Timing]:
    """The last targets, including that of the title."""
    first = len(by_target) - _TARGETS
    return list(by_target[-_TARGETS:]) if titled >= first else [by_target[titled], *by_target[first + 1 :]]


def _title(findings: Findings, timing: Timing) -> str:
    ranked = timing.table[timing.table["aside"] == ""]
    if not np.isfinite(ranked["estimate"].iloc[0]):
        best = ranked.iloc[int((ranked["reached"] / ranked["n"]).argmax())]
        reached = f"{best['reached']} of {best['n']} runs of {wording.short_name(best['setting'])}"
        none = "No setting reaches" if len(ranked) == len(timing.table) else "No ranked setting reaches"
        return f"{none} {timing.name} training {findings.score_name} in half of its runs; {reached} do"
    phrasing = wording.phrasing(
        findings,
        f"median time to {timing.name} training {findings.score_name}",
        higher=False,
        printed=lambda time, low, high: findings.axis.text(time),
    )
    return sentences.headline(timing.conclusion, phrasing)


def _caption(findings: Findings, unreached: list[str]) -> str:
    on = findings.axis
    words = (
        f"The proportion of a setting's runs whose training {findings.score_name} has reached a target (Kaplan-Meier "
        "estimate): a run that ended before reaching it is censored, one that diverged never reaches it. "
        f"Seconds: {on.plural} times the median time of {'an' if on.unit == 'epochs' else 'a'} {on.noun} of that setting on "
        "this machine, because other work slows single runs."
    )
    words += on.reason
    words += wording.first_evaluated(findings)
    if unreached:
        words += f" No run reached {' or '.join(unreached)}."
    settings = findings.ended["setting"].nunique()
    return words + (f" The first {_MANY} of {settings} settings." if settings > _MANY else "")


def _panels(page: Page, findings: Findings, by_target: Sequence[Timing], shown: Sequence[str]) -> None:
    """Draw one row per target: the unit of the axis on the left, seconds on the right, with shared limits."""
    units = ["own"] if findings.axis.unit == "seconds" else ["own", "seconds"]
    gap = 16.0
    width = (WIDTH - gap - 8) / 2 if len(units) > 1 else WIDTH - 8
    for timing in by_target:
        page.heading(f"Proportion of runs that have reached {timing.name} training {findings.score_name}")
        drawing = page.drawing()
        for column, unit in enumerate(units):
            axes = drawing.axes(8 + column * (width + gap), 2, width, _HEIGHTS[len(by_target)])
            times = {one.name: _in(unit, one) for one in by_target}
            _limits(axes, pd.concat(times.values()), "seconds" if findings.axis.unit == "seconds" else unit)
            axes.set_xlabel("seconds" if unit == "seconds" else findings.axis.label)
            for name in shown:
                group = times[timing.name]
                _steps(axes, group[group["setting"] == name], findings.styles[name])


def _units(findings: Findings) -> str:
    """What the numbers of the table are."""
    plural = numbers.capitalized(findings.axis.plural)
    return plural if findings.axis.unit == "seconds" else f"{plural}, and below them seconds"


def _in(unit: str, timing: Timing) -> pd.DataFrame:
    """The times in the unit of the axis (`own`) or in seconds."""
    times = timing.times
    return times if unit == "own" else times.assign(time=times["time"] * times["setting"].map(timing.pace))


def _limits(axes: Axes, times: pd.DataFrame, unit: str) -> None:
    arrivals = times.loc[times["reached"], "time"]
    low = max(arrivals.min() / 1.5, 1e-4 if unit == "seconds" else 1)
    high = max(times["time"].max() * 1.02, 2 * low)  # also if all runs reached it at epoch 0
    label = numbers.tick if unit == "seconds" else lambda epoch: f"{epoch:,.0f}"
    logarithmic(axes.xaxis, low, high, label)
    axes.set(ylim=(0, 1.04), yticks=[0, 0.25, 0.5, 0.75, 1])
    axes.tick_params(labelsize=LEAST)


def _steps(axes: Axes, times: pd.DataFrame, line_style: palette.LineStyle) -> None:
    curve = share_reached(times)
    low, high = axes.get_xlim()
    waiting = times[~times["reached"] & ~times["diverged"]]
    if len(waiting):  # nothing is known after the end of the longest run that did not reach it
        high = min(high, times["time"].max())
    x = np.concatenate([[low], curve["time"], [max(high, low)]])
    y = np.concatenate([[0], curve["share"], curve["share"].tail(1) if len(curve) else [0]])
    axes.step(x, y, where="post", **line_style.line, linewidth=1.3)
    axes.plot(x[-1:], y[-1:], line_style.marker, color=line_style.colour, clip_on=False)


def _costs(page: Page, findings: Findings, by_target: Sequence[Timing]) -> None:
    """Draw the table of expected running times."""
    page.heading("Expected running time")
    page.note(_COST.format(_units(findings)))  # above the table: below it there may be no room left
    by_setting = [timing.table.set_index("setting").to_dict("index") for timing in by_target]
    rows: list[list[Cell | str]] = []
    arrived = pd.concat([timing.table for timing in by_target]).groupby("setting", sort=False)["reached"].sum()
    for setting in arrived.index[arrived > 0]:
        cells: list[Cell | str] = [Cell(setting, line_style=findings.styles[setting])]
        for group in by_setting:
            row = group[setting]
            time, seconds = float(row["expected"]), float(row["expected_seconds"])
            duration = numbers.duration(seconds) if np.isfinite(time) and findings.axis.unit != "seconds" else ""
            cells += [Cell(findings.axis.number(time, row["watched_low"], row["watched_high"]), duration, value=time)]
            cells += [Cell(f"{row['reached']} of {row['n']}", faint=True)]
        rows.append(cells)
    rest = [column for timing in by_target for column in (Column(f"to {timing.name}", 24), Column("runs", 18, size=NOTE))]
    name = Column("setting", WIDTH - sum(column.width for column in rest), "left", SMALL)
    page.table([name, *rest], rows, "Expected running times")
