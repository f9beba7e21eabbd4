"""Summary table printed at the end of a sweep: a row for each setting, in a block for each problem of the study."""

from collections.abc import Mapping

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnbench.cli.summary_columns import FORMS, Block, Form, cells, columns, heads, slot, widths
from nnbench.core.constraints import MINIMUM_RUNS
from nnbench.core.formatting import fixed, significant
from nnbench.records.declared import Declared
from nnbench.records.outcomes import COMPLETED
from nnbench.records.study import Study
from nnbench.records.tasks import tasks
from nnbench.report.findings.findings import Findings
from nnbench.report.findings.references import references


def print_summary(study: Study, console: Console, judged: Mapping[str, Declared] | None = None) -> None:
    """Interquartile means over seeds with their 95 % intervals, the best setting first, in a form that fits the terminal.

    Of a study with several tasks, it is one table with their labels in the column `problem`; settings are ranked within each.

    Args:
        study: the study.
        console: the terminal.
        judged: what the settings of each task are judged by, by its label; by default, what its newest run was started with.
    """
    found = [Block(task.label, Findings(task.study, (judged or {}).get(task.label))) for task in tasks(study)]
    blocks = [block for block in found if not block.findings.runs.empty]
    if not blocks:
        return
    several = len(found) > 1
    labels = [block.label for block in blocks] if several else []
    form, head, rows = _fitting(blocks, labels, console.width)
    room = widths(form, head, rows, labels)
    table = Table(box=None, padding=(0, 1), title_justify="left", title_style="")
    within = ", ranked within a problem" if several else ""
    seeds = _with_interval([block.findings.runs for block in blocks], form)
    table.title = f"[bold]{escape(study.name)}[/bold]: interquartile mean over seeds{seeds}{within}"
    flexible = 1 if several else 0
    for at, (name, width) in enumerate(zip(head, room, strict=True)):
        if at > flexible:
            table.add_column(name, justify="right", min_width=width - 2, no_wrap=True)
        else:
            most = room[at] if at < flexible else console.width - sum(room) + room[at]
            table.add_column(name, overflow="fold", max_width=max(4, most - 2))
    for block, own in zip(blocks, rows, strict=True):
        if block is not blocks[0]:
            table.add_row()
        for row, (name, *texts) in enumerate(own):
            label = [escape(block.label) if row == 0 else ""] if several else []
            style = block.findings.styles[name].terminal
            table.add_row(*label, f"[{style}]●[/] {escape(name)}", *map(escape, texts))
    console.print(table)
    for line in _below(blocks, several=several):
        console.print(line, style="dim", markup=False, highlight=False)


def _fitting(blocks: list[Block], labels: list[str], width: int) -> tuple[Form, list[str], list[list[list[str]]]]:
    """Return the widest form that fits, else the narrowest, with its heads and the rows of each block."""
    for form in FORMS:
        head, shown = heads(blocks, form), columns(blocks, form)
        rows = [cells(block, shown, blocks, form) for block in blocks]
        if sum(widths(form, head, rows, labels)) <= width:
            break
    return form, head, rows


def _with_interval(runs: list[pd.DataFrame], form: Form) -> str:
    """Return the part of the title on intervals; empty if no setting has enough runs for one."""
    parts = [one["outcome"].isin(COMPLETED).groupby(one["setting"]).sum() >= MINIMUM_RUNS for one in runs]
    enough = pd.concat(parts)
    if not (enough.any() and form.intervals):
        return ""
    below = " below" if form.stacked else ""
    return f", with its 95 % interval{below}" + ("" if enough.all() else f" (from {MINIMUM_RUNS} finished runs on)")


def _below(blocks: list[Block], *, several: bool) -> list[str]:
    """Lines below the table: what the problems are ranked by if that differs, and what simple methods reach on each."""
    if not several:
        return [line for block in blocks if (line := references(block.findings.study.runs).sentence())]
    by: dict[str, list[str]] = {}
    for block in blocks:
        by.setdefault(block.findings.primary.full, []).append(block.label)
    same = len({slot(block.findings.primary) for block in blocks}) == 1
    lines = [] if same else [f"Ranked by {name}: {', '.join(labels)}." for name, labels in by.items()]
    compared = []
    for block in blocks:
        known = references(block.findings.study.runs)
        scores = [f"{name} {fixed(value)}" for name, value in known.scores.items()]
        losses = [f"{name} {significant(value)}" for name, value in known.train_losses.items()]
        parts = [", ".join(scores), f"training loss: {', '.join(losses)}" if losses else ""]
        if text := "; ".join(filter(None, parts)):
            compared.append(f"  {block.label}: {text}")
    scored = " or ".join(dict.fromkeys(block.findings.score_name for block in blocks))
    return [*lines, *([f"For comparison, test {scored} on the same points:", *compared] if compared else [])]
