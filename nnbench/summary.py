"""The table that a sweep ends with: one line a setting, so that the answer does not wait for the PDF."""

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nnbench.report import numbers, style
from nnbench.report.references import references
from nnbench.stats.interquartile import LEAST, interquartile_mean
from nnbench.study import Study

MEASURES = {"final/train_loss": "train loss", "final/val_accuracy": "val accuracy", "test/accuracy": "test accuracy"}


def print_summary(study: Study, console: Console) -> None:
    """Interquartile means over seeds with their 95 % intervals; diverged runs are counted, not averaged."""
    if study.runs.empty:
        return
    table = Table(box=None, padding=(0, 1), title_justify="left", title_style="")
    table.title = f"[bold]{escape(study.name)}[/bold]: interquartile mean over seeds{_with_interval(study.runs)}"
    table.add_column("setting", overflow="fold")
    outcomes = [name for name in ("diverged", "failed", "killed") if (study.runs["outcome"] == name).any()]
    for column in ("runs", *outcomes, *MEASURES.values(), "time/run"):
        table.add_column(column, justify="right")
    looks = style.settings(study.runs)
    for setting, runs in study.runs.groupby("setting", sort=False):
        kept = runs[runs["outcome"].isin(["finished", "stopped"])]
        name = f"[{looks[str(setting)].terminal}]●[/] {escape(str(setting))}"
        counts = [str((runs["outcome"] == outcome).sum()) for outcome in outcomes]
        measures = [_interval(kept, key) for key in MEASURES]
        table.add_row(name, str(len(runs)), *counts, *measures, _duration(kept))
    console.print(table)
    if compared := references(study.runs).sentence():
        console.print(compared, style="dim", markup=False, highlight=False)


def _with_interval(runs: pd.DataFrame) -> str:
    """What the title says of intervals: nothing where no setting has the runs for one, and which have where not all do."""
    ended = runs["outcome"].isin(["finished", "stopped"])
    enough = ended.groupby(runs["setting"]).sum() >= LEAST
    if not enough.any():
        return ""
    return ", with its 95 % interval" + ("" if enough.all() else f" where {LEAST} runs or more came to their end")


def _interval(runs: pd.DataFrame, key: str) -> str:
    if key not in runs or runs.empty:
        return numbers.MISSING
    result = interquartile_mean(runs[key])
    return numbers.interval(result.estimate, result.low, result.high)


def _duration(runs: pd.DataFrame) -> str:
    key = "time/train_seconds"
    return numbers.duration(runs[key].median()) if key in runs and not runs.empty else numbers.MISSING
