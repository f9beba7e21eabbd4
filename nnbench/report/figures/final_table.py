"""Where each setting ended up on every measure, and how long it took to what was aimed at."""

import numpy as np
import pandas as pd

from nnbench.report import numbers, style, wording
from nnbench.report.figures import NotShown, Settings
from nnbench.report.findings import METRICS, Findings
from nnbench.report.page import Pad, Page
from nnbench.report.style import MUTED, SMALL, WARNING, WIDTH
from nnbench.report.table import Cell, Column, table
from nnbench.stats.interquartile import interquartile_mean

_HEADS = {
    "test/accuracy": "test\naccuracy",
    "final/val_accuracy": "validation\naccuracy",
    "final/train_accuracy": "training\naccuracy",
    "final/val_loss": "validation\nloss",
    "final/train_loss": "training\nloss",
}
_CAPTION = (
    "Interquartile mean over seeds of the runs that came to their end, with its 95 % percentile bootstrap interval. Bold: the "
    "best of a column and all that is not shown to differ from it; no bold where no difference is shown. Losses in nats. "
    "Time: of the training loop, evaluations included."
)
_REACHED = (
    "Median over the runs, counting one that diverged as never; ∞ where half of them or more did not get there within the "
    "epochs in brackets. Below: how many did."
)


def draw(pad: Pad, findings: Findings, settings: Settings) -> pd.DataFrame:
    """One row a setting: its runs; for each measure estimate, bounds and whether it is shown to be worse than the best; its times."""
    if findings.scored.empty:
        raise NotShown("no run came to its end")
    columns = [column for column in _HEADS if findings.known(column)]
    if "test/accuracy" in columns and "final/val_accuracy" in columns:
        columns.remove("final/val_accuracy")
    rankings = {column: findings.ranking(METRICS[column]).set_index("setting") for column in columns}
    result = findings.ranking(findings.primary)[["setting", "optimizer", "runs", "diverged"]]
    for column, ranking in rankings.items():
        part = ranking[["n", "estimate", "low", "high", "behind"]].add_prefix(f"{column} ")
        result = result.join(part, on="setting")
    seconds = findings.scored.groupby("setting")["time/train_seconds"].agg(lambda of: interquartile_mean(of).estimate)
    result["train_seconds"] = result["setting"].map(seconds)
    title = wording.headline(findings, findings.primary)

    def further() -> Page:
        return pad.page(f"{title} (continued)", _CAPTION)

    page = _finals(pad.page(title, _CAPTION), findings, result, columns, further)
    reached = [_reached(findings, target) for target in settings.targets]
    for part in reached:
        result = result.join(part, on="setting")
    if reached:
        _times(page, findings, result, settings.targets, further)
    return result


def _finals(page: Page, findings: Findings, result: pd.DataFrame, columns: list[str], further: object) -> Page:
    bold = {column: result[f"{column} behind"].any() for column in columns}
    rows = []
    for row in result.to_dict("records"):
        cells = [Cell(row["setting"], look=findings.looks[row["setting"]])]
        cells.append(Cell(str(row["runs"] - row["diverged"]) if False else str(row["runs"])))
        rows.append(cells)
    return page
