"""Summary table printed at the end of a sweep: a row for each setting."""

from dataclasses import dataclass

import pandas as pd
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnbench.core import formatting as numbers
from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.records.declared import Declared
from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank
from nnbench.records.outcomes import COMPLETED
from nnbench.records.study import Study
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import references
from nnbench.stats.crossed import interval_of_runs

MEASURES = list(reversed(by_rank("summary")))  # a narrow terminal shows only the last ones
_WORD = 24  # characters of a setting's name that are not broken
OUTCOMES = ("diverged", "failed", "killed")


@dataclass(frozen=True, kw_only=True)
class Form:
    """Layout of the table, by the width of the terminal.

    Attributes:
        stacked: an interval is below its estimate.
        whole: a setting's name is on one line; otherwise it is broken at spaces.
        time: whether there is a column of times.
        measures: number of columns of those `MEASURES` that the task has, counted from the last; the report has all.
        intervals: whether intervals are shown.
    """

    stacked: bool = False
    whole: bool = True
    time: bool = True
    measures: int = len(MEASURES)
    intervals: bool = True


# From the widest to the narrowest; the first that fits is printed.
FORMS = (
    Form(),
    Form(stacked=True),
    Form(stacked=True, time=False),
    Form(stacked=True, whole=False),
    Form(stacked=True, whole=False, time=False),
    Form(stacked=True, whole=False, time=False, measures=2),
    Form(stacked=True, whole=False, time=False, measures=1),
    Form(whole=False, time=False, measures=1, intervals=False),
)


def print_summary(study: Study, console: Console, judged: Declared | None = None) -> None:
    """Interquartile means over seeds with their 95 % intervals, the best setting first, in a form that fits the terminal.

    Args:
        study: with one task.
        console: the terminal.
        judged: what the settings are judged by; by default, what the newest run was started with.
    """
    if study.runs.empty:
        return
    findings = Findings(study, judged)
    forms = [(form, _heads(findings, form), _rows(findings, form)) for form in FORMS]
    form, heads, rows = next((one for one in forms if sum(_widths(*one)) <= console.width), forms[-1])
    widths = _widths(form, heads, rows)
    table = Table(box=None, padding=(0, 1), title_justify="left", title_style="")
    table.title = f"[bold]{escape(study.name)}[/bold]: interquartile mean over seeds{_with_interval(findings.runs, form)}"
    table.add_column(heads[0], overflow="fold", max_width=max(4, console.width - sum(widths[1:]) - 2))
    for head, width in zip(heads[1:], widths[1:], strict=True):
        table.add_column(head, justify="right", min_width=width - 2, no_wrap=True)
    for name, *cells in rows:
        table.add_row(f"[{findings.styles[name].terminal}]●[/] {escape(name)}", *map(escape, cells))
    console.print(table)
    if compared := references(study.runs).sentence():
        console.print(compared, style="dim", markup=False, highlight=False)


def _with_interval(runs: pd.DataFrame, form: Form) -> str:
    """Return the part of the title on intervals; empty if no setting has enough runs for one."""
    ended = runs["outcome"].isin(COMPLETED)
    enough = ended.groupby(runs["setting"]).sum() >= MINIMUM_RUNS
    if not (enough.any() and form.intervals):
        return ""
    below = " below" if form.stacked else ""
    return f", with its 95 % interval{below}" + ("" if enough.all() else f" (from {MINIMUM_RUNS} finished runs on)")


def _heads(findings: Findings, form: Form) -> list[str]:
    measures = [one.short for one in _measures(findings, form)]
    return ["setting", "runs", *_outcomes(findings), *measures, *(["time/run"] if form.time else [])]


def _rows(findings: Findings, form: Form) -> list[list[str]]:
    """Return one row per setting, in the order of the ranking: its name and the texts of the other columns."""
    rows = []
    by_setting = dict(iter(findings.runs.groupby("setting", sort=False)))
    for setting in findings.ranking(findings.primary)["setting"]:
        runs = by_setting[setting]
        kept = runs[runs["outcome"].isin(COMPLETED)]
        counts = [str(runs["run_id"].nunique()), *(str((runs["outcome"] == outcome).sum()) for outcome in _outcomes(findings))]
        cells = [_interval(kept, one.key, form) for one in _measures(findings, form)]
        rows.append([str(setting), *counts, *cells, *([_duration(kept)] if form.time else [])])
    return rows


def _widths(form: Form, heads: list[str], rows: list[list[str]]) -> list[int]:
    """Return the width of each column in terminal cells, with its padding."""
    parts = [[name] if form.whole else [word[:_WORD] for word in name.split()] for name, *_ in rows]
    names = [max(words, key=cell_len, default="") for words in parts]
    columns = [[heads[0], *(f"● {name}" for name in names)]]
    columns += [[head, *cells] for head, *cells in zip(heads[1:], *(row[1:] for row in rows), strict=True)]
    return [2 + max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns]


def _outcomes(findings: Findings) -> list[str]:
    return [name for name in OUTCOMES if (findings.runs["outcome"] == name).any()]


def _measures(findings: Findings, form: Form) -> list[Measure]:
    others = [one for one in MEASURES if one.kind in (None, findings.kind) and one != findings.primary]
    known = [one for one in others if findings.known(one.column)]
    shown = known if findings.known(findings.primary.column) else others
    return [*shown, findings.primary][-form.measures :]


def _interval(runs: pd.DataFrame, key: str, form: Form) -> str:
    if key not in runs or runs.empty:
        return numbers.MISSING
    result = interval_of_runs(runs[["search", "seed"]].assign(value=runs[key]))
    estimate, bounds = numbers.estimate_and_bounds(result.estimate, result.low, result.high)
    if not (bounds and form.intervals):
        return estimate
    return f"{estimate}\n{bounds}" if form.stacked else f"{estimate} {bounds}"


def _duration(runs: pd.DataFrame) -> str:
    key = "time/train_seconds"
    return numbers.duration(runs[key].median()) if key in runs and not runs.empty else numbers.MISSING
