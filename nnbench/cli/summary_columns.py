"""Columns of the terminal's summary, and the forms it has on terminals of different widths."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from rich.cells import cell_len

from nnbench.core import formatting as numbers
from nnbench.records.kinds import SCORES
from nnbench.records.measure import Measure
from nnbench.records.measures import by_rank
from nnbench.records.outcomes import COMPLETED
from nnbench.report.findings.findings import Findings
from nnbench.stats.crossed import interval_of_runs
from nnbench.stats.interquartile import Interval

MEASURES = list(reversed(by_rank("summary")))  # a narrow terminal shows only the last ones
_WORD = 24  # characters of a setting's name that are not broken
OUTCOMES = ("diverged", "failed", "killed")
_SCORE = "score"  # quantity of a column of accuracies and R²

Slot = tuple[str, str, str]  # group, split and quantity: what measures of one column have in common


@dataclass(frozen=True, kw_only=True)
class Form:
    """Layout of the table, by the width of the terminal.

    Attributes:
        stacked: an interval is below its estimate.
        whole: a name is on one line; otherwise it is broken at spaces.
        time: whether there is a column of times.
        measures: number of columns of those `MEASURES` that the tasks have, counted from the last; the report has all.
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


@dataclass(frozen=True)
class Block:
    """The settings of a task, ranked among each other.

    Attributes:
        label: of the task; empty if the study has only one.
        findings: on its runs.
    """

    label: str
    findings: Findings

    @cached_property
    def kept(self) -> dict[str, pd.DataFrame]:
        """The completed runs of each setting."""
        runs = self.findings.runs
        done = runs["outcome"].isin(COMPLETED)
        return {str(setting): own[done[own.index]] for setting, own in runs.groupby("setting", sort=False)}

    @cached_property
    def intervals(self) -> dict[tuple[str, str], Interval]:
        """The interquartile mean with its interval, by setting and key of the measure, of those that have a value."""
        return {
            (setting, one.key): interval_of_runs(runs[["search", "seed"]].assign(value=runs[one.key]))
            for setting, runs in self.kept.items()
            for one in _measures(self.findings)
            if one.key in runs and not runs.empty
        }


def slot(measure: Measure) -> Slot:
    """The column of a measure: accuracies and R², which are the scores of different kinds of task, share one."""
    scores = {name for _, name in SCORES.values()}
    return measure.group, measure.split or "", _SCORE if measure.quantity in scores else measure.quantity


def columns(blocks: Sequence[Block], form: Form) -> list[Slot]:
    """The measures that the form shows, those by which the settings are ranked last."""
    ranked = [slot(block.findings.primary) for block in blocks]
    others = [slot(one) for one in MEASURES if any(one in _measures(block.findings) for block in blocks)]
    found = dict.fromkeys(one for one in others if one not in ranked) | dict.fromkeys(ranked)
    return list(found)[-max(form.measures, len(set(ranked))) :]


def heads(blocks: Sequence[Block], form: Form) -> list[str]:
    """Return the heads of all columns."""
    names: dict[Slot, list[str]] = {}
    for one in (one for block in blocks for one in _measures(block.findings)):
        names.setdefault(slot(one), []).append(one.short)
    measures = [_head(list(dict.fromkeys(names[one]))) for one in columns(blocks, form)]
    problem = ["problem"] if any(block.label for block in blocks) else []
    return [*problem, "setting", "runs", *_outcomes(blocks), *measures, *(["time/run"] if form.time else [])]


def _head(names: Sequence[str]) -> str:
    """The names of measures of one column: `test accuracy`, or `test accuracy` above `or R²`."""
    return "\n".join([names[0], *(f"or {name.rsplit(' ', 1)[-1]}" for name in names[1:])])


def cells(block: Block, shown: Sequence[Slot], blocks: Sequence[Block], form: Form) -> list[list[str]]:
    """Return one row per setting, in the order of the ranking: its name and the texts of the other columns.

    Args:
        block: the settings.
        shown: the measures, of `columns`.
        blocks: all blocks of the table.
        form: of the table.
    """
    rows, findings = [], block.findings
    outcomes = _outcomes(blocks)
    own = {slot(one): one for one in _measures(findings)}
    by_setting = dict(iter(findings.runs.groupby("setting", sort=False)))
    for setting in findings.ranking(findings.primary)["setting"]:
        runs = by_setting[setting]
        counts = [str(runs["run_id"].nunique()), *(str((runs["outcome"] == outcome).sum()) for outcome in outcomes)]
        values = [_interval(block, str(setting), own[one].key, form) if one in own else "" for one in shown]
        rows.append([str(setting), *counts, *values, *([_duration(block.kept[str(setting)])] if form.time else [])])
    return rows


def widths(form: Form, head: Sequence[str], rows: Sequence[Sequence[Sequence[str]]], labels: Sequence[str]) -> list[int]:
    """Return the width of each column in terminal cells, with its padding.

    Args:
        form: of the table.
        head: the heads.
        rows: those of each block.
        labels: of the blocks; empty if the table has no column of them.
    """
    named = [[_widest(label, form) for label in labels]] if labels else []
    every = [row for own in rows for row in own]
    named.append([f"● {_widest(name, form)}" for name, *_ in every])
    texts = [*named, *([*cell] for cell in zip(*(row[1:] for row in every), strict=True))]
    return [
        2 + max(cell_len(line) for cell in (name, *column) for line in cell.split("\n"))
        for name, column in zip(head, texts, strict=True)
    ]


def _widest(name: str, form: Form) -> str:
    """The part of a name that is not broken."""
    return name if form.whole else max((word[:_WORD] for word in name.split()), key=cell_len, default="")


def _outcomes(blocks: Sequence[Block]) -> list[str]:
    found = set().union(*(block.findings.runs["outcome"].unique() for block in blocks))
    return [name for name in OUTCOMES if name in found]


def _measures(findings: Findings) -> list[Measure]:
    """The measures of a task that have a value, that which ranks its settings last."""
    others = [one for one in MEASURES if one.kind in (None, findings.kind) and one != findings.primary]
    known = [one for one in others if findings.known(one.column)]
    return [*(known if findings.known(findings.primary.column) else others), findings.primary]


def _interval(block: Block, setting: str, key: str, form: Form) -> str:
    result = block.intervals.get((setting, key))
    if result is None:
        return numbers.MISSING
    estimate, bounds = numbers.estimate_and_bounds(result.estimate, result.low, result.high)
    if not (bounds and form.intervals):
        return estimate
    return f"{estimate}\n{bounds}" if form.stacked else f"{estimate} {bounds}"


def _duration(runs: pd.DataFrame) -> str:
    key = "time/train_seconds"
    return numbers.duration(runs[key].median()) if key in runs and not runs.empty else numbers.MISSING
