"""Page: the settings that tuning chose, their position in the search space, and their gain on other seeds."""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnbench.core import formatting as numbers
from nnbench.core import palette
from nnbench.core.formatting import count, listing
from nnbench.core.keys import key_of
from nnbench.records.tuned import tuned_label
from nnbench.report.findings import budget
from nnbench.report.findings.comparison import Comparison
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots import text
from nnbench.report.plots.drawing import SWATCH, line_height, middle
from nnbench.report.plots.forest import Row, forest_plot, mark
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import BODY, FAINT, INK, MUTED, NOTE, SMALL, WARNING, WIDTH
from nnbench.report.sentences import wording

_STEP, _MANY = 5.2, 10  # millimetres per hyperparameter; optimizers in the forest plot
_SPACE, _COLUMNS = 36.0, (82.0, 109.0, 126.0, 159.0)  # left edges of the spaces and of the columns, in millimetres
_CAPTION = (
    "For each optimizer, the setting with the best mean validation {} over the tuning seeds, of each search if there are "
    "several; a setting that lost a run ranks below all that lost none. Line: the search space, on a logarithmic scale where "
    "it was searched so; filled mark: the chosen value; tick: the default. On the edge: no value beyond it was tried, "
    "although one would change the updates by more than 1 %, and may be better."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; return `Study.selection`, a row for each optimizer and hyperparameter."""
    if findings.study.selection.empty:
        raise NoDataError("no optimizer was tuned")
    selection = findings.ordered(findings.study.selection)
    page = section.page(_title(findings, selection), _CAPTION.format(findings.score_name))
    for at, (optimizer, group) in enumerate(selection.groupby("optimizer", sort=False)):
        _choice(page, findings, str(optimizer), group, heads=at == 0)
    _gains(page, findings, selection)
    return findings.study.selection


def _title(findings: Findings, selection: pd.DataFrame) -> str:
    """State whether tuning is shown to help, then how many chosen values lie on an edge."""
    winners = [str(name) for name in selection["optimizer"].unique()]
    choices = selection[["optimizer", "search"]].drop_duplicates()
    cut = len(selection.loc[selection["edge"].isin(["low", "high"]), ["optimizer", "search"]].drop_duplicates())
    noun = "winner" if len(choices) == len(winners) else "choice"
    lie = f"{cut} of {count(len(choices), noun)} {'lies' if cut == 1 else 'lie'} on the edge of the space"
    edges = lie if cut else f"no {noun} lies on the edge of its space"
    comparison = findings.by(findings.primary)
    if not comparison.conclusion.can_rank:
        return edges[0].upper() + edges[1:]
    helped, harmed = (
        listing([wording.short_name(name) for name in winners if _gain(findings, comparison, name) == sign])
        for sign in (1, -1)
    )
    effect = f"Tuning is shown to help {helped}" if helped else "Tuning is not shown to help any optimizer"
    return f"{effect}{f', and to harm {harmed}' if harmed else ''}; {edges}"


def _settings(findings: Findings, optimizer: str) -> tuple[str, str]:
    """The names of the tuned setting and of the default, which have hyperparameters if these vary in the study."""
    runs = findings.runs.drop_duplicates("setting")

    def setting(label: str, tuned: bool) -> str:
        named = runs.loc[(runs["optimizer"] == label) & (runs["tuned"] == tuned), "setting"].astype(str).tolist()
        return named[0] if len(named) == 1 else label

    return setting(tuned_label(optimizer), True), setting(optimizer, False)


def _pair(comparison: Comparison, both: Sequence[str]) -> "pd.Series | None":
    """The test of the tuned setting against the default."""
    pairs = comparison.against_default
    pairs = pairs[pairs["first"].isin(both) & pairs["second"].isin(both)]
    return pairs.iloc[0] if len(pairs) else None


def _gain(findings: Findings, comparison: Comparison, optimizer: str) -> int:
    """1 if the tuned setting is significantly better than the default, -1 if worse, else 0."""
    tuned, default = _settings(findings, optimizer)
    pair = _pair(comparison, (tuned, default))
    if pair is None or not pair["differ"]:
        return 0
    better = 1 if findings.primary.higher else -1
    return int(pair["sign"]) * better * (-1 if pair["first"] == default else 1)


def _style(findings: Findings, optimizer: str) -> palette.LineStyle:
    return findings.styles.get(optimizer) or findings.optimizer_styles[optimizer]


def _choice(page: Page, findings: Findings, optimizer: str, group: pd.DataFrame, *, heads: bool) -> None:
    """Draw one optimizer: one row per hyperparameter."""
    line_style, first = _style(findings, optimizer), group.iloc[0]
    drawing = page.drawing(f"The space of {optimizer}, and what was chosen")
    of_search = group.drop_duplicates("search")
    drawing.swatch(0, 0, line_style, BODY)
    found = sorted(of_search["score"])
    value = f"{findings.chosen_by} {' to '.join(dict.fromkeys(map(numbers.fixed, (found[0], found[-1]))))}"
    result = f"best of {count(int(first['configs']), 'configuration')}, {value}"
    if len(of_search) > 1:
        result = f"{len(of_search)} searches, each the {result}"
    lost = f", {count(int(of_search['lost'].sum()), 'run')} lost" if of_search["lost"].any() else ""
    result += f" over {count(int(first['seeds']), 'seed')}{lost}"
    drawing.write(WIDTH, 0, result, size=SMALL, colour=MUTED, align="right")
    room = WIDTH - 12 - text.width(result, SMALL)
    drawing.write(SWATCH, 0, text.fit(wording.short_name(optimizer), BODY, room, bold=True), bold=True)
    top = line_height(BODY) + 0.5
    if heads:
        for x, words in zip(_COLUMNS, ("chosen", "default", "space", ""), strict=True):
            drawing.write(x, top, words, size=NOTE, colour=MUTED)
        top += line_height(NOTE)
    by_name = [own.to_dict("records") for _, own in group.groupby("hyperparameter", sort=False)]
    records = [own[0] for own in by_name]
    axes = drawing.axes(_SPACE, top, _COLUMNS[0] - _SPACE - 6, _STEP * len(records))
    axes.set(xlim=(-0.04, 1.04), ylim=(len(records) - 0.5, -0.5))
    axes.set_axis_off()
    names = _names([str(one["hyperparameter"]) for one in records])
    widths = (_COLUMNS[1] - _COLUMNS[0] - 1, _COLUMNS[2] - _COLUMNS[1] - 1, _COLUMNS[3] - _COLUMNS[2] - 1, WIDTH - _COLUMNS[3])
    for at, (own, name) in enumerate(zip(by_name, names, strict=True)):
        y, cut = top + _STEP * (at + 0.5) - middle(SMALL), any(each["edge"] in ("low", "high") for each in own)
        drawing.write(0, y, name, size=SMALL, bold=cut)
        colours = (INK, MUTED, MUTED, WARNING)
        for x, words, colour, width in zip(_COLUMNS, _figures(findings, own), colours, widths, strict=True):
            drawing.write(x, y, text.fit(words, SMALL, width), size=SMALL, colour=colour, bold=cut and colour == INK)
        _chosen_values(axes, at, own, line_style)


def _chosen_values(axes: Axes, at: int, own: Sequence[dict[Hashable, object]], line_style: palette.LineStyle) -> None:
    """Mark the default and the chosen values of a hyperparameter in its space."""
    place = _scale(own[0])
    if place is None:
        return
    axes.plot([0, 1], [at, at], color=FAINT, linewidth=1.2, marker="|", markersize=5)
    axes.plot([place(own[0]["default"])], [at], "|", color=INK, markersize=8)
    shown: dict[str, Any] = {"markersize": 6} if len(own) == 1 else {"markersize": 4.5, "alpha": 0.75}
    for each in own:
        edge = WARNING if each["edge"] in ("low", "high") else line_style.colour
        axes.plot([place(each["value"])], [at], line_style.marker, color=line_style.colour, markeredgecolor=edge, **shown)


def _names(hyperparameters: Sequence[str]) -> list[str]:
    """Names that fit before the spaces; of a long one, its section is left out first: `initial_scale`."""

    def fits(name: str) -> bool:
        return text.width(name, SMALL, bold=True) <= _SPACE - 3

    fields = [one if fits(one) else one.rpartition(".")[2] for one in hyperparameters]
    distinct = len(set(fields)) == len(set(hyperparameters))
    return text.fit_all(fields if distinct else hyperparameters, SMALL, _SPACE - 3, bold=True)


def _scale(one: dict[Hashable, object]) -> Callable[[object], float] | None:
    """Return a function that maps a value to its place in the space, 0 to 1; None for a space without bounds."""
    low, high = float(str(one["low"])), float(str(one["high"]))
    if one["kind"] not in ("log", "linear") or not high > low:
        return None
    turn = math.log if one["kind"] == "log" else float

    def place(value: object) -> float:
        if not isinstance(value, int | float) or (one["kind"] == "log" and value <= 0):
            return math.nan
        return float(np.clip((turn(value) - turn(low)) / (turn(high) - turn(low)), 0, 1))

    return place


def _figures(findings: Findings, own: Sequence[dict[Hashable, object]]) -> tuple[str, str, str, str]:
    """The texts of one hyperparameter's row: chosen value or values, default, space, edges.

    Args:
        own: rows of the selection, one for each search.
    """
    one = own[0]
    space = {
        "log": f"{wording.hyperparameter_value(one['low'])} to {wording.hyperparameter_value(one['high'])}, log",
        "linear": f"{wording.hyperparameter_value(one['low'])} to {wording.hyperparameter_value(one['high'])}",
        "fixed": "not tuned",
    }
    words = space.get(str(one["kind"])) or f"one of {_tried(findings, one)}"
    cut = [str(each["edge"]) for each in own if each["edge"] in ("low", "high")]
    times = f" ({len(cut)} of {len(own)})" if len(own) > 1 else ""
    return (
        _values([each["value"] for each in own]),
        wording.hyperparameter_value(one["default"]),
        words,
        f"{' and '.join(sorted(set(cut)))} edge{times}" if cut else "",
    )


def _values(values: Sequence[object]) -> str:
    """The chosen values of the searches: from the least to the greatest number, or the different ones, most frequent first."""
    numeric = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numeric) == len(values) and len(set(numeric)) > 2:
        ends = dict.fromkeys(numbers.significant(float(end), 2) for end in (min(numeric), max(numeric)))
        return "–".join(ends)
    return ", ".join(value for value, _ in Counter(map(wording.hyperparameter_value, values)).most_common())


def _tried(findings: Findings, one: dict[Hashable, object]) -> str:
    tuning, column = findings.study.tuning, key_of(str(one["hyperparameter"]))
    if column not in tuning:
        return "several"
    return ", ".join(
        map(
            wording.hyperparameter_value,
            sorted(tuning.loc[tuning["optimizer"] == one["optimizer"], column].dropna().unique(), key=str),
        )
    )


def _gains(page: Page, findings: Findings, selection: pd.DataFrame) -> None:
    """Compare default and tuned settings on the seeds of the final runs."""
    comparison, by = findings.by(findings.primary), findings.primary
    ranking = comparison.ranking[comparison.ranking["n"] > 0].set_index("setting")
    intervals = {str(one): (e, low, high) for one, e, low, high in ranking[["estimate", "low", "high"]].itertuples()}
    settings = {name: _settings(findings, name) for name in map(str, selection["optimizer"].unique())}
    names = [name for name, both in settings.items() if set(both) & set(intervals)][:_MANY]
    if not names:
        return
    fresh = budget.uses(budget.budgets(findings.study)) == 1
    page.heading(f"Tuned against default on {'fresh' if fresh else 'other'} seeds")
    rows = []
    for name in names:
        both = (intervals.get(setting) for setting in settings[name])
        values = [numbers.estimate_and_bounds(*group)[0] if group else numbers.MISSING for group in both]
        pair = _pair(comparison, settings[name])
        p = numbers.p_value(float(pair["p_holm"])) if pair is not None else numbers.MISSING
        rows.append(Row(name=name, figures=(*values, p), line_style=_style(findings, name)))
    axes = forest_plot(page, rows, by.name, ("tuned", "default", "p (Holm)"))
    for at, name in enumerate(names):
        for setting, shift in zip(settings[name], (-0.16, 0.16), strict=True):
            if setting in intervals:
                mark(axes, at + shift, intervals[setting], _style(findings, name), hollow=shift > 0)
    page.note(
        f"Filled: the tuned setting; hollow: the default. Interquartile mean of {by.name} over seeds, with "
        f"its {numbers.INTERVAL}; p of the {wording.test(findings)}, Holm-corrected over "
        f"{count(comparison.conclusion.tests, 'test')}, those between tuned settings among them."
    )
