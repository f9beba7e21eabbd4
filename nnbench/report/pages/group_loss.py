"""Page: training loss of the groups of points that the dataset declares, such as those of rare classes."""

import math

import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.records.curves import GROUP_LOSS
from nnbench.report.blocks import Cell, Column
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import METRICS, Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.pages.loss import Logarithmic, ceiling
from nnbench.report.plots import curves, text
from nnbench.report.plots.page import Page, Section
from nnbench.report.plots.style import NOTE, WIDTH
from nnbench.report.sentences.wording import short_name
from nnbench.stats.interquartile import middle_mean

_MOST_GROUPS, _WIDTH = 7, 18.0  # columns of the table, and their width in millimetres
_CAPTION = (
    "Mean training loss on the points of a group, at the evaluated epochs; in the table after the last "
    "epoch, interquartile mean over seeds without diverged runs; below, the curves of the first "
    "and the last group. Not tested. "
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw a table of the final losses of the groups, and the curves of the first and the last group.

    Returns:
        `setting`, `group`, `n` (runs), `loss`: the interquartile mean after the last epoch, the settings in the order of their
        training loss.

    Raises:
        NoDataError: the dataset declares no groups.
    """
    known = findings.study.curves.dropna(axis="columns", how="all")
    columns = [str(column) for column in known if str(column).startswith(GROUP_LOSS)]
    if not columns:
        raise NoDataError("no dataset of the study declares groups of training points")
    finals = _finals(findings, columns)
    first, last = columns[0], columns[-1]
    names = {column: f"Training loss, {_group(column)} ({findings.loss_unit})" for column in dict.fromkeys((first, last))}
    by = METRICS["final/train_loss"]
    bands = curves.bands(findings, names)
    lows = bands["low"].where(bands["low"] > 0).groupby(bands["curve"]).min() / 1.1
    page = section.page(_title(findings, finals, _group(last)), _CAPTION + curves.caption(findings, bands))
    _table(page, findings, finals)
    floor = {name: float(lows[name]) if math.isfinite(lows[name]) else ceiling(bands) / 2 for name in names.values()}
    curves.draw(page, findings, bands, by, Logarithmic(floor, ceiling(bands)))
    return finals


def _table(page: Page, findings: Findings, finals: pd.DataFrame) -> None:
    """Add the table of the final losses."""
    shown = [str(group) for group in finals["group"].unique()][:_MOST_GROUPS]
    wide = finals.pivot(index="setting", columns="group", values="loss")
    heads = [Column("\n".join(text.wrap(group, NOTE, _WIDTH - 2)), _WIDTH, "decimal") for group in shown]
    rows: list[list[Cell | str]] = [
        [
            Cell(setting, line_style=findings.styles[setting]),
            *(numbers.significant(float(str(wide.loc[setting, group])), zeros=True) for group in shown),
        ]
        for setting in map(str, finals["setting"].unique())
    ]
    page.table([Column("setting", WIDTH - _WIDTH * len(shown), "left"), *heads], rows, "Final losses of the groups")


def _group(column: str) -> str:
    return column.removeprefix(GROUP_LOSS)


def _finals(findings: Findings, columns: list[str]) -> pd.DataFrame:
    """Return the interquartile mean of each setting and group at the last evaluated epoch of the completed runs."""
    runs = findings.scored[["run_id", "search", "setting"]]
    ended = findings.study.curves.sort_values("epoch").groupby("run_id")[columns].last().reset_index().merge(runs, on="run_id")
    ranking = [str(setting) for setting in findings.ranking(METRICS["final/train_loss"])["setting"]]
    rows = []
    for setting in ranking:
        of_setting = ended[ended["setting"] == setting]
        for column in columns:
            values = of_setting[column].dropna().to_numpy()
            if len(values):
                rows.append((setting, _group(column), len(values), float(middle_mean(values))))
    if not rows:
        raise NoDataError("no completed run has losses of groups")
    return pd.DataFrame(rows, columns=["setting", "group", "n", "loss"])


def _title(findings: Findings, finals: pd.DataFrame, group: str) -> str:
    known = finals[finals["group"] == group].set_index("setting")["loss"]
    low, high = str(known.idxmin()), str(known.idxmax())
    value = {name: f"{numbers.significant(float(known[name]), 2, zeros=True)} {findings.loss_unit}" for name in (low, high)}
    if len(known) == 1:
        return f"The training loss of {short_name(low)} of the group “{group}” ends at {value[low]}"
    return (
        f"The training loss of the group “{group}” ends between {value[low]} ({short_name(low)}) and {value[high]} "
        f"({short_name(high)})"
    )
