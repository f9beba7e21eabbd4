"""What the figures rest on: the code, the machine, the command, and every setting, the same for all or varied."""

import pandas as pd

from nnbench.report import findings, numbers, style, text
from nnbench.report.figures import NotShown, Settings
from nnbench.report.page import Pad, Page, line_height
from nnbench.report.style import LEAST, LEFT, MUTED, SMALL
from nnbench.study import Study

_MADE_BY = ("commit", "dirty", "version", "python", "numpy", "blas", "cpu", "threads")


def draw(pad: Pad, study: Study, settings: Settings) -> pd.DataFrame:
    """`kind` (provenance, common, varied, command), `key`, `value`: several values are joined by semicolons."""
    runs = study.runs
    if runs.empty:
        raise NotShown("there is no run")
    table = _table(study)
    mixed = runs["commit"].dropna().nunique() > 1 if "commit" in runs else False
    dirty = bool((runs["dirty"].astype(str).str.lower() == "true").any()) if "dirty" in runs else False
    if mixed:
        title = f"The runs come from {runs['commit'].nunique()} versions of the code: compare them with care"
    elif dirty:
        title = "The code had changes that were not committed: the runs cannot be repeated from the commit alone"
    else:
        title = "All runs come from one version of the code"
    page = pad.page(title)
    _block(page, "Code and machine", table[table["kind"] == "provenance"])
    page.heading("Command")
    for command in table.loc[table["kind"] == "command", "value"]:
        page.paragraph(command, size=LEAST + 0.5, mono=True, after=1)
    page.y += 4
    _block(page, "What varies between runs", table[table["kind"] == "varied"])
    _block(page, "The same for all runs", table[table["kind"] == "common"], columns=2)
    return table


def _table(study: Study) -> pd.DataFrame:
    runs = study.runs
    rows = []
    for key in _MADE_BY:
        if key in runs:
            rows.append(("provenance", key, "; ".join(_distinct(runs[key]))))
    for key in runs.columns:
        if "." in key and not key.startswith(("epochs_to", "tracking.", "report.")):
            values = _distinct(runs[key])
            if values:
                rows.append(("common" if len(values) == 1 else "varied", key, "; ".join(values)))
    rows.append(("varied", "seed", "; ".join(_distinct(runs["seed"]))))
    rows += [("command", str(number), command) for number, command in enumerate(study.sweeps["command"].dropna(), 1)]
    return pd.DataFrame(rows, columns=["kind", "key", "value"])


def _distinct(values: pd.Series) -> list[str]:
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in values.dropna().drop_duplicates()]


def _block(page: Page, heading: str, rows: pd.DataFrame, columns: int = 1) -> None:
    if rows.empty:
        return
    page.heading(heading)
    width = style.WIDTH / columns
    start, per_column, lowest = page.y, -(-len(rows) // columns), page.y
    for column in range(columns):
        page.y, x = start, LEFT + column * width
        for key, value in rows.iloc[column * per_column : (column + 1) * per_column][["key", "value"]].itertuples(index=False):
            page.write(x, page.y, key, size=SMALL, colour=MUTED)
            page.paragraph(value, size=SMALL, x=x + 42, room=width - 44, after=0.2)
        lowest = max(lowest, page.y)
    page.y = lowest + 4
