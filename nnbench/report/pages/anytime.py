"""Page: anytime performance, the loss averaged over the whole of training."""

import numpy as np
import pandas as pd

from nnbench.core import formatting as numbers
from nnbench.report.findings.axis import positions
from nnbench.report.findings.comparison import Comparison
from nnbench.report.findings.errors import NoDataError
from nnbench.report.findings.findings import Findings
from nnbench.report.pages import ReportOptions
from nnbench.report.plots.forest import forest_plot, interval_row
from nnbench.report.plots.page import Page, Section
from nnbench.report.sentences import conclusion as sentences
from nnbench.report.sentences import wording
from nnbench.stats.anytime import mean_over_training

_MANY = 12
_CAPTION = (
    "The {} of each run, averaged from 0 to {}. Above: averaged over the logarithm of the {}, so that every "
    "doubling counts equally; the title refers to this average. Below: averaged over the {}. Mark: interquartile "
    f"mean over seeds; bar: its {numbers.INTERVAL}; small dots: single runs. Hollow: shown to be worse than the first "
    "({}, Holm-corrected), or not ranked. Both a faster start and a lower "
    "final loss reduce this average; the loss curves show which."
)


def draw(section: Section, findings: Findings, options: ReportOptions) -> pd.DataFrame:
    """Draw the page; one row per setting and scale (log, linear), best first.

    Returns:
        `setting`, `scale`, `n`, `estimate`, `low`, `high` (in the unit of the loss), `p`, `behind`.
    """
    measured = findings.study.curves["run_id"].isin(findings.scored["run_id"])
    losses = findings.study.curves.loc[measured, ["run_id", "train_loss", "val_loss"]]
    curves = losses.assign(spent=positions(findings))
    column = "val_loss" if curves["val_loss"].notna().any() else "train_loss"
    if not np.isfinite(curves[column].astype(float)).any():
        raise NoDataError("no completed run has curves")
    until, name = float(curves["spent"].max()), "validation loss" if column == "val_loss" else "training loss"
    on = findings.axis
    found = {log: _weighed(findings, curves, column, until, log) for log in (True, False)}
    phrasing = wording.phrasing(findings, f"mean {name} over training", higher=False)
    page = section.page(
        sentences.headline(found[True].conclusion, phrasing),
        _CAPTION.format(name, on.text(until), on.noun, on.plural, wording.test(findings)) + on.reason,
    )
    for log, one in found.items():
        page.heading(f"Every doubling of the {on.plural} weighted equally" if log else f"Every {on.noun} weighted equally")
        _forest_plot(page, findings, one, f"mean {name} ({findings.loss_unit})")
    parts = [one.ranking.assign(scale="log" if log else "linear") for log, one in found.items()]
    return pd.concat(parts, ignore_index=True)[["setting", "scale", "n", "estimate", "low", "high", "p", "behind"]]


def _weighed(findings: Findings, curves: pd.DataFrame, column: str, until: float, log: bool) -> Comparison:
    # Of seconds, a thousandth of the longest run takes the place of one epoch.
    scale = 1000 / until if findings.axis.unit == "seconds" else 1.0
    spent = curves[["run_id", column]].assign(epoch=scale * curves["spent"])
    means = mean_over_training(spent, column, until=scale * until, log=log)
    runs = findings.scored[["run_id", "setting", "search", "seed"]]
    values = runs.assign(value=runs["run_id"].map(means)).dropna(subset=["value"])
    return findings.compare(values[["setting", "search", "seed", "value"]], higher=False)


def _forest_plot(page: Page, findings: Findings, found: Comparison, axis: str) -> None:
    shown = found.ranking[found.ranking["n"] > 0].head(_MANY)
    rows = [
        interval_row(row, findings.styles, found.values[row["setting"]], hollow=row["behind"] or bool(row["aside"]))
        for row in shown.to_dict("records")
    ]
    forest_plot(page, rows, axis, ("mean", "95 % interval", "runs"))
