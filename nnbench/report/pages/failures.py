"""Page: how often each setting diverges or learns nothing, and how each run ended.

A run has learned nothing if it ended at chance, or with a training R² of 0 or less.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.outcomes import COMPLETED
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import text
from nnbench.report.plots.drawing import Drawing, line_height, middle
from nnbench.report.plots.forest import Row, forest_plot
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import FAINT, INK, LEAST, MUTED, SMALL, WARNING, WIDTH
from nnbench.report.sentences.wording import short_name
from nnbench.stats.failures import chance_line, failures

_MANY = 20
_SEEDS = 100  # seeds in a row of the map
_TOP = line_height(SMALL) + 2.5  # millimetres of the legend above the map
_MARKS = {  # outcome -> its marker in the map, the colour, and whether it is filled
    "completed": ("o", "#7d7d7d", True),
    "at chance": ("o", WARNING, False),
    "diverged": ("x", WARNING, True),
    "failed": ("s", INK, False),
    "killed": ("d", INK, False),
    "running": (".", FAINT, True),
}


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return one row per setting, most failures first.

    Returns:
        `n`, `diverged`, `at_chance`, `share` (of both together), `low`, `high`.
    """
    if findings.ended.empty:
        raise NoDataError("no run was completed or diverged")
    chance = _chance(findings)
    table = failures(findings.ordered(findings.runs), accuracy=findings.score("train").column, chance=chance)
    table = table.sort_values("share", ascending=False, kind="stable", ignore_index=True)
    more = f" The first {_MANY} of {len(table)} settings." if len(table) > _MANY else ""
    page = section.page(_title(table, _ending(findings, chance)), _caption(findings, chance) + more)
    shown = table.head(_MANY)
    _forest_plot(page, findings, shown, chance)
    _map(page, findings, shown, chance)
    return table


def _chance(findings: Findings) -> float:
    """Highest training accuracy or R² that counts as chance; NaN where the number of points is unknown."""
    if findings.kind == "regression":
        return 0.0  # of the mean of the targets
    samples = pd.to_numeric(pd.Series(findings.runs.get("dataset.samples"), dtype=object), errors="coerce").min()
    if findings.classes is None or np.isnan(samples):
        return np.nan
    return chance_line(findings.classes, findings.classes * int(samples))


def _ending(findings: Findings, chance: float) -> str:
    """What the page says of a run that learned nothing: `at chance`; empty where that is unknown."""
    if np.isnan(chance):
        return ""
    return "with a training R² of 0 or less" if findings.kind == "regression" else "at chance"


def _label(findings: Findings) -> str:
    """Column head and name of a mark."""
    return "R² ≤ 0" if findings.kind == "regression" else "at chance"


def _title(table: pd.DataFrame, ending: str) -> str:
    worst, runs = table.iloc[0], int(table["n"].sum())
    diverged = f"diverged or ended {ending}" if ending else "diverged"
    failed = int((table["diverged"] + table["at_chance"]).sum())
    if not failed:
        few = int(table["n"].min())
        room = numbers.percent(table["high"].max())
        return f"No run {diverged}, but with {numbers.count(few, 'run')} a failure rate of up to {room} is possible"
    share = f"{int(worst['diverged'] + worst['at_chance'])} of {worst['n']} runs of {short_name(worst['setting'])}"
    if (table["share"] > 0).sum() == 1:
        rest = "; no other setting failed" if len(table) > 1 else ""
        return f"{share} {diverged}{rest}"
    as_many = int((table["share"] == worst["share"]).sum()) - 1
    others = f", and the same proportion of {numbers.count(as_many, 'other setting')}" if as_many else ", the most"
    return f"{failed} of {runs} runs {diverged}: {share}{others}"


def _caption(findings: Findings, chance: float) -> str:
    why = f" (a training accuracy of {chance:.3f} or less, which guessing exceeds once in twenty times)"
    if findings.kind == "regression":
        why = " (no closer to the targets than their mean)"
    ending = _ending(findings, chance)
    ended = f" or ended {ending}{why}" if ending else ""
    return (
        f"Mark: the proportion of a setting's runs that diverged (the loss became infinite or NaN){ended}. "
        "Bar: Wilson's 95 % interval. Runs that failed or were killed are not counted. "
        "Below: how each run ended."
    )


