"""How the accuracy rises from the chance line, and how long each setting takes to what was aimed at."""

import pandas as pd
from matplotlib.axes import Axes

from nnbench.report import curves, findings, numbers, style
from nnbench.report.figures import NotShown, Settings
from nnbench.report.page import Pad
from nnbench.report.table import Cell, Column
from nnbench.report.table import table as set_table
from nnbench.study import Study


def draw(pad: Pad, study: Study, settings: Settings) -> pd.DataFrame:
    """The quartiles of `curves.bands`, for training and validation accuracy."""
    table = curves.bands(study, ["train_accuracy", "val_accuracy"])
    if table.empty:
        raise NotShown("no run came to its end")
    held_out = (table["curve"] == "val_accuracy").any()
    by = findings.metric("final/val_accuracy" if held_out else "final/train_accuracy")
    ranking = findings.ranking(study, by)
    title = findings.headline(study, by, ranking)
    page = pad.page(title, curves.caption(study, table, "accuracy"))
    chance = 1 / classes if (classes := study.runs.get("dataset.classes", pd.Series(dtype=float)).max()) > 0 else 0.0

    def limits(axes: Axes) -> None:
        axes.set_ylim(min(chance, table["low"].min()), 1)
        axes.axhline(chance, color=style.MUTED, linewidth=0.6)

    curves.draw(page, study, table, list(ranking["setting"]), "accuracy", limits)
    return table
