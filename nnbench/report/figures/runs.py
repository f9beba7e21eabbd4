"""Every run of the study, so that any figure can be traced to where it came from."""

import pandas as pd

from nnbench.report import findings, numbers, style
from nnbench.report.figures import NotShown, Settings
from nnbench.report.page import Pad
from nnbench.report.table import Cell, Column, table
from nnbench.study import Study

_FINALS = {"test/accuracy": "test\naccuracy", "final/train_accuracy": "training\naccuracy", "final/train_loss": "training\nloss"}


def draw(pad: Pad, study: Study, settings: Settings) -> pd.DataFrame:
    """One row a run: `name`, `seed`, `outcome`, finals, `run_id`."""
    runs = study.runs
    if runs.empty:
        raise NotShown("there is no run")
    finals = {column: head for column, head in _FINALS.items() if findings.known(runs, column)}
    frame = runs[["name", "seed", "outcome", *finals, "run_id"]]
    title = f"The {numbers.count(len(runs), 'run')}"
    page = pad.page(title)
    heads = [
        Column("run", style.WIDTH - 50 - 12 - 18 - 15 * len(finals), "left", style.LEAST),
        Column("seed", 12, size=style.LEAST),
        Column("outcome", 18, "left", style.LEAST),
        *(Column(head, 15, "decimal", style.LEAST) for head in finals.values()),
        Column("run id", 50, "right", style.LEAST, mono=True),
    ]
    rows = [
        [
            name, str(seed), Cell(outcome, colour=style.INK if outcome in ("finished", "stopped") else style.WARNING),
            *(numbers.fixed(value) for value in values), run_id,
        ]
        for name, seed, outcome, *values, run_id in frame.itertuples(index=False)
    ]  # fmt: skip
    table(page, heads, rows, lambda: pad.page(f"{title} (continued)"))
    return frame