def _forest_plot(page: Page, findings: Findings, shown: pd.DataFrame, chance: float) -> None:
    rows = []
    for row in shown.to_dict("records"):
        bounds = f"[{row['low']:.0%}, {row['high']:.0%}]".replace("%", "")
        figures = (
            f"{100 * row['share']:.0f}",
            bounds,
            str(row["diverged"]),
            "" if np.isnan(chance) else str(row["at_chance"]),
            str(row["n"]),
        )
        interval = 100 * row["share"], 100 * row["low"], 100 * row["high"]
        rows.append(Row(name=row["setting"], figures=figures, line_style=findings.styles[row["setting"]], estimate=interval))
    heads = ("%", "95 % interval", "diverged", _label(findings), "of runs")
    axes = forest_plot(page, rows, "runs that failed (%)", heads, step=min(8.5, 110 / len(rows)))
    axes.set(xlim=(-3, 103), xticks=[0, 25, 50, 75, 100])


def _map(page: Page, findings: Findings, shown: pd.DataFrame, chance: float) -> None:
    """Draw one mark per setting and seed; gaps are missing runs."""
    runs = findings.runs[findings.runs["setting"].isin(shown["setting"])]
    seeds = np.sort(runs["seed"].dropna().unique())[:_SEEDS]
    at_chance = (runs["outcome"].isin(COMPLETED)) & (runs[findings.score("train").column] <= chance)
    ended = runs["outcome"].replace(dict.fromkeys(COMPLETED, "completed")).mask(at_chance, "at chance")
    heading = (
        "How each run ended" if len(seeds) == runs["seed"].nunique() else f"How the runs of the first {_SEEDS} seeds ended"
    )
    page.heading(heading)
    drawing = page.drawing()
    known = {outcome: mark for outcome, mark in _MARKS.items() if (ended == outcome).any()}
    _marks(drawing, {_label(findings) if outcome == "at chance" else outcome: mark for outcome, mark in known.items()})
    names = text.fit_all(shown["setting"].tolist(), SMALL, 55)
    left = max(text.width(name, SMALL) for name in names) + 4
    step = max(min(5.0, 130 / len(shown)), 8.5 / len(shown))
    axes = drawing.axes(left, _TOP, min(WIDTH - left, max(32.0, 6.0 * len(seeds))), step * len(shown))
    column = pd.Series(np.arange(len(seeds)), index=seeds)
    for outcome, (marker, colour, filled) in known.items():
        group = runs[ended == outcome]
        x_of, y_of = group["seed"].map(column), group["setting"].map({name: at for at, name in enumerate(shown["setting"])})
        face, size = colour if filled else "white", max(1.6, min(4.0, 2.0 * step, 300 / len(seeds)))
        axes.plot(x_of, y_of, marker, color=colour, markerfacecolor=face, markersize=size, clip_on=False)
    for at, name in enumerate(names):
        drawing.write(0, _TOP + step * (at + 0.5) - middle(SMALL), name, size=SMALL)
    axes.set(xlim=(-0.7, len(seeds) - 0.3), ylim=(len(shown) - 0.5, -0.5), yticks=[], xlabel="seed")
    places = np.arange(0, len(seeds), next(every for every in (1, 2, 5, 10) if len(seeds) <= 12 * every))
    axes.set_xticks(places, [f"{seeds[at]:.0f}" for at in places], fontsize=LEAST)
    axes.grid(False)
    axes.spines["left"].set_visible(False)


def _marks(drawing: Drawing, marks: Mapping[str, tuple[str, str, bool]]) -> None:
    """Draw the legend of the map."""
    x = 0.0
    for name, (marker, colour, filled) in marks.items():
        face = colour if filled else "white"
        drawing.line((x + 1.2,), (middle(SMALL),), color=colour, marker=marker, markersize=4, markerfacecolor=face)
        drawing.write(x + 4, 0, name, size=SMALL, colour=MUTED)
        x += text.width(name, SMALL) + 9
